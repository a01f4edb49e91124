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
	// Nodes that other delegate nodes replaced and which may make constants ready. The delegate does that once for all of its
	// nodes, so a constant may come from there.
	Elsewhere []Node
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

// graph is a Graph with what is asked of it often. Its nodes are followed by those elsewhere that make its constants ready.
type graph struct {
	*Graph
	producer map[int32]int   // place in Nodes of the node that makes a tensor
	assigns  map[int32][]int // and of those that write the variable behind a handle
	static   map[int]bool    // nodes that compute constants: the delegate does so once, when it is prepared
	external map[int32]bool
	// What a static node makes of a constant that no other node reads.
	makes map[int32]int32
}

// Prepares tells whether the delegate does such a node's work when it is prepared, if that makes a constant of another one.
func Prepares(code tflite.OpCode) bool {
	return code == tflite.OpDequantize || code == tflite.OpDensify
}

// withPrepared returns the graph with those of the nodes elsewhere, in their order, that make its constants ready.
func (g Graph) withPrepared() *Graph {
	made := make(map[int32]int) // by tensor, place in Elsewhere
	for at, n := range g.Elsewhere {
		if Prepares(n.Code) && len(n.Inputs) > 0 && len(n.Outputs) == 1 {
			t := n.Inputs[0]
			if _, ok := made[t]; ok || g.tensor(t).Constant {
				made[n.Outputs[0]] = at
			}
		}
	}
	wanted := make([]bool, len(g.Elsewhere))
	var want func(n Node)
	want = func(n Node) {
		for _, t := range n.Inputs {
			if at, ok := made[t]; ok && !wanted[at] {
				wanted[at] = true
				want(g.Elsewhere[at])
			}
		}
	}
	for _, n := range g.Nodes {
		want(n)
	}
	g.Nodes = slices.Clone(g.Nodes)
	for at, n := range g.Elsewhere {
		if wanted[at] {
			g.Nodes = append(g.Nodes, n)
		}
	}
	return &g
}

func newGraph(of *Graph) *graph {
	g := &graph{
		Graph: of.withPrepared(), producer: make(map[int32]int), assigns: make(map[int32][]int),
		static: make(map[int]bool), external: make(map[int32]bool), makes: make(map[int32]int32),
	}
	for at := len(of.Nodes); at < len(g.Nodes); at++ {
		g.add(at)
	}
	for at := range of.Nodes {
		g.add(at)
	}
	handles := make(map[int32]bool) // of variables, which XNNPACK keeps itself
	for at, n := range g.Nodes {
		variable := n.Code == tflite.OpAssignVariable || n.Code == tflite.OpReadVariable
		if variable && len(n.Inputs) > 0 {
			handles[n.Inputs[0]] = true
		}
		for _, t := range n.Inputs {
			if !g.static[at] {
				delete(g.makes, t)
			}
		}
	}
	for _, t := range slices.Concat(g.Inputs, g.Outputs) {
		g.external[t] = !handles[t] && !g.isConstant(t)
	}
	return g
}

// add takes in a node, for which those that it reads of have to be added before.
func (g *graph) add(at int) {
	n := g.Nodes[at]
	for _, t := range n.Outputs {
		g.producer[t] = at
	}
	switch {
	case Prepares(n.Code):
		if len(n.Inputs) > 0 && len(n.Outputs) == 1 && g.isConstant(n.Inputs[0]) {
			g.static[at] = true
			g.makes[n.Inputs[0]] = n.Outputs[0]
		}
	case n.Code == tflite.OpAssignVariable:
		if len(n.Inputs) > 0 {
			g.assigns[n.Inputs[0]] = append(g.assigns[n.Inputs[0]], at)
		}
	}
}

func (g *Graph) tensor(t int32) Tensor {
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
