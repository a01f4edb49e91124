// Package xnnpack tells for which nodes of a TFLite model the operators stand that XNNPACK runs within a delegate node.
//
// XNNPACK knows nothing of TFLite's nodes. What ties the two together are values: the delegate made one of each tensor of the
// nodes it replaced. When it is known which tensor each value is, then the nodes between an operator's inputs and its outputs
// are those whose work it does.
//
// Memory may hold anything: no function here panics or allocates more than a bound.
package xnnpack

import "slices"

// Mapping is what is known of an operator.
type Mapping struct {
	Nodes      []int // places in Graph.Nodes of the nodes whose work it does, the one that it is named after first
	Confidence Confidence
}

// Confidence is how sure a mapping is.
type Confidence string

const (
	Exact    Confidence = "exact"    // one node
	Fused    Confidence = "fused"    // several nodes, as sure
	Inferred Confidence = "inferred" // fits, but too many others of the delegate node fit no nodes; or there is no other node
	Unknown  Confidence = "unknown"
)

// Map maps the operators of a delegate node, in their order. What they do for its only node they do under any layout.
func (s Sample) Map(l Layout) []Mapping {
	g := newGraph(s.Graph)
	mappings := s.told(g, l)
	if mappings == nil {
		mappings = s.mapToOnly(g)
	}
	return s.Runtime.perOperator(mappings)
}

// told maps the slots by what they read and write; nil when that tells of less than half of them.
func (s Sample) told(g *graph, l Layout) []Mapping {
	r := s.Runtime
	var best [][]Mapping // by ways to tell which tensor each value is
	most := 1
	for _, values := range r.tensorsOf(g, l.Values) {
		mappings, n := s.mapSlots(g, l.Slots, values)
		if n > most {
			best, most = nil, n
		}
		if n == most {
			best = append(best, mappings)
		}
	}
	mappings := settle(best)
	if 2*known(mappings) < len(r.slots) {
		return nil // what fits then does so by chance
	}
	if 10*known(mappings) < 9*len(r.slots) {
		for i, m := range mappings {
			if m.Confidence != Unknown {
				mappings[i].Confidence = Inferred
			}
		}
	}
	return mappings
}

// mapToOnly maps all slots to the only node that the delegate didn't do away with when it was prepared; nil when there are more,
// or names say that it isn't so.
func (s Sample) mapToOnly(g *graph) []Mapping {
	only := -1
	for at := range g.Nodes {
		switch {
		case g.static[at]:
		case only >= 0:
			return nil
		default:
			only = at
		}
	}
	if only < 0 {
		return nil
	}
	for _, name := range s.Names {
		if !g.canBe(name, []int{only}, len(s.Names) == 1) {
			return nil
		}
	}
	return slices.Repeat([]Mapping{{[]int{only}, Inferred}}, len(s.Runtime.slots))
}

// perOperator repeats what is known of slots for each of their operators.
func (r *Runtime) perOperator(slots []Mapping) []Mapping {
	var all []Mapping
	for i, s := range r.slots {
		m := Mapping{Confidence: Unknown}
		if slots != nil {
			m = slots[i]
		}
		for range s.operators {
			all = append(all, m)
		}
	}
	return all
}

// mapSlots maps slots by what their values are, and returns how many it could.
func (s Sample) mapSlots(g *graph, l SlotLayout, values []int32) (mappings []Mapping, mapped int) {
	r := s.Runtime
	mappings = make([]Mapping, len(r.slots))
	for i := range mappings {
		mappings[i].Confidence = Unknown
	}
	first := make([]int, len(r.slots)) // operators by slot
	for i := 1; i < len(r.slots); i++ {
		first[i] = first[i-1] + r.slots[i-1].operators
	}
	for _, step := range r.steps(l, values) {
		if step.unknown {
			continue
		}
		nodes, ok := g.slice(step)
		if !ok {
			continue
		}
		g.nameFirst(nodes)
		m := Mapping{nodes, Exact}
		if len(nodes) > 1 {
			m.Confidence = Fused
		}
		if slices.ContainsFunc(step.slots, func(i int) bool {
			return first[i] < len(s.Names) && !g.canBe(s.Names[first[i]], nodes, len(step.slots) == 1)
		}) {
			continue
		}
		for _, i := range step.slots {
			mappings[i] = m
			mapped++
		}
	}
	return mappings, mapped
}

// steps joins slots that hand each other values of their own.
func (r *Runtime) steps(l SlotLayout, values []int32) []step {
	leader := make([]int, len(r.slots))
	writer := make(map[uint32]int)
	for i := range leader {
		leader[i] = i
	}
	find := func(i int) int {
		for leader[i] != i {
			i = leader[i]
		}
		return i
	}
	steps := make([]step, len(r.slots))
	ins, outs := make([][]uint32, len(r.slots)), make([][]uint32, len(r.slots))
	for i, s := range r.slots {
		var ok1, ok2 bool
		ins[i], ok1 = l.inputs(s, r.count)
		outs[i], ok2 = l.outputs(s, r.count)
		if !ok1 || !ok2 {
			steps[i].unknown = true
			continue
		}
		for _, id := range ins[i] {
			if w, ok := writer[id]; ok && values[id] == none {
				leader[find(i)] = find(w)
			}
		}
		for _, id := range outs[i] {
			writer[id] = i
		}
	}
	for i := range r.slots {
		s := &steps[find(i)]
		s.slots = append(s.slots, i)
		s.unknown = s.unknown || steps[i].unknown
		for k, id := range ins[i] {
			t := values[id]
			switch {
			case t == none:
			case !l.Counted && k > 0:
				s.optional = append(s.optional, t)
			default:
				s.inputs = append(s.inputs, t)
			}
		}
		for _, id := range outs[i] {
			if t := values[id]; t != none {
				s.outputs = append(s.outputs, t)
			}
		}
	}
	var list []step
	for i := range steps {
		if find(i) == i {
			if len(steps[i].outputs) == 0 {
				steps[i].unknown = true
			}
			list = append(list, steps[i])
		}
	}
	return list
}
