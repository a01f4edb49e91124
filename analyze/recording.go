// Package analyze turns traces into answers. It reads a trace once, block by block: what it keeps grows with the number
// of things described in the trace, not with the number of ops recorded.
package analyze

import (
	"github.com/edgexray/edgexray/trace"
)

// LossUndescribed is the cause under which ops are counted whose node the trace does not describe.
const LossUndescribed = "op without description"

// recording is what a trace holds, op records summed up.
type recording struct {
	header     *trace.Header
	cores      coreFacts  // of the header
	end        *trace.End // nil: the recording did not end cleanly
	lastNS     uint64     // time of the last block
	truncation *trace.Truncation
	losses     []*trace.Loss // as counted last
	notes      []*trace.Note

	samples samples

	undescribed uint64 // ops of nodes that the trace doesn't describe

	heap heapUses

	processes map[uint32]*trace.Process
	runtimes  map[uint32]*trace.Runtime
	kernels   map[uint32]*trace.Kernel
	models    map[uint32]*trace.Model
	inFile    map[placeInModel]*trace.ModelNode
	threads   map[uint32]*thread
	subgraphs map[uint32]*subgraph
	nodes     map[uint32]*node
	seen      map[nodeKey]*uint64
	ran       map[uint32]*ranSubgraph
	ordersDue bool              // some subgraph has many that wait for evaluation
	phases    map[uint32]*phase // by subgraph id

	interpreters map[interpreterKey]*graph
	graphs       []*graph // in order of appearance, merged ones included
	foldAt       int      // fold when there are so many graphs
	graphsSeen   int
	runs         uint64  // invokes begun, of any subgraph
	window       *window // nil unless the trace is still being written
	gone         gone
	replay       *replay // nil unless the trace is read again

	sums map[sumKey]*sum // of ops that were recorded as sums
	gaps gaps
}

func newRecording() *recording {
	return &recording{
		processes:    make(map[uint32]*trace.Process),
		runtimes:     make(map[uint32]*trace.Runtime),
		kernels:      make(map[uint32]*trace.Kernel),
		models:       make(map[uint32]*trace.Model),
		inFile:       make(map[placeInModel]*trace.ModelNode),
		threads:      make(map[uint32]*thread),
		subgraphs:    make(map[uint32]*subgraph),
		nodes:        make(map[uint32]*node),
		seen:         make(map[nodeKey]*uint64),
		ran:          make(map[uint32]*ranSubgraph),
		phases:       make(map[uint32]*phase),
		interpreters: make(map[interpreterKey]*graph),
		foldAt:       minFold,
		sums:         make(map[sumKey]*sum),
		samples:      newSamples(),
	}
}

// readRecording reads all that can be read of r.
func readRecording(r *trace.Reader) (*recording, error) {
	rec := newRecording()
	for r.Next() {
		rec.add(r.Block())
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	rec.truncation = r.Truncated()
	rec.finish()
	return rec, nil
}

// finish ends what was in progress at the end of the trace.
func (rec *recording) finish() {
	for _, t := range rec.threads {
		rec.finishRun(t)
		t.stack.finish()
	}
	rec.placeSums()
	rec.fold()
	rec.samples.fold()
}

// gaps are the times in which nothing was recorded.
type gaps struct {
	count int
	ns    uint64
}

// gap ends what is in progress: its end is not in the trace.
func (rec *recording) gap(g *trace.Gap) {
	rec.gaps.count++
	rec.gaps.ns += g.EndNs - min(g.StartNs, g.EndNs)
	for _, t := range rec.threads {
		rec.finishRun(t)
		t.stack.finish()
		for i := range t.nest {
			t.nest[i].reset()
		}
	}
}

func (rec *recording) add(b *trace.Block) {
	rec.describe(b)
	for _, gap := range b.Gaps {
		rec.gap(gap)
	}
	for _, a := range b.Aggregates {
		rec.addAggregate(a)
	}
	for _, batch := range b.Ops {
		t := rec.thread(batch.Thread)
		for op := range batch.All() {
			n := rec.nodes[op.Node]
			if n == nil {
				rec.undescribed++
				continue
			}
			rec.addOp(t, n, op)
		}
	}
	rec.addSamples(b)
	if b.Losses != nil {
		rec.losses = b.Losses
	}
	if b.End != nil {
		rec.end = b.End
	}
	rec.lastNS = max(rec.lastNS, b.TimeNs)
	if rec.ordersDue {
		rec.ordersDue = false
		rec.evaluateMemory()
	}
	if len(rec.graphs) >= rec.foldAt {
		rec.fold()
		rec.samples.fold()
	}
}

// describe takes in what a block describes. A thing described again replaces what was known about it.
func (rec *recording) describe(b *trace.Block) {
	if b.Header != nil {
		rec.header = b.Header
		rec.readCores()
	}
	for _, m := range b.Runtimes {
		rec.runtimes[m.Id] = m
	}
	for _, m := range b.Kernels {
		rec.kernels[m.Id] = m
	}
	for _, m := range b.Processes {
		rec.processes[m.Id] = m
	}
	for _, m := range b.Models {
		rec.models[m.Id] = m
	}
	for _, m := range b.ModelNodes {
		if rec.window == nil { // nobody asks it of a live view
			rec.inFile[placeInModel{m.Model, m.Subgraph, m.Index}] = m
		}
	}
	for _, m := range b.Threads {
		rec.thread(m.Id).desc = m
	}
	for _, m := range b.Subgraphs {
		rec.describeSubgraph(m)
	}
	for _, m := range b.Nodes {
		rec.describeNode(m)
	}
	rec.heap.add(b)
	if room := maxNotes - len(rec.notes); room > 0 {
		rec.notes = append(rec.notes, b.Notes[:min(room, len(b.Notes))]...)
	}
}

// maxNotes bounds the notes that are kept; a recorder writes a few dozen at most.
const maxNotes = 1000

func (rec *recording) addOp(t *thread, n *node, op trace.Op) {
	r := n.row.resolve()
	r.wall.Add(op.Duration)
	r.recent.add(op.Duration)
	r.paid.add(op)
	r.toNext += op.ToNext
	t.wall.Add(op.Duration)
	if r.wall.Count == 1 || op.Start < r.firstStart {
		r.firstStart, r.first, r.firstPaid = op.Start, op.Duration, op.Paid
	}
	if rec.window == nil { // a live view tells neither stragglers nor changes
		r.clean.add(op.Duration, rec.toll(&op, !n.ran))
		if n.ran {
			r.course.add(op.Start-min(rec.header.GetStartNs(), op.Start), op.Duration-min(op.Paid.Preempted, op.Duration))
		}
	}
	if op.Depth == 0 {
		rec.invokeOp(t, n, op)
	}
	n.ran = true
	t.stack.end(r, op)
	if op.Depth != 0 || len(t.nest) != 0 {
		rec.nestOp(t, n, op)
	}
}

// durationNS returns how long the recording lasted, in ns.
func (rec *recording) durationNS() uint64 {
	if ns := rec.end.GetDurationNs(); ns != 0 {
		return ns
	}
	if start := rec.header.GetStartNs(); start < rec.lastNS {
		return rec.lastNS - start
	}
	return 0
}

// lost returns how many records were lost, by cause.
func (rec *recording) lost() map[string]uint64 {
	lost := make(map[string]uint64)
	add := func(cause string, count uint64) {
		if count != 0 {
			lost[cause] += count
		}
	}
	for _, loss := range rec.losses {
		add(loss.Cause, loss.Count)
	}
	add(LossUndescribed, rec.undescribed)
	return lost
}

func (rec *recording) thread(id uint32) *thread {
	t := rec.threads[id]
	if t == nil {
		t = &thread{desc: &trace.Thread{Id: id}}
		rec.threads[id] = t
	}
	return t
}

func (rec *recording) phase(subgraph uint32) *phase {
	p := rec.phases[subgraph]
	if p == nil {
		p = new(phase)
		rec.phases[subgraph] = p
	}
	return p
}

// probeCost returns what a probe of the instruction class costs an op in ns; of the dearest class when it isn't known.
func (rec *recording) probeCost(class string) uint64 {
	var dearest uint64
	for _, cost := range rec.header.GetProbeCosts() {
		if cost.InstructionClass == class {
			return cost.TotalNs
		}
		dearest = max(dearest, cost.TotalNs)
	}
	return dearest
}
