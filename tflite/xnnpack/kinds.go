package xnnpack

import (
	"slices"
	"strings"

	"github.com/edgexray/edgexray/tflite"
)

// accessories are ops that are fused into others, which the result is named after.
var accessories = map[string]bool{
	"RELU": true, "RELU6": true, "RELU_N1_TO_1": true, "RELU_0_TO_1": true, "PAD": true, "PADV2": true,
	"RESHAPE": true, "SQUEEZE": true, "EXPAND_DIMS": true, "TRANSPOSE": true, "QUANTIZE": true, "DEQUANTIZE": true, "DENSIFY": true,
	"READ_VARIABLE": true, "ASSIGN_VARIABLE": true,
}

// nameFirst puts the node in front after which the work of all of them is named.
func (g *graph) nameFirst(nodes []int) {
	named := slices.IndexFunc(nodes, func(at int) bool { return !accessories[g.Nodes[at].Code.String()] })
	if named < 0 {
		named = len(nodes) - 1
	}
	at := nodes[named]
	copy(nodes[1:named+1], nodes[:named])
	nodes[0] = at
}

// kinds are the ops that operators with such a name may do. Other names (Copy, Clamp, Convert, ...) are helpers
// within many ops, or stand for many.
var kinds = []struct {
	name   string // up to the bracket
	ops    []string
	helper bool // together with others it may be a part of any op's work
}{
	{name: "Convolution", ops: []string{"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}},
	{name: "Deconvolution", ops: []string{"TRANSPOSE_CONV"}},
	{name: "Fully Connected", ops: []string{"FULLY_CONNECTED", "CONV_2D", "BATCH_MATMUL"}},
	{name: "Batch Matrix Multiply", ops: []string{"BATCH_MATMUL"}},
	{name: "Max Pooling", ops: []string{"MAX_POOL_2D"}},
	{name: "Average Pooling", ops: []string{"AVERAGE_POOL_2D", "MEAN"}},
	{name: "Global Average Pooling", ops: []string{"AVERAGE_POOL_2D", "MEAN"}},
	{name: "Mean", ops: []string{"AVERAGE_POOL_2D", "MEAN"}},
	{name: "Reduce", ops: []string{"AVERAGE_POOL_2D", "MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN"}},
	{name: "Reduce Max", ops: []string{"REDUCE_MAX"}},
	{name: "Reduce Min", ops: []string{"REDUCE_MIN"}},
	{name: "Softmax", ops: []string{"SOFTMAX"}},
	{name: "Add", ops: []string{"ADD"}},
	{name: "Multiply", ops: []string{"MUL"}},
	{name: "Subtract", ops: []string{"SUB"}},
	{name: "Divide", ops: []string{"DIV"}},
	{name: "Maximum", ops: []string{"MAXIMUM"}},
	{name: "Minimum", ops: []string{"MINIMUM"}},
	{name: "PReLU", ops: []string{"PRELU"}},
	{name: "Leaky ReLU", ops: []string{"LEAKY_RELU"}},
	{name: "HardSwish", ops: []string{"HARD_SWISH"}},
	{name: "Sigmoid", ops: []string{"LOGISTIC"}},
	{name: "Resize Bilinear", ops: []string{"RESIZE_BILINEAR"}},
	{name: "Depth To Space", ops: []string{"DEPTH_TO_SPACE"}},
	{name: "Binary Elementwise", ops: ofTwo},
	{name: "Unary Elementwise", ops: slices.Concat(ofOne, ofTwo), helper: true}, // by a constant, ops of two are of one
}

var (
	ofTwo = []string{"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "SQUARED_DIFFERENCE", "PRELU", "POW", "FLOOR_DIV"}
	ofOne = []string{
		"RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "LOGISTIC", "TANH", "HARD_SWISH", "ELU", "LEAKY_RELU", "GELU", "ABS", "NEG", "SQUARE",
		"SQRT", "RSQRT", "EXP", "LOG", "FLOOR", "CEIL", "ROUND", "SIN", "COS", "SIGN", "CAST", "QUANTIZE", "DEQUANTIZE",
	}
)

// manifold are ops that may be made of any operators.
var manifold = []tflite.OpCode{tflite.OpCustom, tflite.OpUnknown, tflite.OpComposite}

// canBe tells whether an operator with that name may do the work of nodes, alone or together with others. What the table
// doesn't know may be.
func (g *graph) canBe(name string, nodes []int, alone bool) bool {
	name, _, _ = strings.Cut(name, " (")
	for _, kind := range kinds {
		if kind.name == name {
			return kind.helper && !alone || slices.ContainsFunc(nodes, func(at int) bool {
				code := g.Nodes[at].Code
				return slices.Contains(kind.ops, code.String()) || slices.Contains(manifold, code)
			})
		}
	}
	return true
}
