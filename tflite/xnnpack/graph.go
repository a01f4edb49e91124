package xnnpack

import (
	"slices"

	"github.com/edgexray/edgexray/tflite"
)

// Graph is what a delegate node stands for, as the interpreter has it.
type Graph struct {
	Nodes           []Node   // that the delegate replaced, in the order in which they would run
	Tensors         []Tensor // of the subgraph, by index
	Inputs, Outputs []int32  // of the delegate node, constants among them
}

// Node is a node of the model. Indices of tensors are -1 for what is left out.
type Node struct {
	Index           int32
	Code            tflite.OpCode
	Inputs, Outputs []int32
}

// Tensor is a tensor of the subgraph.
type Tensor struct {
	Data     uint64 // address of its data, 0 for none
	Constant bool   // in the model
}

// graph is a Graph with what is asked of it often.
type graph struct {
	*Graph
	producer map[int32]int   // place in Nodes of the node that makes a tensor
	assigns  map[int32][]int // and of those that write the variable behind a handle
	static   map[int]bool    // nodes that compute constants: the delegate does so once, when it is prepared
	external map[int32]bool
	// What a static node makes of a constant that no other node reads.
	makes map[int32]int32
}

func newGraph(g *Graph) *graph {
	index := &graph{
		Graph: g, producer: make(map[int32]int), assigns: make(map[int32][]int),
		static: make(map[int]bool), external: make(map[int32]bool), makes: make(map[int32]int32),
	}
	handles := make(map[int32]bool) // of variables, which XNNPACK keeps itself
	for at, n := range g.Nodes {
		for _, t := range n.Outputs {
			index.producer[t] = at
		}
		switch n.Code {
		case tflite.OpDequantize, tflite.OpDensify:
			if len(n.Inputs) > 0 && len(n.Outputs) == 1 && index.isConstant(n.Inputs[0]) {
				index.static[at] = true
				index.makes[n.Inputs[0]] = n.Outputs[0]
			}
		case tflite.OpAssignVariable:
			if len(n.Inputs) > 0 {
				index.assigns[n.Inputs[0]] = append(index.assigns[n.Inputs[0]], at)
				handles[n.Inputs[0]] = true
			}
		case tflite.OpReadVariable:
			if len(n.Inputs) > 0 {
				handles[n.Inputs[0]] = true
			}
		}
	}
	for at, n := range g.Nodes {
		for _, t := range n.Inputs {
			if !index.static[at] {
				delete(index.makes, t)
			}
		}
	}
	for _, t := range slices.Concat(g.Inputs, g.Outputs) {
		index.external[t] = !handles[t] && !index.tensor(t).Constant
	}
	return index
}

func (g *graph) tensor(t int32) Tensor {
	if t < 0 || int(t) >= len(g.Tensors) {
		return Tensor{}
	}
	return g.Tensors[t]
}

// isConstant tells whether a tensor is in the model, or made of such a one when the delegate was prepared.
func (g *graph) isConstant(t int32) bool {
	if at, ok := g.producer[t]; ok {
		return g.static[at]
	}
	return g.tensor(t).Constant
}

// unpacked returns what the delegate makes of a constant when it is prepared, the constant itself for most: a value has the
// constant's data then, but stands for what was made of it.
func (g *graph) unpacked(t int32) int32 {
	for range len(g.makes) {
		made, ok := g.makes[t]
		if !ok {
			break
		}
		t = made
	}
	return t
}

// made tells whether the delegate makes a tensor when it is prepared.
func (g *graph) made(t int32) bool {
	at, ok := g.producer[t]
	return ok && g.static[at]
}

// dequantized tells whether a tensor is a constant of full precision that the delegate may leave in half precision.
func (g *graph) dequantized(t int32) bool {
	return g.made(t) && g.Nodes[g.producer[t]].Code == tflite.OpDequantize
}
