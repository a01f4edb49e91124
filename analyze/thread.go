package analyze

import "github.com/edgexray/edgexray/trace"

// thread is a thread of the trace and what it is doing at the point up to which the trace was read.
type thread struct {
	desc  *trace.Thread
	wall  Distribution // of all its ops
	run   run
	stack stack
	nest  nest
	trail trail // when the trace is read again
}

// run is an invoke in progress: the ops of one subgraph that a thread runs until a node comes again.
type run struct {
	id         uint64
	subgraph   uint32 // id in the trace
	of         *subgraph
	ops        int
	start, end uint64 // ns
	toll       toll   // of its ops
	order      []ran  // its ops, while the subgraph's phase isn't settled
	sequence
}

// invokeOp adds an op that no other op encloses to the thread's invoke, or starts the next one with it.
func (rec *recording) invokeOp(t *thread, n *node, op trace.Op) {
	p := n.phase
	changed := p.settled && *n.seen == 0 // a node that never ran: a delegate has replaced others, say
	if changed {
		*p = phase{}
	}
	switch {
	case t.run.of == nil || n.subgraph != t.run.subgraph || changed:
		rec.finishRun(t)
		rec.startRun(t, n)
	case p.begins(n, &t.run):
		rec.nextRun(t, p, n)
	}
	t.run.add(n, op.Start, op.Start+op.Duration, !p.settled)
	t.run.toll.add(rec.toll(&op, !n.ran))
}

func (rec *recording) startRun(t *thread, n *node) {
	rec.runs++
	t.run.reset()
	t.run = run{id: rec.runs, subgraph: n.subgraph, of: n.row.resolve().subgraph, order: t.run.order[:0], sequence: t.run.sequence}
}

// nextRun ends the thread's invoke, as node n begins another one, unless a check of the order shows that the other one
// had begun before.
func (rec *recording) nextRun(t *thread, p *phase, n *node) {
	order := t.run.order
	if p.settled || len(order) != t.run.ops || order[0].node.seen != n.seen {
		rec.finishRun(t)
		rec.startRun(t, n)
		return
	}
	start := p.settle(order)
	if start == 0 {
		start = len(order)
	}
	rec.endInvoke(t, start, order[0].start, order[start-1].end, toll{cold: true})
	rec.keepOrder(t.run.subgraph, t.run.upTo(start), true)
	rec.startRun(t, n)
	for _, op := range order[start:] {
		t.run.add(op.node, op.start, op.end, false)
		t.run.toll.cold = true
	}
	t.run.order = nil // no longer needed
}

func (r *run) add(n *node, start, end uint64, keepOrder bool) {
	if r.ops == 0 {
		r.start = start
	}
	if keepOrder && len(r.order) == r.ops && r.ops < maxChecked {
		r.order = append(r.order, ran{n, start, end})
	}
	*n.seen = r.id
	r.sequence.add(n)
	n.row.resolve().position = r.ops
	r.ops++
	r.end = end
}

func (rec *recording) finishRun(t *thread) {
	if t.run.of != nil {
		rec.endInvoke(t, t.run.ops, t.run.start, t.run.end, t.run.toll)
		rec.keepOrder(t.run.subgraph, &t.run.sequence, true)
	}
	t.run.reset()
	t.run = run{order: t.run.order[:0], sequence: t.run.sequence}
}

// endInvoke sums up the thread's oldest outermost ops as an invoke of its run's subgraph.
func (rec *recording) endInvoke(t *thread, ops int, start, end uint64, paid toll) {
	t.run.of.resolve().invokes.add(ops, end-start, paid)
	if rec.replay != nil {
		rec.replay.endInvoke(t, ops, start, end)
	}
}

// maxVariants bounds how many different lengths of invokes of a subgraph are told apart.
const maxVariants = 32

// invokes sums up the invokes of a subgraph by how many ops they ran. The most frequent number is what a whole invoke
// runs. Others are parts of one: the recording began or ended within it, or op records were lost.
type invokes struct {
	byOps  map[int]*variant
	other  uint64 // invokes beyond maxVariants
	recent *recent
}

// variant is the invokes that ran the same number of ops.
type variant struct {
	Distribution // of wall times in ns, from the first op's start to the last one's end
	clean        Clean
}

func (v *invokes) add(ops int, wall uint64, t toll) {
	v.recent.add(wall)
	if d := v.variant(ops); d != nil {
		d.Add(wall)
		if v.recent == nil {
			d.clean.add(wall, t)
		}
	} else {
		v.other++
	}
}

func (v *invokes) variant(ops int) *variant {
	d := v.byOps[ops]
	if d == nil && len(v.byOps) < maxVariants {
		if v.byOps == nil {
			v.byOps = make(map[int]*variant)
		}
		d = new(variant)
		v.byOps[ops] = d
	}
	return d
}

func (v *invokes) merge(other *invokes) {
	v.other += other.other
	v.recent.merge(other.recent)
	for ops, from := range other.byOps {
		if d := v.variant(ops); d != nil {
			d.Merge(&from.Distribution)
			d.clean.merge(&from.clean)
		} else {
			v.other += from.Count
		}
	}
}

func (v *invokes) count() uint64 {
	n := v.other
	for _, d := range v.byOps {
		n += d.Count
	}
	return n
}

// whole returns the number of ops of a whole invoke, and those; of equally frequent numbers the largest.
func (v *invokes) whole() (ops int, most *variant) {
	most = new(variant)
	for n, d := range v.byOps {
		if d.Count > most.Count || d.Count == most.Count && n > ops {
			ops, most = n, d
		}
	}
	return ops, most
}
