package analyze

import (
	"cmp"
	"fmt"
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

// Frames names the op's place in a stack, from its model on: the subgraph, what it is, the node, and the kernel if that is
// known. An operator is within its delegate node: what it does, the node that it stands for, and XNNPACK's name.
func (op *Op) Frames() []string {
	if op.Mapping == "" {
		frames := []string{op.subgraphName(), op.Op, op.nodeName()}
		if op.KernelAt != nil {
			frames = append(frames, op.Kernel)
		}
		return frames
	}
	frames := []string{op.FusedOp()}
	if op.Node >= 0 {
		frames = append(frames, op.nodeName())
	}
	if op.Operator != "" && op.Operator != op.Op {
		frames = append(frames, op.Operator)
	}
	return frames
}

func (op *Op) subgraphName() string {
	switch {
	case op.Subgraph < 0:
		return "subgraph " + op.SubgraphName
	case op.SubgraphName == "":
		return fmt.Sprintf("subgraph %d", op.Subgraph)
	}
	return fmt.Sprintf("subgraph %d %s", op.Subgraph, op.SubgraphName)
}

// nodeName returns "CONV_2D #12 MobilenetV2/Conv/Relu6".
func (op *Op) nodeName() string {
	name := op.FusedOp()
	if op.Node >= 0 {
		name += fmt.Sprintf(" #%d", op.Node)
	}
	if len(op.Outputs) > 0 {
		name += " " + op.Outputs[0].Name
	}
	return strings.TrimSpace(name)
}
