package xnnpack

import (
	"slices"
	"testing"

	"github.com/edgexray/edgexray/tflite"
)

// What a delegate node runs for its only node, constants made ready aside, stands for that under any layout.
func TestOnlyNode(t *testing.T) {
	fullyConnected := Node{1, 9, []int32{0, 2}, []int32{3}}
	dequantize := Node{0, tflite.OpDequantize, []int32{1}, []int32{2}}
	add := Node{2, 0, []int32{3, 3}, []int32{4}}
	for _, test := range []struct {
		name  string
		nodes []Node
		names []string
		want  []int
	}{
		{"one operator", []Node{fullyConnected}, []string{"Fully Connected (NC, F32)"}, []int{0}},
		{"without names", []Node{fullyConnected}, []string{""}, []int{0}},
		{"with a helper", []Node{dequantize, fullyConnected}, []string{"Convert (NC, F32, QD8)", "Fully Connected (NC, QD8)"}, []int{1}},
		{"another kind", []Node{fullyConnected}, []string{"Softmax (NC, F32)"}, nil},
		{"two nodes", []Node{fullyConnected, add}, []string{"Fully Connected (NC, F32)"}, nil},
		{"no node", []Node{dequantize}, []string{"Fully Connected (NC, F32)"}, nil},
	} {
		g := &Graph{Nodes: test.nodes, Tensors: make([]Tensor, 5)}
		g.Tensors[1].Constant = true
		s := Sample{&Runtime{slots: make([]slot, len(test.names))}, g, test.names}
		for i := range s.Runtime.slots {
			s.Runtime.slots[i].operators = 1
		}
		for _, m := range s.Map(Layout{}) {
			if !slices.Equal(m.Nodes, test.want) || (m.Confidence == Inferred) != (test.want != nil) {
				t.Errorf("%s: %v, want %v", test.name, m, test.want)
			}
		}
	}
}
