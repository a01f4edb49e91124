package agent

import (
	"os"
	"time"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/trace"
)

// aggregates writes the sums of ops that BPF keeps by node: each time what was added since the last.
type aggregates struct {
	session *Session
	written map[uint64]*bpf.AggregateValue // by node, as they stood then
	next    time.Time
}

// Sums are written ever less often, so that a recording of weeks stays small: what a killed recorder loses is this part
// of its recording.
const (
	aggregateEvery = 10 * time.Second
	aggregateShare = 20
)

func (a *aggregates) wanted() bool { return a.session.options.Aggregate != bpf.AggregateOff }

func (a *aggregates) writeSometimes() {
	if !a.wanted() || time.Now().Before(a.next) {
		return
	}
	if !a.next.IsZero() {
		a.write()
	}
	elapsed := time.Duration(app.Now() - a.session.started)
	a.next = time.Now().Add(max(aggregateEvery, elapsed/aggregateShare))
}

// write writes all sums that have changed.
func (a *aggregates) write() {
	if !a.wanted() || a.session.programs == nil {
		return
	}
	all, err := a.session.programs.ReadAggregates()
	if err != nil {
		a.session.note("drain", "%v", err)
	}
	for i := range all {
		a.writeNode(&all[i])
	}
}

// take writes what there is of a node that is about to be forgotten, and of its operators.
func (a *aggregates) take(n *node) {
	if !a.wanted() {
		return
	}
	for _, operator := range n.operators {
		a.take(operator)
	}
	if sums, ok := a.session.programs.ReadAggregate(n.bpfID); ok {
		a.writeNode(&sums)
	}
	if err := a.session.programs.ForgetAggregate(n.bpfID); err != nil {
		a.session.note("drain", "%v", err)
	}
	delete(a.written, n.bpfID)
}

func (a *aggregates) takeSubgraph(g *subgraph) {
	for _, n := range g.nodes {
		a.take(n)
	}
}

func (a *aggregates) writeNode(sums *bpf.NodeAggregate) {
	s := a.session
	before := a.written[sums.Node]
	if before == nil {
		before = new(bpf.AggregateValue)
	}
	count := sums.Count - before.Count
	n := s.nodes[sums.Node]
	if n != nil {
		s.settle(n)
	}
	switch {
	case count == 0:
		return
	case n == nil:
		s.summary.unattributed += count
	case s.options.Only.excludes(n):
		s.summary.excluded += count
	default:
		d := a.difference(&sums.AggregateValue, before, n)
		s.describe(d)
		s.summary.aggregated += count
		n.subgraph.process.described.Received += count
	}
	value := sums.AggregateValue
	a.written[sums.Node] = &value
}

// drop forgets the sums of a node whose ops ended who knows when, and counts them.
func (a *aggregates) drop(n *node) {
	if !a.wanted() || n == nil {
		return
	}
	if sums, ok := a.session.programs.ReadAggregate(n.bpfID); ok {
		a.session.summary.endsUnseen += sums.Count
	}
	if err := a.session.programs.ForgetAggregate(n.bpfID); err != nil {
		a.session.note("drain", "%v", err)
	}
	delete(a.written, n.bpfID)
}

// difference returns what was added to the sums of a node. Its thread, and the node around it, are those of its last op.
func (a *aggregates) difference(now, before *bpf.AggregateValue, n *node) *trace.Aggregate {
	s := a.session
	p := n.subgraph.process
	d := &trace.Aggregate{
		Thread: s.threadOf(p, now.Tid), Node: n.id, Count: now.Count - before.Count, SumNs: now.SumNs - before.SumNs,
		MinNs: now.MinNs, MaxNs: now.MaxNs, FirstStartNs: now.FirstStartNs, FirstNs: now.FirstNs,
		OffCpu: now.OffCpuNs - before.OffCpuNs, Preempted: now.PreemptedNs - before.PreemptedNs, Workers: now.WorkersNs - before.WorkersNs,
		MinorFaults: now.MinorFaults - before.MinorFaults, MajorFaults: now.MajorFaults - before.MajorFaults,
		Migrations: now.Migrations - before.Migrations, Threads: now.Threads - before.Threads, ThreadNs: now.ThreadNs - before.ThreadNs,
		Resident: (now.ResidentPages - before.ResidentPages) * int64(os.Getpagesize()),
	}
	if around := s.nodes[now.Around]; around != nil {
		s.settle(around)
		d.Around = around.id
	}
	for bucket, count := range now.Buckets {
		if added := count - before.Buckets[bucket]; added != 0 { // modulo 2^32, as it is counted
			d.Bucket = append(d.Bucket, uint32(bucket))
			d.BucketCount = append(d.BucketCount, uint64(added))
		}
	}
	return d
}
