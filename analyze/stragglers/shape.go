package stragglers

import (
	"math"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/work"
)

// shape is where an op lies among its peers: natural logarithms of what its speed may depend on beside the amount of its work. Ops
// with nearly the same shape are expected to be nearly as fast.
type shape [shapeFeatures]float64

// The features of a shape.
const (
	positions = iota // elements of the output but its last dimension
	channels         // the output's last dimension
	reduction        // MACs an output element, or other operations
	depth            // the first input's last dimension
	reads            // elements of the first input for each one of the output: strides
	broadcast        // elements of the output for each one of its smallest input: broadcasting
	shapeFeatures
)

const (
	// lanes is how many channels vector code works on at once, at the least: rest of a vector costs as much as a whole one.
	// XNNPACK's and ruy's kernels pad to 4 to 16 channels.
	lanes = 8
	// byteMACs is how many MACs a byte of weights costs, as weights are read once from memory: processors do 2 to 10 MACs in the time in
	// which a byte arrives.
	byteMACs = 6
	// operationBytes is how many bytes an operation costs that is no MAC.
	operationBytes = 12
)

// shapeOf returns an op's shape, and the logarithm of what its time grows with: MACs, with channels rounded up to whole vectors, and
// bytes of weights for what has MACs; bytes and operations for anything else.
func shapeOf(op *analyze.Op, w *work.Work) (shape, float64) {
	var s shape
	out, in, smallest := elements(first(op.Outputs)), elements(first(op.Inputs)), math.Inf(1)
	last, inLast := min(lastDimension(first(op.Outputs)), out), min(lastDimension(first(op.Inputs)), in)
	for _, t := range op.Inputs {
		if t.Index >= 0 && len(op.Inputs) > 1 && w.MACs == 0 {
			smallest = min(smallest, elements(&t))
		}
	}
	s[positions] = math.Log(out / last)
	s[channels] = math.Log(last)
	s[reduction] = math.Log(max(float64(max(w.MACs, w.Ops))/out, 1))
	s[depth] = math.Log(inLast)
	s[reads] = math.Log(in / out)
	s[broadcast] = math.Log(max(out/smallest, 1))

	effort := float64(w.Bytes()) + operationBytes*float64(w.Ops)
	if w.MACs > 0 {
		effort = float64(w.MACs) * wholeVectors(last)
		if op.Op != "DEPTHWISE_CONV_2D" { // whose channels are the same on both sides
			effort *= wholeVectors(inLast)
		}
		effort += byteMACs * float64(w.Weights)
	}
	return s, math.Log(max(effort, 1))
}

// wholeVectors is by how much more channels there are when they are rounded up to whole vectors.
func wholeVectors(channels float64) float64 { return lanes * math.Ceil(channels/lanes) / channels }

func first(tensors []analyze.Tensor) *analyze.Tensor {
	for i := range tensors {
		if tensors[i].Index >= 0 {
			return &tensors[i]
		}
	}
	return new(analyze.Tensor)
}

// elements is how many a tensor has; what is more than a device could hold is taken for as much.
func elements(t *analyze.Tensor) float64 {
	n := 1.0
	for _, d := range t.Shape {
		n = min(n*float64(max(d, 1)), 1<<53)
	}
	return n
}

func lastDimension(t *analyze.Tensor) float64 {
	if len(t.Shape) == 0 {
		return 1
	}
	return float64(max(t.Shape[len(t.Shape)-1], 1))
}
