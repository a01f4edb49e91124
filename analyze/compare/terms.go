package compare

import (
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
)

// summing says how many terms one element of an op's output sums up, by the shapes of its inputs: rounding errors of a float
// grow with the square root of that. Other ops count the elements of their first input that go into one of the output.
// Source: the shapes of weights in tflite/kernels/{conv,depthwise_conv,fully_connected,transpose_conv,batch_matmul}.cc.
var summing = map[string]func(n *node) uint64{
	"CONV_2D":           func(n *node) uint64 { return n.dims(1, 1, 4) }, // output channel, height, width, input channel
	"CONV_3D":           func(n *node) uint64 { return n.dims(1, 0, 4) }, // depth, height, width, input channel, output channel
	"DEPTHWISE_CONV_2D": func(n *node) uint64 { return n.dims(1, 1, 3) }, // 1, height, width, output channel
	"TRANSPOSE_CONV":    func(n *node) uint64 { return n.dims(1, 1, 4) },
	"FULLY_CONNECTED":   func(n *node) uint64 { return n.dims(1, 1, 2) }, // output, input
	"BATCH_MATMUL":      func(n *node) uint64 { d := len(n.Inputs[0].GetShape()); return n.dims(0, d-1, d) },
	"SVDF":              func(n *node) uint64 { return n.dims(1, 1, 2) * n.dims(2, 1, 2) },
	"AVERAGE_POOL_2D":   func(n *node) uint64 { return n.dims(0, 1, 3) }, // a window has no more than that
	"L2_POOL_2D":        func(n *node) uint64 { return n.dims(0, 1, 3) },
}

// terms is 1 where it isn't known, and of hybrid ops: what quantizing their inputs adds grows with the number of terms as the
// sum itself does.
func (n *node) terms() float64 {
	if n.hybrid() {
		return 1
	}
	if count := summing[n.Op]; count != nil && len(n.Inputs) > 0 {
		return float64(max(count(n), 1))
	}
	if len(n.Inputs) == 0 || len(n.Outputs) == 0 {
		return 1
	}
	in, _ := snapshot.Elements(n.Inputs[0].GetShape())
	out, _ := snapshot.Elements(n.Outputs[0].GetShape())
	return float64(max(in/max(out, 1), 1))
}

// dims multiplies the dimensions of an input from index from up to to, as far as there are any.
func (n *node) dims(input, from, to int) uint64 {
	if input >= len(n.Inputs) {
		return 1
	}
	product := uint64(1)
	for i, d := range n.Inputs[input].GetShape() {
		if i >= from && i < to && d > 0 {
			product *= uint64(d)
		}
	}
	return product
}

// hybrid tells whether a float op has integer weights.
func (n *node) hybrid() bool {
	for i, t := range n.Inputs {
		if typ := tflite.Type(t.GetType()); i > 0 && n.inputs[i] == nil && t.GetScale() != 0 && (typ == tflite.Int8 || typ == tflite.Int4 || typ == tflite.UInt8) {
			return true
		}
	}
	return false
}
