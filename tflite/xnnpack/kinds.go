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

// kinds are the ops that operators with such a name may do. Other names (Copy, Clamp, Convert, Unary Elementwise, ...) are
// helpers within many ops, or stand for many.
var kinds = []struct {
	name string // up to the bracket
	ops  []string
}{
	{"Convolution", []string{"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}},
	{"Deconvolution", []string{"TRANSPOSE_CONV"}},
	{"Fully Connected", []string{"FULLY_CONNECTED", "CONV_2D", "BATCH_MATMUL"}},
	{"Batch Matrix Multiply", []string{"BATCH_MATMUL"}},
	{"Max Pooling", []string{"MAX_POOL_2D"}},
	{"Average Pooling", []string{"AVERAGE_POOL_2D", "MEAN"}},
	{"Global Average Pooling", []string{"AVERAGE_POOL_2D", "MEAN"}},
	{"Softmax", []string{"SOFTMAX"}},
	{"Add", []string{"ADD"}},
	{"Multiply", []string{"MUL"}},
	{"Subtract", []string{"SUB"}},
	{"Divide", []string{"DIV"}},
	{"Maximum", []string{"MAXIMUM"}},
	{"Minimum", []string{"MINIMUM"}},
	{"PReLU", []string{"PRELU"}},
	{"Leaky ReLU", []string{"LEAKY_RELU"}},
	{"HardSwish", []string{"HARD_SWISH"}},
	{"Sigmoid", []string{"LOGISTIC"}},
	{"Resize Bilinear", []string{"RESIZE_BILINEAR"}},
	{"Depth To Space", []string{"DEPTH_TO_SPACE"}},
}

// canBe tells whether an operator with that name may do the work of nodes. What the table doesn't know may be.
func (g *graph) canBe(name string, nodes []int) bool {
	name, _, _ = strings.Cut(name, " (")
	for _, kind := range kinds {
		if kind.name == name {
			return slices.ContainsFunc(nodes, func(at int) bool {
				code := g.Nodes[at].Code
				return slices.Contains(kind.ops, code.String()) || code == tflite.OpCustom || code == tflite.OpUnknown
			})
		}
	}
	return true
}
