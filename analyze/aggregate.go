package analyze

import (
	"github.com/edgexray/edgexray/trace"
)

// sumKey is whose ops were summed up while they ran.
type sumKey struct{ thread, node uint32 }

// sum is what it takes to put such ops back into each other.
type sum struct {
	around      uint32 // node of the op within which they ran, 0 for none
	count, wall uint64
	resident    int64
}

// addAggregate adds ops that were summed up while they ran.
func (rec *recording) addAggregate(a *trace.Aggregate) {
	n := rec.nodes[a.Node]
	if n == nil {
		rec.undescribed += a.Count
		return
	}
	t, r := rec.thread(a.Thread), n.row.resolve()
	rough := func(yield func(v, count uint64) bool) {
		octave := uint64(rec.header.GetAggregateOctave())
		for i, count := range a.BucketCount[:min(len(a.BucketCount), len(a.Bucket))] {
			if octave != 0 && !yield(bucketMiddle(uint64(a.Bucket[i]), octave), count) {
				return
			}
		}
	}
	r.wall.addSum(a.Count, a.SumNs, a.MinNs, a.MaxNs, rough)
	t.wall.addSum(a.Count, a.SumNs, a.MinNs, a.MaxNs, rough)
	r.paid.addAggregate(a)
	if r.firstStart == 0 || a.FirstStartNs < r.firstStart {
		r.firstStart, r.first = a.FirstStartNs, a.FirstNs
	}
	key := sumKey{a.Thread, a.Node}
	s := rec.sums[key]
	if s == nil {
		s = new(sum)
		rec.sums[key] = s
	}
	s.around = a.Around
	s.count += a.Count
	s.wall += a.SumNs
	s.resident += a.Resident
}

// bucketMiddle returns the ns in the middle of a bucket, of which trace.Aggregate says what it holds.
func bucketMiddle(bucket, octave uint64) uint64 {
	if bucket < octave {
		return bucket
	}
	shift := min(bucket/octave-1, 63)
	return (octave+bucket%octave)<<shift + 1<<shift>>1
}

func (p *Paid) addAggregate(a *trace.Aggregate) {
	p.merge(&Paid{
		WallNS: a.SumNs, OffCPUNS: a.OffCpu, PreemptedNS: a.Preempted, WorkersNS: a.Workers, MinorFaults: a.MinorFaults,
		MajorFaults: a.MajorFaults, Migrations: a.Migrations, Resident: a.Resident, count: a.Count, threads: a.Threads, threadWall: a.ThreadNs,
	})
}

// placeSums puts ops that were summed up back into each other.
func (rec *recording) placeSums() {
	within := make(map[sumKey][]uint32)
	outermost := make(map[nodeKey]*sum)
	for key, s := range rec.sums {
		around := sumKey{key.thread, s.around}
		if rec.sums[around] == nil || around == key {
			around.node = 0
			n := rec.nodes[key.node]
			place := nodeKey{n.subgraph, n.row.resolve().desc.Index}
			if outermost[place] == nil {
				outermost[place] = new(sum)
			}
			outermost[place].count += s.count
			outermost[place].wall += s.wall
		}
		within[around] = append(within[around], key.node)
	}
	placed := make(map[sumKey]bool)
	for _, t := range rec.threads {
		for _, node := range within[sumKey{t.desc.Id, 0}] {
			t.stack.roots.add(rec.callOf(sumKey{t.desc.Id, node}, within, placed, 0))
		}
	}
	for key := range rec.sums { // damaged traces may have some in a circle, or too deep
		if !placed[key] {
			rec.thread(key.thread).stack.roots.add(rec.callOf(key, nil, placed, 0))
		}
	}
	rec.countInvokes(outermost)
}

// countInvokes tells a subgraph's invokes by how often its nodes ran: most run once in each.
func (rec *recording) countInvokes(outermost map[nodeKey]*sum) {
	type ranSo struct {
		subgraph uint32
		times    uint64
	}
	nodes := make(map[ranSo]int)
	wall := make(map[uint32]uint64) // by subgraph
	for place, s := range outermost {
		nodes[ranSo{place.subgraph, s.count}]++
		wall[place.subgraph] += s.wall
	}
	invokes := make(map[uint32]ranSo)
	for so, n := range nodes {
		if best, known := invokes[so.subgraph]; !known || n > nodes[best] || n == nodes[best] && so.times > best.times {
			invokes[so.subgraph] = so
		}
	}
	for id, so := range invokes {
		s := rec.subgraphs[id].resolve()
		s.invokes.variant(nodes[so]).addSum(so.times, wall[id], 0, 0, func(func(v, count uint64) bool) {})
	}
}

func (rec *recording) callOf(key sumKey, within map[sumKey][]uint32, placed map[sumKey]bool, depth int) *call {
	placed[key] = true
	s := rec.sums[key]
	c := &call{row: rec.nodes[key.node].row.resolve(), count: s.count, wall: s.wall, resident: s.resident}
	var inner uint64
	for _, node := range within[key] {
		if depth == maxDepth {
			break // the others stand for themselves
		}
		child := rec.callOf(sumKey{key.thread, node}, within, placed, depth+1)
		inner += child.wall
		c.children.add(child)
	}
	c.self = s.wall - min(inner, s.wall)
	c.row.self += c.self
	return c
}

// gapsNS returns for how long nothing was recorded.
func (rec *recording) gapsNS() uint64 { return max(rec.gaps.ns, rec.end.GetGapsNs()) }
