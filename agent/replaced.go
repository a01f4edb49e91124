package agent

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/tflite/xnnpack"
	"github.com/edgexray/edgexray/trace"
)

// replaced is the nodes that a delegate node stands for. They run no more, but the interpreter still has them.
type replaced struct {
	xnnpack.Graph
	process *process
	names   []string           // of the nodes' ops
	raw     []tflite.RawTensor // of the subgraph
	resized bool               // since a delegate took the nodes: what is between them keeps the shapes that it had before
}

// maxTensors bounds how many tensors of a subgraph are read.
const maxTensors = 1 << 16

// readReplaced reads the nodes that a delegate node replaced, and the tensors of its subgraph, from the living process.
func (p *process) readReplaced(delegate *node) (*replaced, error) {
	context := delegate.subgraph.described.Context
	live, ok := probes.ReadSubgraph(p.memory, context)
	if !ok {
		return nil, fmt.Errorf("no subgraph at %#x of process %d (is it gone?)", context, p.PID)
	}
	r := &replaced{process: p}
	for _, index := range delegate.pieces.replaced {
		if int64(index) >= int64(len(live.Nodes)) {
			return nil, fmt.Errorf("node %d that it replaced isn't among the %d of its subgraph", index, len(live.Nodes))
		}
		n := live.Nodes[index]
		custom := ""
		if n.CustomName != 0 {
			custom, _ = p.readString(n.CustomName, 256)
		}
		r.names = append(r.names, tflite.OpName(n.BuiltinCode, custom))
		r.Nodes = append(r.Nodes, p.readNode(n, int32(index)))
	}
	// Delegate nodes run, but what they replaced does so no more.
	if _, planned := p.plan(live); planned != nil {
		for i, n := range live.Nodes {
			if xnnpack.Prepares(n.BuiltinCode) && !planned[i] && !slices.Contains(delegate.pieces.replaced, uint32(i)) {
				r.Elsewhere = append(r.Elsewhere, p.readNode(n, int32(i)))
			}
		}
	}
	raw, _ := tflite.DecodeNode(delegate.pieces.raw.Raw[:])
	r.Inputs, r.Outputs = p.ints(raw.Inputs), p.ints(raw.Outputs)
	r.resized = delegate.subgraph.wasResized(delegate)
	return r, r.readTensors(context)
}

// wasResized tells whether a delegate node's inputs have other shapes than when it was seen first.
func (g *subgraph) wasResized(delegate *node) bool {
	var shapes [][]int32
	for _, t := range delegate.pieces.tensors[bpf.ListInputs] {
		shapes = append(shapes, t.Shape)
	}
	first, seen := g.taken[delegate.index]
	if !seen {
		g.taken[delegate.index] = shapes
		return false
	}
	return !slices.EqualFunc(first, shapes, slices.Equal[[]int32])
}

func (p *process) readNode(n probes.LiveNode, index int32) xnnpack.Node {
	return xnnpack.Node{Index: index, Code: n.BuiltinCode, Inputs: p.ints(n.RawNode.Inputs), Outputs: p.ints(n.RawNode.Outputs)}
}

func (r *replaced) readTensors(context uint64) error {
	var prefix [tflite.ContextPrefix]byte
	if err := r.process.read(context, prefix[:]); err != nil {
		return err
	}
	c, _ := tflite.DecodeContext(prefix[:])
	memory := make([]byte, min(c.TensorsSize, maxTensors)*tflite.TensorSize)
	if err := r.process.read(c.Tensors, memory); err != nil {
		return err
	}
	for ; len(memory) > 0; memory = memory[tflite.TensorSize:] {
		raw, _ := tflite.DecodeTensor(memory)
		r.raw = append(r.raw, raw)
		r.Tensors = append(r.Tensors, xnnpack.Tensor{Data: raw.Data, Constant: raw.Allocation == tflite.MmapRo})
	}
	return nil
}

// describe says what the trace is to know of an operator that stands for nodes.
func (r *replaced) describe(m xnnpack.Mapping) *standsFor {
	first := r.Nodes[m.Nodes[0]]
	s := &standsFor{
		code: first.Code, index: first.Index, mapping: string(m.Confidence),
		inputs: r.tensors(first.Inputs), outputs: r.tensors(first.Outputs),
	}
	for _, at := range m.Nodes {
		s.nodes, s.ops = append(s.nodes, r.Nodes[at].Index), append(s.ops, r.names[at])
	}
	return s
}

func (r *replaced) tensors(indices []int32) []*trace.Tensor {
	list := make([]*trace.Tensor, len(indices))
	for i, index := range indices {
		if index < 0 || int(index) >= len(r.raw) {
			list[i] = &trace.Tensor{Index: -1}
			continue
		}
		t := r.process.completeTensor(index, r.raw[index])
		if r.resized && !r.Tensors[index].Constant && !slices.Contains(r.Inputs, index) && !slices.Contains(r.Outputs, index) {
			t.Shape, t.Bytes = nil, 0 // not known
		}
		list[i] = t
	}
	return list
}
