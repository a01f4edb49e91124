package work

// customRows are custom ops that many apps have, by the names they are registered under.
var customRows = map[string]row{
	// Of MediaPipe: mediapipe/util/tflite/operations.
	"Convolution2DTransposeBias": { // input; filter: output channels, height, width, input channels; bias
		macs:    func(n *node) uint64 { f := n.in(1); return times(n.in(0).elements(), f.dim(1), f.dim(2), f.dim(0)) },
		ops:     bias(2),
		formula: "MACs = input elements x filter height x filter width x output channels" + plusBias,
	},
	"MaxPoolingWithArgmax2D": windowRows["MAX_POOL_2D"],
	"MaxUnpooling2D":         moved(),
	// Four neighbours, each weighted, and where they are: six multiplications and additions.
	"TransformTensorBilinear": {
		ops:     func(n *node) uint64 { return times(7, n.out(0).elements()) },
		formula: "7 operations an output element",
		unread:  []int{1},
	},
	"TransformLandmarks": each(4), // a row of an affine matrix

	// boxes: batch, anchors, 4; scores: batch, anchors, classes; anchors. Each score is compared; a box is decoded with 4
	// subtractions or additions, 6 products and 2 exps. From tflite/kernels/detection_postprocess.cc.
	"TFLite_Detection_PostProcess": {
		ops: func(n *node) uint64 {
			n.assume(overlaps)
			return sum(times(12, n.in(0).elements()/4), n.in(1).elements())
		},
		formula: "12 operations an anchor, 1 a score",
	},
}
