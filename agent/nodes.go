package agent

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// subgraph is one TfLiteContext of one interpreter.
type subgraph struct {
	described   *trace.Subgraph
	process     *process
	interpreter *interpreter
	begin, end  uint64 // its vector of nodes
	stride      int    // of that vector, 0 when not certain yet
	head        []byte // the vector's first bytes
	nodes       map[uint64]*node
	known       map[string]*trace.Node // descriptions written to the trace, by their content
	superseded  *subgraph              // what took its place at the same address
	runs        bool
	first       *node // of an invoke
	settled     int   // descriptions made
	matched     int   // how many of them were known when a model was last looked for
}

// node is one description of a node that BPF sent, first in pieces, then, once settled, as the trace has it.
type node struct {
	id       uint32 // in the trace; 0 until settled
	bpfID    uint64
	subgraph *subgraph
	last     uint64 // end of its last op, ns

	raw       *bpf.NodeRecord // nil once settled
	inputs    []*trace.Tensor
	outputs   []*trace.Tensor
	replaced  []uint32
	missing   bool // a piece was lost or unreadable
	described *trace.Node
}

func (s *Session) addSubgraph(r *bpf.SubgraphRecord) {
	p := s.processWithID(r.Process, int(r.Tgid), cString(r.Comm[:]))
	g := s.subgraphs[r.Subgraph]
	if g == nil {
		s.nextID.subgraph++
		g = &subgraph{
			process:   p,
			nodes:     make(map[uint64]*node),
			known:     make(map[string]*trace.Node),
			described: &trace.Subgraph{Id: s.nextID.subgraph, Process: p.described.Id, Context: r.Context},
		}
		g.interpreter = s.interpreterOf(p, r)
		if before := p.contexts[r.Context]; before != nil {
			s.supersede(before, g)
		}
		p.contexts[r.Context] = g
		s.subgraphs[r.Subgraph] = g
	}
	g.begin, g.end = r.NodesBegin, r.NodesEnd
	g.head = slices.Clone(r.Head[:])
	g.stride, _ = tflite.Stride(g.begin, g.end, nil, g.head)
	g.described.Interpreter = g.interpreter.id
	g.described.Index = r.Index
	if context, ok := tflite.DecodeContext(r.Raw[tflite.ContextInSubgraph:]); ok {
		g.described.Tensors = uint32(context.TensorsSize)
	}
	if g.stride != 0 {
		g.described.Nodes = uint32((g.end - g.begin) / uint64(g.stride))
	}
	s.describe(proto.CloneOf(g.described))
	s.reachNodes(g)
}

// interpreterOf returns the interpreter of a subgraph that was not seen before. Its subgraphs share the address of the
// vector that holds them. A context that the interpreter at this address has already means that it is another one.
func (s *Session) interpreterOf(p *process, r *bpf.SubgraphRecord) *interpreter {
	i := p.interpreters[r.Interpreter]
	if i == nil || r.Interpreter == 0 || i.contexts[r.Context] {
		s.nextID.interpreter++
		i = &interpreter{id: s.nextID.interpreter, contexts: make(map[uint64]bool)}
		p.interpreters[r.Interpreter] = i
	}
	i.contexts[r.Context] = true
	return i
}

// supersede gives a context's address to a new subgraph. What is kept of the old one is only what late records need.
func (s *Session) supersede(old, by *subgraph) {
	old.superseded = by
	for id, g := range s.subgraphs {
		if g == old {
			delete(s.subgraphs, id)
		}
	}
	old.known = nil
}

func (s *Session) addNode(r *bpf.NodeRecord) {
	g := s.subgraphs[r.Subgraph]
	if g == nil {
		s.note("describe", "a node's subgraph was not described: its ops can't be attributed")
		return
	}
	if before := g.nodes[r.Address]; before != nil {
		delete(s.nodes, before.bpfID)
	}
	raw := *r
	n := &node{subgraph: g, raw: &raw, bpfID: r.Node}
	n.inputs = make([]*trace.Tensor, max(r.Inputs, 0))
	n.outputs = make([]*trace.Tensor, max(r.Outputs, 0))
	n.missing = r.Inputs < 0 || r.Outputs < 0 || r.RawBytes == 0
	g.nodes[r.Address] = n
	s.nodes[r.Node] = n
}

func (s *Session) addTensor(r *bpf.TensorRecord) {
	n := s.nodes[r.Node]
	if n == nil || n.raw == nil {
		return
	}
	list := n.inputs
	if r.List == bpf.ListOutputs {
		list = n.outputs
	}
	if int(r.Slot) >= len(list) {
		return
	}
	t := n.subgraph.tensor(r)
	list[r.Slot] = t
}

func (s *Session) addReplaced(r *bpf.IndicesRecord) {
	n := s.nodes[r.Node]
	if n == nil || n.raw == nil {
		return
	}
	for _, index := range r.Values[:min(r.Count, uint32(len(r.Values)))] {
		n.replaced = append(n.replaced, uint32(index))
	}
}

// settle turns the pieces of a description into one, with the kernel and the op's name, and writes it to the trace
// unless it says nothing new. A node of an interpreter that is gone belongs to the one at its place now.
func (s *Session) settle(n *node) {
	for n.subgraph.superseded != nil {
		n.subgraph = n.subgraph.superseded
		n.id = 0
	}
	if n.id != 0 {
		return
	}
	if n.described == nil {
		n.described = s.assemble(n)
		n.raw = nil
	}
	n.described.Subgraph = n.subgraph.described.Id
	n.described.Id = 0
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(n.described)
	if err == nil {
		if same := n.subgraph.known[string(content)]; same != nil {
			n.id, n.described = same.Id, same
			return
		}
	}
	s.nextID.node++
	n.described = proto.CloneOf(n.described)
	n.described.Id = s.nextID.node
	n.id = n.described.Id
	n.subgraph.known[string(content)] = n.described
	n.subgraph.settled++
	s.describe(n.described)
}

// assemble makes the trace's description of a node from what BPF sent.
func (s *Session) assemble(n *node) *trace.Node {
	r := n.raw
	g := n.subgraph
	d := &trace.Node{Index: g.index(r.Address), OpCode: -1, Replaced: n.replaced}
	raw, _ := tflite.DecodeNode(r.Raw[:])
	k := s.kernelOf(n)
	invoke := uint64(0)
	if r.Run != 0 && k != nil {
		d.Kernel = s.announce(k)
		invoke = r.Ip - uint64(k.found.Site.Offset)
	}
	registration, _, ok := tflite.FindRegistration(r.Raw[:r.RawBytes], invoke)
	if ok {
		d.OpCode, d.Version = int32(registration.BuiltinCode), registration.Version
		if k == nil {
			if k = s.libraries.byAddress(g.process, registration.Invoke); k != nil {
				d.Kernel = s.announce(k)
			}
		}
		s.learn(k, registration.BuiltinCode)
	} else if k != nil && len(k.found.Ops) == 1 {
		d.OpCode, d.OpGuessed = int32(k.found.Ops[0]), true
	}
	name := cString(r.CustomName[:])
	if name == "" && ok && registration.CustomName != 0 {
		name, _ = g.process.readString(registration.CustomName, 256)
	}
	switch {
	case raw.Delegate != 0:
		d.Delegate = name
		if name == "" {
			d.Delegate = "delegate"
		}
		d.Op = d.Delegate
	case d.OpCode == -1:
		d.Op = "unknown"
		if k != nil {
			d.Op = k.found.Label()
		}
	default:
		d.Custom = registration.BuiltinCode == tflite.OpCustom
		d.Op = tflite.OpName(tflite.OpCode(d.OpCode), name)
	}
	d.Inputs = s.fill(n, raw.Inputs, n.inputs)
	d.Outputs = s.fill(n, raw.Outputs, n.outputs)
	d.Incomplete = n.missing || int(max(r.Replaced, 0)) != len(n.replaced)
	return d
}

// kernelOf returns the kernel whose probe described a node, nil for a node that was only prepared.
func (s *Session) kernelOf(n *node) *kernel {
	if n.raw.Run == 0 {
		return nil
	}
	if k := s.libraries.byCookie(n.raw.Site); k != nil {
		return k
	}
	return s.libraries.byAddress(n.subgraph.process, n.raw.Ip)
}

// announce writes a kernel to the trace before its first use, and returns its id.
func (s *Session) announce(k *kernel) uint32 {
	if !k.announced {
		k.announced = true
		s.describe(k.described)
	}
	return k.described.Id
}

// learn remembers which op a kernel was seen to run.
func (s *Session) learn(k *kernel, code tflite.OpCode) {
	if k != nil && k.found.Learn(code) {
		k.library.learned = true
	}
}

// index returns a node's place in its subgraph, -1 when the size of the vector's elements is not certain.
func (g *subgraph) index(address uint64) int32 {
	if g.stride == 0 {
		seen := make([]uint64, 0, len(g.nodes))
		for a := range g.nodes {
			seen = append(seen, a)
		}
		g.stride, _ = tflite.Stride(g.begin, g.end, seen, g.head)
	}
	if g.stride == 0 || address < g.begin || address >= g.end {
		return -1
	}
	return int32((address - g.begin) / uint64(g.stride))
}

// label names a node for a person.
func (n *node) label() string {
	return fmt.Sprintf("%s (node %d of subgraph %d)", n.described.Op, n.described.Index, max(n.subgraph.described.Index, 0))
}
