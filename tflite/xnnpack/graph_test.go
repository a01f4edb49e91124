package xnnpack

import (
	"testing"

	"github.com/edgexray/edgexray/tflite"
)

// What other delegate nodes make ready of constants is constant here, too; what they don't, goes in.
func TestElsewhere(t *testing.T) {
	g := newGraph(&Graph{
		Nodes:   []Node{{5, 3, []int32{0, 3, 4}, []int32{7}}, {6, tflite.OpDequantize, []int32{5}, []int32{6}}, {7, 0, []int32{7, 6}, []int32{8}}},
		Tensors: []Tensor{{}, {Constant: true}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {Constant: true}},
		Inputs:  []int32{0, 3, 4, 5}, Outputs: []int32{8},
		Elsewhere: []Node{
			{0, tflite.OpDensify, []int32{1}, []int32{2}}, {1, tflite.OpDequantize, []int32{2}, []int32{3}},
			{2, tflite.OpDequantize, []int32{0}, []int32{4}}, {3, tflite.OpDensify, []int32{11}, []int32{5}},
			{4, tflite.OpDequantize, []int32{11}, []int32{9}},
		},
	})
	if len(g.Nodes) != 6 {
		t.Errorf("%d nodes, want 3 with 3 that make constants of them", len(g.Nodes))
	}
	for tensor, external := range map[int32]bool{0: true, 3: false, 4: true, 5: false, 8: true} {
		if g.external[tensor] != external || g.isConstant(tensor) == external {
			t.Errorf("tensor %d: external %v, constant %v", tensor, g.external[tensor], g.isConstant(tensor))
		}
	}
	if !g.made(6) || g.unpacked(1) != 3 {
		t.Errorf("a constant that is made of one made elsewhere is not (%v); tensor 1 becomes %d", g.made(6), g.unpacked(1))
	}
}
