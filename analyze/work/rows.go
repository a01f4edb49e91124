package work

import "maps"

// rows are the built-in ops, by their names in TFLite's schema.
//
// Where an input is and in which order its dimensions are is from the op's kernel in LiteRT, tflite/kernels/NAME.cc. A formula
// without another source is the op's definition in its reference kernel, tflite/kernels/internal/reference, every pass of the
// innermost loop counted. A function such as exp, tanh or sqrt, and a division, is one operation.
var rows = merged(matrixRows, windowRows, recurrentRows, elementwiseRows, reductionRows, searchRows, movementRows)

func merged(tables ...map[string]row) map[string]row {
	all := make(map[string]row)
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// matrixRows are convolutions and products of matrices. What is computed for padding counts as the rest does, as in
// TensorFlow's profiler (tensorflow/python/profiler/internal/flops_registry.py), from which the convolutions' formulas are.
var matrixRows = map[string]row{
	"CONV_2D": { // filter: output channels, height, width, input channels of a group
		macs:    func(n *node) uint64 { f := n.in(1); return times(n.out(0).elements(), f.dim(1), f.dim(2), f.dim(3)) },
		ops:     bias(2),
		formula: "MACs = output elements x filter height x filter width x input channels / groups" + plusBias,
	},
	"DEPTHWISE_CONV_2D": { // filter: 1, height, width, output channels
		macs:    func(n *node) uint64 { f := n.in(1); return times(n.out(0).elements(), f.dim(1), f.dim(2)) },
		ops:     bias(2),
		formula: "MACs = output elements x filter height x filter width" + plusBias,
	},
	"TRANSPOSE_CONV": { // output shape; filter: output channels, height, width, input channels; input; bias
		macs:    func(n *node) uint64 { f := n.in(1); return times(n.in(2).elements(), f.dim(1), f.dim(2), f.dim(0)) },
		ops:     bias(3),
		formula: "MACs = input elements x filter height x filter width x output channels" + plusBias,
		unread:  []int{0},
	},
	"CONV_3D": { // filter: depth, height, width, input channels of a group, output channels
		macs: func(n *node) uint64 {
			f := n.in(1)
			return times(n.out(0).elements(), f.dim(0), f.dim(1), f.dim(2), f.dim(3))
		},
		ops:     bias(2),
		formula: "MACs = output elements x filter depth x height x width x input channels / groups" + plusBias,
	},
	"CONV_3D_TRANSPOSE": { // output shape; filter: depth, height, width, output channels, input channels; input; bias
		macs: func(n *node) uint64 {
			f := n.in(1)
			return times(n.in(2).elements(), f.dim(0), f.dim(1), f.dim(2), f.dim(3))
		},
		ops:     bias(3),
		formula: "MACs = input elements x filter depth x height x width x output channels" + plusBias,
		unread:  []int{0},
	},
	"FULLY_CONNECTED": { // weights: outputs, inputs
		macs:    func(n *node) uint64 { return times(n.out(0).elements(), n.in(1).dim(-1)) },
		ops:     bias(2),
		formula: "MACs = output elements x inputs of each" + plusBias,
	},
	"BATCH_MATMUL": { // the first one's columns, or its rows when it is transposed: what isn't in the output
		macs: func(n *node) uint64 {
			a, out := n.in(0), n.out(0)
			rows := out.dim(-2)
			if rows == 0 {
				return 0
			}
			return times(out.elements(), times(a.dim(-1), a.dim(-2))/rows)
		},
		formula: "MACs = output elements x inner dimension",
	},
}

const plusBias = "; 1 operation an output element for the bias, 1 for an activation"

// bias returns the operations that add an optional input to each element of the output.
func bias(input int) count {
	return func(n *node) uint64 {
		if !n.has(input) {
			return 0
		}
		return n.out(0).elements()
	}
}
