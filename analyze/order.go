package analyze

import (
	"slices"

	"github.com/edgexray/edgexray/trace"
)

// order is the nodes of a subgraph as one run of it ran them. A node whose shapes or tensors' addresses changed is
// another one: what memory a run took is a matter of its order.
type order struct {
	subgraph  *ranSubgraph
	key       orderKey
	nodes     []*node
	outermost bool // it was an invoke, not a run within another op
}

// Orders of one subgraph are evaluated when a block ends with more than manyOrders. No more than maxOrders are kept.
const (
	manyOrders = 64
	maxOrders  = 4096
)

// sequence is an order in the making.
type sequence struct {
	nodes []*node
	hash  uint64
	long  bool // more than are kept
}

func (s *sequence) add(n *node) {
	if len(s.nodes) == maxChecked {
		s.long = true
		return
	}
	s.nodes = append(s.nodes, n)
	s.hash = (s.hash ^ uint64(n.id)) * 0x9e3779b97f4a7c15 // Fibonacci hashing
}

// upTo returns the sequence of the first nodes.
func (s *sequence) upTo(nodes int) *sequence {
	var part sequence
	for _, n := range s.nodes[:min(nodes, len(s.nodes))] {
		part.add(n)
	}
	return &part
}

func (s *sequence) reset() { *s = sequence{nodes: s.nodes[:0]} }

// ranSubgraph is what is kept of a subgraph of the trace to tell what memory it takes.
type ranSubgraph struct {
	desc    *trace.Subgraph
	nodes   []*node
	orders  map[orderKey]*order
	skipped int  // runs whose order could not be kept
	ran     bool // since the last evaluation
	active  bool // since graphs were last folded
	dropped bool // its nodes' descriptions are gone: it had not run for long
}

type orderKey struct {
	nodes int
	hash  uint64
}

// keepOrder returns the order of a run of a subgraph that ended; nil when it isn't kept.
func (rec *recording) keepOrder(subgraph uint32, s *sequence, outermost bool) *order {
	r := rec.ranSubgraph(subgraph)
	if rec.window != nil || rec.replay != nil {
		return nil // memory is for whole traces, and told once
	}
	r.ran, r.active = true, true
	key := orderKey{len(s.nodes), s.hash}
	known := r.orders[key]
	if known == nil {
		if s.long || r.dropped || len(r.orders) == maxOrders {
			r.skipped++
			return nil
		}
		known = &order{subgraph: r, key: key, nodes: slices.Clone(s.nodes)}
		r.orders[key] = known
		rec.ordersDue = rec.ordersDue || len(r.orders) > manyOrders
	}
	known.outermost = known.outermost || outermost
	return known
}

// forget forgets the orders, which were evaluated.
func (r *ranSubgraph) forget() {
	for _, n := range r.nodes {
		n.within = nil
	}
	r.orders = make(map[orderKey]*order)
}

// drop forgets the descriptions behind the orders, too.
func (r *ranSubgraph) drop() {
	for _, n := range r.nodes {
		n.desc, n.within = nil, nil
	}
	for _, o := range r.orders {
		o.nodes = nil
	}
	r.nodes, r.dropped = nil, true
}

// ranSubgraph returns what is kept of the subgraph with that id.
func (rec *recording) ranSubgraph(id uint32) *ranSubgraph {
	r := rec.ran[id]
	if r == nil {
		r = &ranSubgraph{orders: make(map[orderKey]*order)}
		rec.ran[id] = r
	}
	return r
}

// nest is the runs of subgraphs within ops of a thread that have not ended, by depth less one.
type nest []nested

type nested struct {
	sequence        // of the run in progress
	subgraph uint32 // its id
	start    uint64 // of the first op, ns
	ended    []*order
}

func (l *nested) reset() { l.sequence.reset(); l.ended = l.ended[:0] }

// nestOp adds an op to the run that it is part of, and attributes the runs within it to its node. Ops come in the order
// in which they end.
func (rec *recording) nestOp(t *thread, n *node, op trace.Op) {
	depth := int(min(op.Depth, maxDepth))
	for i := len(t.nest) - 1; i > depth; i-- {
		t.nest[i].reset() // the op around them was lost
	}
	if len(t.nest) > depth {
		l := &t.nest[depth]
		rec.endNested(l)
		if l.start >= op.Start {
			for _, o := range l.ended {
				n.contain(o)
			}
		}
		l.reset()
	}
	if depth == 0 || n.desc == nil || n.desc.Operator != nil { // it's no node of a subgraph, but what a delegate's node does
		return
	}
	for len(t.nest) < depth {
		t.nest = append(t.nest, nested{})
	}
	l := &t.nest[depth-1]
	if len(l.nodes) > 0 && (l.subgraph != n.subgraph || l.nodes[0].seen == n.seen) { // the next iteration of a loop, say
		rec.endNested(l)
	}
	if len(l.nodes) == 0 && len(l.ended) == 0 {
		l.start = op.Start
	}
	l.subgraph = n.subgraph
	l.add(n)
}

func (rec *recording) endNested(l *nested) {
	if len(l.nodes) == 0 {
		return
	}
	if o := rec.keepOrder(l.subgraph, &l.sequence, false); o != nil && !slices.Contains(l.ended, o) {
		l.ended = append(l.ended, o)
	}
	l.sequence.reset()
}

// contain remembers that the order ran within the node's op.
func (n *node) contain(o *order) {
	if n.within == nil {
		n.within = make(map[*order]bool)
	}
	n.within[o] = true
	o.subgraph.orders[o.key] = o // it may have been forgotten since it ran
}
