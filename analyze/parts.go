package analyze

// linkOperators tells operators for which nodes they stand, and delegate nodes what they ran. rows are those of the model's ops.
func (b *builder) linkOperators(m *Model, rows []*row) {
	for i, op := range m.Ops {
		if op.Mapping == "" {
			continue
		}
		op.Parts = op.mapped()
		if n := b.rec.nodes[rows[i].desc.Operator.Node]; n != nil {
			if delegate := b.ops[n.row.resolve()]; delegate != nil {
				delegate.Operators = append(delegate.Operators, op)
			}
		}
	}
	for _, op := range m.Ops {
		countSharing(op.Operators)
	}
}

// mapped returns the nodes that an operator stands for. It is itself described as the first one.
func (op *Op) mapped() []Part {
	parts := make([]Part, len(op.MappedNodes))
	for i, node := range op.MappedNodes {
		parts[i].Node = node
		if i < len(op.MappedOps) {
			parts[i].Op = op.MappedOps[i]
		}
	}
	if len(parts) > 0 {
		parts[0].Inputs, parts[0].Outputs = op.Inputs, op.Outputs
	}
	return parts
}

// countSharing tells nodes how many of the operators do their work together.
func countSharing(operators []*Op) {
	count := make(map[int32]int)
	for _, op := range operators {
		for _, p := range op.Parts {
			count[p.Node]++
		}
	}
	for _, op := range operators {
		for i := range op.Parts {
			op.Parts[i].Sharing = count[op.Parts[i].Node]
		}
	}
}
