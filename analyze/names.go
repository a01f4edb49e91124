package analyze

import (
	"cmp"
	"slices"
	"strings"
)

// FusedOp names what an op does; of an operator that does the work of several nodes all of their ops in the order of the
// nodes: "PAD+CONV_2D+RELU".
func (op *Op) FusedOp() string {
	if len(op.MappedOps) < 2 || len(op.MappedOps) != len(op.MappedNodes) {
		return op.Op
	}
	order := make([]int, len(op.MappedOps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(op.MappedNodes[a], op.MappedNodes[b]) })
	names := make([]string, len(order))
	for i, at := range order {
		names[i] = op.MappedOps[at]
	}
	return strings.Join(names, "+")
}

// RunBy names what ran the op: its kernel, or of one of XNNPACK's operators, which all run through the same function, its name.
func (op *Op) RunBy() string { return cmp.Or(op.Operator, op.Kernel) }

// groupName is what the op has in common with others by a grouping.
func (op *Op) groupName(by By) string {
	if by == ByKernel {
		return op.RunBy()
	}
	return op.FusedOp()
}
