package work

import "fmt"

// elementwiseRows do the same to each element of their output.
var elementwiseRows = map[string]row{
	"ADD": each(1), "SUB": each(1), "MUL": each(1), "DIV": each(1), "MAXIMUM": each(1), "MINIMUM": each(1), "POW": each(1),
	"FLOOR_DIV": each(2), "FLOOR_MOD": each(3), "SQUARED_DIFFERENCE": each(2), "ATAN2": each(1),
	"LESS": each(1), "LESS_EQUAL": each(1), "GREATER": each(1), "GREATER_EQUAL": each(1), "EQUAL": each(1), "NOT_EQUAL": each(1),
	"LOGICAL_AND": each(1), "LOGICAL_OR": each(1), "LOGICAL_NOT": each(1), "BITWISE_XOR": each(1), "RIGHT_SHIFT": each(1),
	"SELECT": each(1), "SELECT_V2": each(1),

	"ABS": each(1), "NEG": each(1), "SIGN": each(1), "FLOOR": each(1), "CEIL": each(1), "ROUND": each(1),
	"SQUARE": each(1), "SQRT": each(1), "RSQRT": each(2), "EXP": each(1), "LOG": each(1), "SIN": each(1), "COS": each(1),
	"TANH": each(1), "COMPLEX_ABS": each(4),

	"RELU": each(1), "RELU6": each(2), "RELU_N1_TO_1": each(2), "RELU_0_TO_1": each(2),
	"LEAKY_RELU": each(2), "PRELU": each(2),
	"ELU":        each(3), // comparison, exp, subtraction
	"LOGISTIC":   each(4), // negation, exp, addition, division
	"HARD_SWISH": each(5), // x * relu6(x + 3) / 6
	"GELU":       each(5), // x / 2 * (1 + erf(x / sqrt(2)))

	"CAST":       each(1),
	"QUANTIZE":   each(2), // divided by the scale, moved by the zero point
	"DEQUANTIZE": each(2),
	"FAKE_QUANT": each(4),
	"BUCKETIZE":  each(1),

	"ADD_N": {
		ops: func(n *node) uint64 {
			return times(uint64(max(len(n.inputs), 1)-1), n.out(0).elements())
		},
		formula: "1 operation an output element and input but the first",
	},

	"STABLEHLO_ADD": each(1), "STABLEHLO_SUBTRACT": each(1), "STABLEHLO_MULTIPLY": each(1), "STABLEHLO_DIVIDE": each(1),
	"STABLEHLO_MAXIMUM": each(1), "STABLEHLO_MINIMUM": each(1), "STABLEHLO_POWER": each(1), "STABLEHLO_REMAINDER": each(1),
	"STABLEHLO_AND": each(1), "STABLEHLO_OR": each(1), "STABLEHLO_SHIFT_LEFT": each(1), "STABLEHLO_COMPARE": each(1),
	"STABLEHLO_ABS": each(1), "STABLEHLO_NEGATE": each(1), "STABLEHLO_FLOOR": each(1), "STABLEHLO_COSINE": each(1),
	"STABLEHLO_EXPONENTIAL": each(1), "STABLEHLO_LOG": each(1), "STABLEHLO_RSQRT": each(2), "STABLEHLO_TANH": each(1),
	"STABLEHLO_CBRT": each(1), "STABLEHLO_LOGISTIC": each(4), "STABLEHLO_SELECT": each(1), "STABLEHLO_CLAMP": each(2),
	"STABLEHLO_CONVERT": each(1),
}

// each is so many operations for each element of the output.
func each(operations uint64) row {
	plural := "s"
	if operations == 1 {
		plural = ""
	}
	return row{
		ops:     func(n *node) uint64 { return times(operations, n.out(0).elements()) },
		formula: fmt.Sprintf("%d operation%s an output element", operations, plural),
	}
}
