package analyze

// phase is what is known about where the invokes of one interpreter's subgraph begin. A node that comes again begins an
// invoke, but a recording that starts in the middle of an invoke, or loses ops, would see all later ones shifted. So the
// order of the first whole invoke is checked against the data flow: no op may run before one whose output it reads.
type phase struct {
	settled bool
	first   *uint64 // node.seen of the first node, once settled
}

// maxChecked bounds the ops of an invoke whose order is checked; longer ones are taken as they come.
const maxChecked = 1 << 14

// ran is an op of an invoke whose order isn't checked yet.
type ran struct {
	node       *node
	start, end uint64 // ns
}

// begins says whether the node begins another invoke than the run's.
func (p *phase) begins(n *node, current *run) bool {
	return *n.seen == current.id || p.settled && p.first == n.seen
}

// settle checks the order of the run's ops, of which the first one is about to come again. It returns how many of them
// belong to the end of an invoke of which the beginning is missing.
func (p *phase) settle(order []ran) int {
	start := beginning(order)
	p.settled, p.first = true, order[start].node.seen
	return start
}

// beginning returns the index of the op with which an invoke must begin, given ops in their order from anywhere in one
// invoke up to the same place in the next: the index from which on the fewest ops read what a later op writes.
func beginning(order []ran) int {
	n := len(order)
	writer := make(map[int32]int) // of a tensor
	for i, op := range order {
		for _, t := range op.node.row.desc.Outputs {
			writer[t.Index] = i
		}
	}
	change := make([]int, n+1) // of the number of ops in the wrong order, from one beginning to the next
	wrong := 0
	for reader, op := range order {
		for _, t := range op.node.row.desc.Inputs {
			w, ok := writer[t.Index]
			switch {
			case !ok || t.Index < 0 || w == reader:
			case w < reader: // right, unless the invoke begins between them
				change[w+1]++
				change[reader+1]--
			default: // the other way round
				wrong++
				change[reader+1]--
				change[w+1]++
			}
		}
	}
	best, fewest := 0, wrong
	for start := 1; start < n && fewest > 0; start++ {
		wrong += change[start]
		if wrong < fewest {
			best, fewest = start, wrong
		}
	}
	return best
}
