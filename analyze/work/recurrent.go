package work

// recurrentRows are ops that run over a sequence. In each step every matrix of weights is multiplied with a vector once: a MAC
// for each of its elements. Which inputs are weights is from the constants at the top of each kernel's file.
var recurrentRows = map[string]row{
	"RNN":                         recurrent(perUnit(1, 2), "1 operation", span{1, 2}),
	"UNIDIRECTIONAL_SEQUENCE_RNN": recurrent(perUnit(1, 2), "1 operation", span{1, 2}),
	"BIDIRECTIONAL_SEQUENCE_RNN": recurrent(perUnit(1, 2, 6), "1 operation in each direction",
		span{1, 2}, span{5, 6}, span{10, 11}),

	// Input and recurrent weights of four gates, peepholes, projection. A unit adds four biases, has three sigmoids and a tanh
	// besides the fused activation, and three products and a sum in its cell: lstm_eval.cc.
	"LSTM":                         recurrent(perUnit(12, 2), "12 operations", span{1, 11}, span{16, 16}),
	"UNIDIRECTIONAL_SEQUENCE_LSTM": recurrent(perUnit(12, 2), "12 operations", span{1, 11}, span{16, 16}),
	"BIDIRECTIONAL_SEQUENCE_LSTM": recurrent(perUnit(12, 2, 19), "12 operations in each direction",
		span{1, 11}, span{16, 16}, span{18, 28}, span{33, 33}, span{40, 47}),

	// input: batch, size; weights_feature: filters, size; weights_time: filters, memory; bias; state.
	"SVDF": {
		macs: func(n *node) uint64 {
			return times(n.in(0).dim(0), sum(n.in(1).elements(), n.in(2).elements()))
		},
		ops:     func(n *node) uint64 { return sum(times(n.in(0).dim(0), n.in(1).dim(0)), bias(3)(n)) },
		formula: "MACs = batch x (filters x input size + filters x memory); 1 operation a filter" + plusBias,
	},
}

// span is inputs from the first to the last, those that are absent left out.
type span struct{ first, last int }

func recurrent(ops count, perUnit string, weights ...span) row {
	return row{
		macs: func(n *node) uint64 {
			if n.basic() {
				return times(n.steps(), n.in(2).elements())
			}
			total := uint64(0)
			for _, s := range weights {
				for i := s.first; i <= s.last; i++ {
					if n.has(i) {
						total = sum(total, n.in(i).elements())
					}
				}
			}
			return times(n.steps(), total)
		},
		ops:     ops,
		formula: "MACs = steps x elements of all weight matrices; " + perUnit + " a step and unit, 1 for an activation",
	}
}

// perUnit returns the operations of each unit in all steps. The units are the rows of the given matrices, one for a direction.
func perUnit(operations uint64, matrices ...int) count {
	return func(n *node) uint64 {
		if n.basic() { // one matrix for four gates
			return times(n.steps(), operations, n.in(2).dim(0)/4)
		}
		total := uint64(0)
		for _, m := range matrices {
			total = sum(total, times(n.steps(), operations, n.in(m).dim(0)))
		}
		return total
	}
}

// basic tells an LSTM of kernel type BASIC: it has input, activation and state before, and one matrix with its bias.
func (n *node) basic() bool { return n.op == "LSTM" && len(n.inputs) == 5 }

// steps returns how often weights are applied: for each vector in the input, by time and batch.
func (n *node) steps() uint64 {
	in := n.in(0)
	size := in.dim(-1)
	if size == 0 {
		return 0
	}
	return in.elements() / size
}
