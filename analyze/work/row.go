package work

import "slices"

// count is a number of one node.
type count func(n *node) uint64

// row is how much an op does. What a row doesn't say: an op has no MACs and no other operations, reads all of its inputs and
// writes all of its outputs and variables, each once.
type row struct {
	macs    count
	ops     count
	formula string // of macs and ops, for a person

	sampled []int // inputs of which no more is read than is written
	unread  []int // inputs of which only the shape matters
	read    count // bytes beside the inputs' own
	written count // bytes, instead of all
}

// ofNode returns the work of a node by its row.
func ofNode(n *node) (Work, bool) {
	table := rows
	if n.custom {
		table = customRows
	}
	r, known := table[n.op]
	if !known {
		return Work{}, false
	}
	var w Work
	if r.macs != nil {
		w.MACs = r.macs(n)
	}
	if r.ops != nil {
		w.Ops = r.ops(n)
	}
	w.Ops = sum(w.Ops, n.activation())
	w.Written = r.bytesWritten(n)
	w.Read, w.Weights = r.bytesRead(n)
	w.Formula, w.Assumed = r.formula, n.assumed
	return w, !n.unknown && w.plausible()
}

// activation returns the operations of an activation function that is fused into an op: one for each element of its output.
// Without the model's file it isn't known, and not counted.
func (n *node) activation() uint64 {
	if function, _ := n.param("fused_activation_function"); function == 0 { // NONE
		return 0
	}
	return n.out(0).elements()
}

func (r *row) bytesWritten(n *node) uint64 {
	if r.written != nil {
		return r.written(n)
	}
	total := uint64(0)
	for _, t := range n.outputs {
		total = sum(total, n.bytes(t))
	}
	for _, t := range n.inputs {
		if t.Variable {
			total = sum(total, n.bytes(t))
		}
	}
	return total
}

// bytesRead returns what is read of the inputs, each tensor once, and how much of it is constant.
func (r *row) bytesRead(n *node) (read, weights uint64) {
	if r.read != nil {
		read = r.read(n)
	}
	seen := make(map[int32]bool)
	for i, t := range n.inputs {
		if t.Index < 0 || seen[t.Index] || slices.Contains(r.unread, i) {
			continue
		}
		seen[t.Index] = true
		size := n.bytes(t)
		if slices.Contains(r.sampled, i) {
			size = min(size, n.made())
		}
		read = sum(read, size)
		if t.Constant {
			weights = sum(weights, size)
		}
	}
	return read, weights
}
