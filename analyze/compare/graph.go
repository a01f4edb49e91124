package compare

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// graph is a model as a snapshot has it: all interpreters whose subgraphs have the same nodes.
type graph struct {
	file      *snapshot.File
	name      string // the model file's, or else the process's
	sha256    string // of the model file; empty when it isn't known
	subgraphs []*subgraph
}

// subgraph is a subgraph of a graph.
type subgraph struct {
	index   int32
	nodes   []*node // in the order in which they first ran; those that were never captured last
	values  map[int32]*value
	invokes []*invoke // in the order of the file
}

// node is an op of a graph.
type node struct {
	subgraph *subgraph
	*trace.Node
	order   int      // of its first capture in the file
	inputs  []*value // nil for those without a value: constants, and what is absent
	outputs []*value
}

// value is a tensor that an op makes, or that the app puts in.
type value struct {
	*trace.Tensor       // as last described
	subgraph      int32 // index
	from          *node // nil for an input of the subgraph
	slot          int   // among the node's outputs, or the subgraph's inputs
	to            []*node
}

// invoke is one run of a subgraph.
type invoke struct {
	number   uint64 // as recorded
	around   uint64 // that of the subgraph around
	captures []int  // indices in the file, in its order
	outputs  map[int32]int
	inputs   []int // of captures that are inputs
}

// graphs returns the models in a snapshot, in the order of their first capture.
func graphs(f *snapshot.File) []*graph {
	r := &reader{file: f, subgraphs: make(map[uint32]*subgraph), graphs: make(map[string]*graph)}
	type key struct{ process, interpreter uint32 }
	interpreters := make(map[key][]*trace.Subgraph)
	var order []key
	for _, id := range slices.Sorted(maps.Keys(f.Subgraphs)) {
		s := f.Subgraphs[id]
		of := key{s.Process, s.Interpreter}
		if s.Interpreter == 0 {
			of.interpreter = ^id // not known: one of its own
		}
		if interpreters[of] == nil {
			order = append(order, of)
		}
		interpreters[of] = append(interpreters[of], s)
	}
	nodes := r.latestNodes()
	for _, of := range order {
		r.addInterpreter(interpreters[of], nodes)
	}
	r.addCaptures()
	var ran []*graph
	for _, g := range r.list {
		if g.finish() {
			ran = append(ran, g)
		}
	}
	return ran
}

// reader makes graphs of a snapshot.
type reader struct {
	file      *snapshot.File
	subgraphs map[uint32]*subgraph // by id in the file
	graphs    map[string]*graph    // by signature
	list      []*graph
}

// latestNodes returns of each subgraph its nodes as they were described last, in the order of their indices.
func (r *reader) latestNodes() map[uint32][]*trace.Node {
	type key struct {
		subgraph uint32
		index    int32
	}
	latest := make(map[key]*trace.Node)
	for _, id := range slices.Sorted(maps.Keys(r.file.Nodes)) {
		if n := r.file.Nodes[id]; n.Operator == nil {
			latest[key{n.Subgraph, n.Index}] = n
		}
	}
	nodes := make(map[uint32][]*trace.Node)
	for k, n := range latest {
		nodes[k.subgraph] = append(nodes[k.subgraph], n)
	}
	for _, list := range nodes {
		slices.SortFunc(list, func(a, b *trace.Node) int { return cmp.Compare(a.Index, b.Index) })
	}
	return nodes
}

func (r *reader) addInterpreter(subgraphs []*trace.Subgraph, nodes map[uint32][]*trace.Node) {
	slices.SortFunc(subgraphs, func(a, b *trace.Subgraph) int { return cmp.Compare(a.Index, b.Index) })
	model := r.model(subgraphs)
	var signature strings.Builder
	signature.WriteString(model.GetSha256()) // other weights make another model
	for _, s := range subgraphs {
		fmt.Fprintf(&signature, "/%d %v", s.Index, s.Inputs)
		for _, n := range nodes[s.Id] {
			fmt.Fprintf(&signature, ";%d %s", n.Index, n.Op)
			for _, t := range n.Outputs {
				fmt.Fprintf(&signature, " %d %q", t.GetIndex(), t.GetName())
			}
		}
	}
	g := r.graphs[signature.String()]
	if g == nil {
		name := r.file.Processes[subgraphs[0].Process].GetName()
		if model.GetPath() != "" {
			name = path.Base(model.Path)
		}
		g = &graph{file: r.file, name: cmp.Or(name, "unknown model"), sha256: model.GetSha256()}
		for _, s := range subgraphs {
			g.subgraphs = append(g.subgraphs, newSubgraph(s, nodes[s.Id]))
		}
		r.graphs[signature.String()] = g
		r.list = append(r.list, g)
	}
	for i, s := range subgraphs {
		r.subgraphs[s.Id] = g.subgraphs[i]
	}
}

// model returns the model file that was found behind an interpreter, nil for none.
func (r *reader) model(subgraphs []*trace.Subgraph) *trace.Model {
	for _, s := range subgraphs {
		if m := r.file.Models[s.Model]; m != nil {
			return m
		}
	}
	return nil
}

func newSubgraph(s *trace.Subgraph, nodes []*trace.Node) *subgraph {
	sub := &subgraph{index: s.Index, values: make(map[int32]*value)}
	for i, index := range s.Inputs {
		if index < 0 {
			continue // none uses it
		}
		sub.values[index] = &value{Tensor: &trace.Tensor{Index: index}, subgraph: s.Index, slot: i}
	}
	for _, desc := range nodes {
		n := &node{subgraph: sub, Node: desc, order: -1}
		for i, t := range desc.Outputs {
			if t.GetIndex() < 0 {
				continue // the same
			}
			v := &value{Tensor: t, subgraph: s.Index, from: n, slot: i}
			n.outputs = append(n.outputs, v)
			sub.values[t.GetIndex()] = v
		}
		sub.nodes = append(sub.nodes, n)
	}
	for _, n := range sub.nodes {
		for _, t := range n.Inputs {
			v := sub.values[t.GetIndex()]
			if v != nil && v.from == nil {
				v.Tensor = t
			}
			if v != nil {
				v.to = append(v.to, n)
			}
			n.inputs = append(n.inputs, v)
		}
	}
	return sub
}

// addCaptures sorts captures into invokes.
func (r *reader) addCaptures() {
	type key struct {
		subgraph uint32
		number   uint64
	}
	invokes := make(map[key]*invoke)
	nodes := make(map[*subgraph]map[int32]*node)
	for i, c := range r.file.Captures {
		desc := r.file.Nodes[c.Node]
		s := r.subgraphs[desc.GetSubgraph()]
		if s == nil {
			continue
		}
		k := key{desc.Subgraph, c.Invoke}
		run := invokes[k]
		if run == nil {
			run = &invoke{number: c.Invoke, around: c.Around, outputs: make(map[int32]int)}
			invokes[k] = run
			s.invokes = append(s.invokes, run)
		}
		run.captures = append(run.captures, i)
		switch c.Role {
		case snapshot.Role_INPUT:
			run.inputs = append(run.inputs, i)
			if s.values[c.Tensor] == nil {
				s.values[c.Tensor] = &value{Tensor: r.file.Tensor(c.Capture), subgraph: s.index, slot: len(run.inputs) - 1}
			}
		case snapshot.Role_OUTPUT:
			run.outputs[c.Tensor] = i
			if nodes[s] == nil {
				nodes[s] = make(map[int32]*node)
				for _, n := range s.nodes {
					nodes[s][n.Index] = n
				}
			}
			if n := nodes[s][desc.Index]; n != nil && n.order < 0 {
				n.order = i
			}
		}
	}
}

// within returns the delegate node that a node ran within, nil for none.
func (n *node) within() *node {
	for _, other := range n.subgraph.nodes {
		if n.order < 0 && slices.Contains(other.Replaced, uint32(n.Index)) {
			return other
		}
	}
	return nil
}

// finish orders nodes as they ran, and tells whether any did.
func (g *graph) finish() bool {
	ran := false
	for _, s := range g.subgraphs {
		slices.SortStableFunc(s.nodes, func(a, b *node) int { return cmp.Compare(uint(a.order), uint(b.order)) })
		ran = ran || len(s.invokes) > 0
	}
	return ran
}

func (g *graph) values() []*value {
	var values []*value
	for _, s := range g.subgraphs {
		for _, index := range slices.Sorted(maps.Keys(s.values)) {
			values = append(values, s.values[index])
		}
	}
	return values
}

func (v *value) elements() uint64 {
	n, _ := snapshot.Elements(v.GetShape())
	return n
}

// captured returns what was captured of an output in an invoke, nil when nothing was.
func (g *graph) captured(run *invoke, tensor int32) *snapshot.Captured {
	if i, ok := run.outputs[tensor]; ok {
		return &g.file.Captures[i]
	}
	return nil
}
