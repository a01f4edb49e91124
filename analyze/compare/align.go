package compare

import "slices"

// How a tensor of the edge and one of the reference were found to be the same.
const (
	byName      = "name"
	byStructure = "structure"
)

// alignment is which tensors of two graphs are the same.
type alignment struct {
	to, back map[*value]*value // from the edge to the reference, and back
	how      map[*value]string // of the edge's
}

// align finds for tensors of the edge those of the reference: by name, and where names tell nothing, by what they are made
// from and what is made from them. A float model and its quantized twin, or one with fused ops, have most names in common.
func align(edge, reference *graph) *alignment {
	a := &alignment{to: make(map[*value]*value), back: make(map[*value]*value), how: make(map[*value]string)}
	a.names(edge, reference)
	a.dropContradictions()
	a.inputs(edge, reference)
	for a.structure(edge) {
	}
	return a
}

func (a *alignment) pair(e, r *value, how string) {
	a.to[e], a.back[r], a.how[e] = r, e, how
}

func (a *alignment) drop(e *value) {
	delete(a.back, a.to[e])
	delete(a.to, e)
	delete(a.how, e)
}

// free tells whether two tensors may be paired.
func (a *alignment) free(e, r *value) bool {
	return e != nil && r != nil && a.to[e] == nil && a.back[r] == nil && e.elements() == r.elements() && e.subgraph == r.subgraph
}

// names pairs tensors by names that only one on each side has.
func (a *alignment) names(edge, reference *graph) {
	type key struct {
		subgraph int32
		name     string
	}
	index := func(g *graph) map[key][]*value {
		named := make(map[key][]*value)
		for _, v := range g.values() {
			if name := v.GetName(); name != "" {
				k := key{v.subgraph, name}
				named[k] = append(named[k], v)
			}
		}
		return named
	}
	there := index(reference)
	for k, here := range index(edge) {
		if same := there[k]; len(here) == 1 && len(same) == 1 {
			a.pair(here[0], same[0], byName)
		}
	}
}

// dropContradictions gives up names of ops whose inputs all have names that belong to others: a converter numbers layers of
// a kind ("activation_3"), and not the same in each run.
func (a *alignment) dropContradictions() {
	var wrong []*value
	for e, r := range a.to {
		if e.from == nil || r.from == nil || e.from.Op != r.from.Op {
			continue
		}
		agree, differ := 0, 0
		for i, in := range e.from.inputs {
			if i >= len(r.from.inputs) || in == nil || a.to[root(in)] == nil {
				continue
			}
			if a.to[root(in)] == root(r.from.inputs[i]) {
				agree++
			} else {
				differ++
			}
		}
		if differ > 0 && agree == 0 {
			wrong = append(wrong, e)
		}
	}
	for _, e := range wrong {
		a.drop(e)
	}
}

// inputs pairs the inputs of subgraphs by their places.
func (a *alignment) inputs(edge, reference *graph) {
	there := reference.values()
	for _, e := range edge.values() {
		if e.from != nil {
			continue
		}
		for _, r := range there {
			if r.from == nil && r.slot == e.slot && a.free(e, r) {
				a.pair(e, r, byStructure)
			}
		}
	}
}

// root returns what a tensor was before it was only converted between float and integers.
func root(v *value) *value {
	for hops := 0; v != nil && v.from != nil && converts(v.from) && hops < 8; hops++ {
		if len(v.from.inputs) == 0 || v.from.inputs[0] == nil {
			break
		}
		v = v.from.inputs[0]
	}
	return v
}

func converts(n *node) bool { return n.Op == "QUANTIZE" || n.Op == "DEQUANTIZE" }

// structure pairs what follows from the pairs there are, and tells whether it found any. What an op is made from is surer than
// what is made from it: that may be fused with what comes next.
func (a *alignment) structure(edge *graph) bool {
	for _, step := range []func(n *node){a.backward, a.forward} {
		before := len(a.to)
		for _, s := range edge.subgraphs {
			for _, n := range s.nodes {
				step(n)
			}
		}
		if len(a.to) > before {
			return true
		}
	}
	return false
}

// forward pairs the outputs of n with those of an op of the same kind that has the same inputs.
func (a *alignment) forward(n *node) {
	if converts(n) || !slices.ContainsFunc(n.outputs, func(v *value) bool { return a.to[v] == nil }) {
		return
	}
	for _, in := range n.inputs {
		if in == nil || a.to[root(in)] == nil {
			continue
		}
		for _, other := range consumers(a.to[root(in)]) {
			if other.Op == n.Op && a.sameInputs(n, other) {
				a.pairAll(ends(n, other))
			}
		}
		return // any input that is paired leads to all candidates
	}
}

// activations may be part of the op before them.
var activations = []string{"RELU", "RELU6", "RELU_N1_TO_1", "TANH"}

// ends returns the outputs of two ops of the same kind: where only one of them has an activation of its own behind it, the
// other one is fused with its, so that the activation's output is meant.
func ends(n, other *node) (edge, reference []*value) {
	here, there := n.activated(), other.activated()
	switch {
	case here != nil && there == nil:
		return here.outputs, other.outputs
	case here == nil && there != nil:
		return n.outputs, there.outputs
	}
	return n.outputs, other.outputs
}

// activated returns the activation that alone uses what n makes, nil when there is none.
func (n *node) activated() *node {
	if len(n.outputs) != 1 || len(n.outputs[0].to) != 1 || !slices.Contains(activations, n.outputs[0].to[0].Op) {
		return nil
	}
	return n.outputs[0].to[0]
}

// consumers returns the ops that use a tensor, also after a conversion.
func consumers(v *value) []*node {
	var list []*node
	for _, n := range v.to {
		if converts(n) && len(n.outputs) > 0 {
			list = append(list, n.outputs[0].to...)
		} else {
			list = append(list, n)
		}
	}
	return list
}

func (a *alignment) sameInputs(n, other *node) bool {
	if len(n.inputs) != len(other.inputs) {
		return false
	}
	for i, in := range n.inputs {
		if in != nil && (other.inputs[i] == nil || a.to[root(in)] != root(other.inputs[i])) {
			return false
		}
	}
	return true
}

// backward pairs the inputs of n with those of its counterpart: they may be outputs of different ops, where one model has
// fused what the other hasn't.
func (a *alignment) backward(n *node) {
	if converts(n) || len(n.outputs) == 0 || a.to[n.outputs[0]] == nil {
		return
	}
	other := a.to[n.outputs[0]].from
	if other == nil || other.Op != n.Op || len(other.inputs) != len(n.inputs) {
		return
	}
	for i, in := range n.inputs {
		if in != nil && other.inputs[i] != nil {
			a.pairAll([]*value{root(in)}, []*value{root(other.inputs[i])})
		}
	}
}

func (a *alignment) pairAll(edge, reference []*value) {
	for i := range min(len(edge), len(reference)) {
		if a.free(edge[i], reference[i]) {
			a.pair(edge[i], reference[i], byStructure)
		}
	}
}
