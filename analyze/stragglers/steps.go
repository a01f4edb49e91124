package stragglers

import (
	"cmp"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// unit is what was timed as one: an op, the operators of a delegate that share a node's work, or a delegate node of which nothing more is
// known.
type unit struct {
	places   []Place
	subjects []*subject // none of a delegate node
	ns       float64    // per invoke
	op       string
	types    string
}

// step is one node of the model, in the order of nodes, and the unit that does it.
type step struct {
	unit  *unit
	op    string
	name  string // of its first output, without what converters add
	shape []int32
}

// nodeOf identifies a node of a model.
type nodeOf struct{ subgraph, node int32 }

// steps returns the nodes of a model, each with what did its work.
func steps(m *analyze.Model, all []*subject) []step {
	units := make(map[nodeOf]*unit) // of the node that it stands for
	var list []step
	places := make(map[nodeOf]bool)
	add := func(u *unit, subgraph, node int32, op string, outputs []analyze.Tensor) {
		at := nodeOf{subgraph, node}
		if places[at] && node >= 0 {
			return
		}
		places[at] = true
		t := first(outputs)
		list = append(list, step{unit: u, op: op, name: normalName(t.Name), shape: t.Shape})
	}
	type ordered struct {
		subgraph, node int32
		do             func()
	}
	var order []ordered
	invokes := float64(max(m.Invokes, 1))
	for _, s := range all {
		if s.model != m {
			continue
		}
		at := nodeOf{s.Subgraph, s.Node}
		u := units[at]
		if u == nil || s.Node < 0 {
			u = &unit{op: s.FusedOp(), types: typesOf(s.Op)}
			units[at] = u
		}
		u.places = append(u.places, s.place())
		u.subjects = append(u.subjects, s)
		u.ns += s.ns * float64(s.Count) / invokes
		if s.Mapping == "" || len(s.Parts) == 0 {
			order = append(order, ordered{s.Subgraph, s.Node, func() { add(u, s.Subgraph, s.Node, s.Op.Op, s.Outputs) }})
		}
		for _, p := range s.Parts {
			order = append(order, ordered{s.Subgraph, p.Node, func() { add(u, s.Subgraph, p.Node, p.Op, p.Outputs) }})
		}
	}
	for _, op := range m.Ops {
		if op.Delegate == "" || op.Mapping != "" || len(op.Operators) > 0 {
			continue
		}
		place := Place{Model: m.Name, PID: m.PID, Subgraph: op.Subgraph, Node: op.Node, Op: op.Op, Kernel: op.RunBy(), DelegateNode: -1, OperatorIndex: -1}
		u := &unit{places: []Place{place}, ns: float64(op.Wall.Quantile(0.5)) * float64(op.Count) / invokes, op: op.Op}
		for _, p := range op.Parts {
			order = append(order, ordered{op.Subgraph, p.Node, func() { add(u, op.Subgraph, p.Node, p.Op, p.Outputs) }})
		}
	}
	slices.SortStableFunc(order, func(a, b ordered) int {
		return cmp.Or(cmp.Compare(a.subgraph, b.subgraph), cmp.Compare(a.node, b.node))
	})
	for _, o := range order {
		o.do()
	}
	return list
}

// normalName leaves out what converters add to a tensor's name: what was fused in after ";", suffixes of quantization.
func normalName(name string) string {
	name, _, _ = strings.Cut(name, ";")
	for _, suffix := range []string{"_int8", "_quantized", "_requantized", "/quantized", "_dequantize", ":0"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}
