package work

import "math/bits"

// searchRows are ops whose work depends on more than shapes; what is certain is counted.
var searchRows = map[string]row{
	// tflite/kernels/topk_v2.cc keeps a heap of k: each element may go into it.
	"TOPK_V2": {
		ops: func(n *node) uint64 {
			return times(n.in(0).elements(), uint64(bits.Len64(n.out(0).dim(-1))))
		},
		formula: "log2(k) + 1 operations an input element",
		unread:  []int{1},
	},
	// Boxes, scores, and scalars: each score is compared. tflite/kernels/internal/reference/non_max_suppression.h.
	"NON_MAX_SUPPRESSION_V4": suppression,
	"NON_MAX_SUPPRESSION_V5": suppression,
}

var suppression = row{
	ops: func(n *node) uint64 {
		n.assume(overlaps)
		return n.in(1).elements()
	},
	formula: "1 operation a score",
}

const overlaps = "without the comparisons of boxes that overlap: how many depends on the data"

// reductionRows make fewer elements of many.
var reductionRows = map[string]row{
	// As in flops_registry.py: an addition for each element, a division for each sum.
	"MEAN":        {ops: func(n *node) uint64 { return sum(n.in(0).elements(), n.out(0).elements()) }, formula: "1 operation an input element and 1 an output element", unread: []int{1}},
	"SUM":         reduction,
	"REDUCE_PROD": reduction,
	"REDUCE_MAX":  reduction,
	"REDUCE_MIN":  reduction,
	"REDUCE_ANY":  reduction,
	"REDUCE_ALL":  reduction,
	"ARG_MAX":     reduction,
	"ARG_MIN":     reduction,
	"CUMSUM":      reduction,
	"SEGMENT_SUM": reduction,
	"UNIQUE":      reduction,
	"WHERE":       reduction,

	"UNSORTED_SEGMENT_SUM":  reduction,
	"UNSORTED_SEGMENT_PROD": reduction,
	"UNSORTED_SEGMENT_MAX":  reduction,
	"UNSORTED_SEGMENT_MIN":  reduction,

	// Shifted by the maximum (2 operations), exp, sum and division (2): flops_registry.py.
	"SOFTMAX":     each(5),
	"LOG_SOFTMAX": each(5),
	// A complex Fourier transform takes 5 N log2 N operations, one of reals half of them: Cooley and Tukey's algorithm, as FFTW's
	// benchmarks count it. N is height x width of the input as padded or cut to what the output was made of.
	"RFFT2D": {
		ops: func(n *node) uint64 {
			out := n.out(0)
			height, width := out.dim(-2), times(2, max(out.dim(-1), 1)-1)
			points := times(height, width)
			if points == 0 {
				return 0
			}
			return times(5, out.elements()/max(times(height, out.dim(-1)), 1), points, uint64(bits.Len64(points-1))) / 2
		},
		formula: "2.5 N log2(N) operations for N points of each image",
		unread:  []int{1},
	},
	// Square and sum, division: tflite/kernels/internal/reference/l2normalization.h.
	"L2_NORMALIZATION": each(3),
}

var reduction = row{
	ops:     func(n *node) uint64 { return n.in(0).elements() },
	formula: "1 operation an input element",
	unread:  []int{1},
}
