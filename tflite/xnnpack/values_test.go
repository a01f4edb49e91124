package xnnpack

import (
	"slices"
	"testing"

	"github.com/edgexray/edgexray/tflite"
)

// Some constants of half precision are left so, and others made ready, in one delegate node.
func TestPackedAndReady(t *testing.T) {
	g := newGraph(&Graph{
		Nodes: []Node{
			{0, tflite.OpDequantize, []int32{1}, []int32{3}}, {1, tflite.OpDequantize, []int32{2}, []int32{4}},
			{2, 9, []int32{0, 3}, []int32{5}}, {3, 0, []int32{5, 4}, []int32{6}},
		},
		Tensors: []Tensor{{Data: 64}, {128, true}, {192, true}, {}, {}, {}, {Data: 256}},
		Inputs:  []int32{0, 1, 2}, Outputs: []int32{6},
	})
	var sure []int32
	for _, i := range g.items(map[int32]int{1: 8}, map[uint64]bool{128: true}, true, true) {
		if i.sure {
			sure = append(sure, i.tensor)
		}
	}
	if want := []int32{1, 4, 5}; !slices.Equal(sure, want) {
		t.Errorf("tensors %v have values, want %v", sure, want)
	}
}
