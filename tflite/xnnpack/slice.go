package xnnpack

import (
	"slices"

	"github.com/edgexray/edgexray/tflite"
)

// maxNodes is how many nodes the work of one step can be: a padded convolution and its activation are three.
const maxNodes = 16

// step is what slots do together that hand each other values which are no tensors of TFLite's.
type step struct {
	slots           []int
	inputs, outputs []int32 // tensors
	optional        []int32 // of the inputs: may be none at all
	unknown         bool    // reads or writes a value that can't be told
}

// slice returns the places of the nodes between the step's inputs and its outputs: whose work it does. It reports false
// unless they make just those outputs from just those inputs and from constants.
func (g *graph) slice(s step) ([]int, bool) {
	w := walk{g: g, inputs: make(map[int32]bool), read: make(map[int32]bool), nodes: make(map[int]bool)}
	for _, t := range slices.Concat(s.inputs, s.optional) {
		w.inputs[t] = true
	}
	for _, t := range s.outputs {
		if writers := g.assigns[t]; len(writers) > 0 {
			if !w.writer(writers) {
				return nil, false
			}
		} else if at, ok := g.producer[t]; !ok || !w.node(at) {
			return nil, false
		}
	}
	for _, t := range s.inputs {
		if !w.read[t] {
			return nil, false
		}
	}
	nodes := make([]int, 0, len(w.nodes))
	for at := range w.nodes {
		nodes = append(nodes, at)
	}
	slices.Sort(nodes)
	return nodes, len(nodes) > 0
}

// walk goes from outputs towards inputs.
type walk struct {
	g            *graph
	inputs, read map[int32]bool
	nodes        map[int]bool
}

func (w *walk) node(at int) bool {
	if w.nodes[at] {
		return true
	}
	if len(w.nodes) == maxNodes {
		return false
	}
	w.nodes[at] = true
	n := w.g.Nodes[at]
	switch n.Code {
	case tflite.OpAssignVariable: // its first input is what it writes
		return len(n.Inputs) == 2 && w.tensor(n.Inputs[1])
	case tflite.OpVarHandle: // of a variable that isn't among the inputs
		return false
	}
	for _, t := range n.Inputs {
		if t >= 0 && !w.tensor(t) {
			return false
		}
	}
	return true
}

func (w *walk) tensor(t int32) bool {
	if w.inputs[t] {
		w.read[t] = true
		return true
	}
	if w.g.isConstant(t) {
		if w.g.made(t) { // the operator may do that itself
			w.tensor(w.g.Nodes[w.g.producer[t]].Inputs[0])
		}
		return true
	}
	at, ok := w.g.producer[t]
	return ok && w.node(at)
}

// writer walks from the one of the nodes that write a variable which leads to the inputs.
func (w *walk) writer(candidates []int) bool {
	var fitting []walk
	for _, at := range candidates {
		try := walk{g: w.g, inputs: w.inputs, read: make(map[int32]bool), nodes: make(map[int]bool)}
		if try.node(at) {
			fitting = append(fitting, try)
		}
	}
	if len(fitting) != 1 {
		return false
	}
	for t := range fitting[0].read {
		w.read[t] = true
	}
	for at := range fitting[0].nodes {
		w.nodes[at] = true
	}
	return true
}
