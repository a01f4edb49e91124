package analyze

// DelegateNodes says what became of the nodes that a delegate node replaced.
type DelegateNodes struct {
	Op        *Op // the delegate node, with one set of shapes
	Operators int // that it ran
	Without   int // nodes that none of them stands for; not known, and 0, unless it is known for all operators what they stand for
}

// Delegates returns the model's delegate nodes in run order.
func (m *Model) Delegates() []DelegateNodes {
	type place struct{ subgraph, node int32 }
	replaced := make(map[place][]*Op)
	for _, op := range m.Ops {
		if op.Mapping != "" {
			at := place{op.Subgraph, op.DelegateNode}
			replaced[at] = append(replaced[at], op)
		}
	}
	var all []DelegateNodes
	seen := make(map[place]bool)
	for _, op := range m.Ops {
		at := place{op.Subgraph, op.Node}
		if op.Mapping != "" || len(op.Replaced) == 0 || seen[at] {
			continue
		}
		seen[at] = true
		all = append(all, DelegateNodes{op, len(replaced[at]), without(op, replaced[at])})
	}
	return all
}

func without(delegate *Op, operators []*Op) int {
	done := make(map[uint32]bool)
	for _, op := range operators {
		if len(op.MappedNodes) == 0 {
			return 0
		}
		for _, node := range op.MappedNodes {
			done[uint32(node)] = true
		}
	}
	n := 0
	for _, node := range delegate.Replaced {
		if !done[node] {
			n++
		}
	}
	return n
}
