package analyze

import (
	"iter"
	"maps"
	"slices"

	"github.com/edgexray/edgexray/trace"
)

// ids says what the ids of a trace stand for in a result.
type ids struct {
	nodes     map[uint32]*Op
	subgraphs map[uint32]*ranAs
	threads   map[uint32]*Thread
	processes map[uint32]*Process
}

// ranAs is what the interpreters of a model that have a subgraph in common say of it.
type ranAs struct {
	model *Model
	index int32
	ops   int // of a whole invoke
}

func (b *builder) ids(processes []*Process) ids {
	all := ids{make(map[uint32]*Op), make(map[uint32]*ranAs), make(map[uint32]*Thread), make(map[uint32]*Process)}
	for i, id := range slices.Sorted(maps.Keys(b.rec.processes)) {
		all.processes[id] = processes[i]
	}
	for id, n := range b.rec.nodes {
		if op := b.ops[n.row.resolve()]; op != nil {
			all.nodes[id] = op
		}
	}
	ran := make(map[*subgraph]*ranAs)
	for id, s := range b.rec.subgraphs {
		s = s.resolve()
		if ran[s] == nil {
			ops, _ := s.invokes.whole()
			ran[s] = &ranAs{b.models[s.graph.resolve()], s.desc.Index, ops}
		}
		all.subgraphs[id] = ran[s]
	}
	for id, t := range b.rec.threads {
		all.threads[id] = &Thread{b.rec.processes[t.desc.Process].GetPid(), b.rec.processName(t.desc.Process), t.desc.Tid, t.desc.Name, id}
	}
	return all
}

// replay reads a trace again, now that all is known that it describes. It tells invokes apart as the recording does.
type replay struct {
	Visitor
	ids     ids
	rec     *recording
	numbers map[*ranAs]int // of the latest invoke
	waiting int            // executions
	spillAt int            // spill when there are more
	lost    map[string]uint64
	exited  map[uint32]bool // processes
	invoke  Invoke
	err     error // of a function of the Visitor
}

func newReplay(r *OpsResult, v Visitor) *replay {
	p := &replay{Visitor: v, ids: r.ids, rec: newRecording(), numbers: make(map[*ranAs]int), spillAt: maxWaiting, lost: make(map[string]uint64), exited: make(map[uint32]bool)}
	p.rec.replay = p
	return p
}

// maxWaiting bounds how many executions wait for the end of their invoke. Loops run the same nodes again and again.
const maxWaiting = 1 << 18

// trail is the executions of a thread whose invoke has not ended, in the order of an Invoke, and where those are that wait
// for the op around them, by depth less one.
type trail struct {
	executions []Execution
	open       []opened
}

// opened is ops of the same depth that ended and wait for the op around them.
type opened struct {
	some  bool
	at    int    // of the first one in the trail
	start uint64 // of the first one
	wall  uint64 // of all
}

// add adds an op that has ended, before those that ran within it.
func (t *trail) add(e Execution) {
	depth := min(e.Depth, maxDepth)
	at := len(t.executions)
	for i := depth; i < len(t.open); i++ {
		o := &t.open[i]
		if o.some && o.start >= e.StartNS { // else they ran within an op that was lost
			at = min(at, o.at)
			if i == depth {
				e.SelfNS -= min(o.wall, e.SelfNS)
			}
		}
		*o = opened{}
	}
	t.executions = slices.Insert(t.executions, at, e)
	if depth == 0 {
		return
	}
	for len(t.open) < depth {
		t.open = append(t.open, opened{})
	}
	o := &t.open[depth-1]
	if !o.some {
		*o = opened{some: true, at: at, start: e.StartNS}
	}
	o.wall += e.DurationNS
}

// invoke returns how many executions belong to the oldest outermost ops of that number, or were left over around them.
func (t *trail) invoke(ops int) int {
	for i := range t.executions {
		if t.executions[i].Depth == 0 {
			if ops == 0 {
				return i
			}
			ops--
		}
	}
	return len(t.executions)
}

// cut removes the first executions.
func (t *trail) cut(n int) {
	t.executions = slices.Delete(t.executions, 0, n)
	for i := range t.open {
		t.open[i].at = max(t.open[i].at-n, 0)
	}
}

func (p *replay) add(b *trace.Block) error {
	from := p.rec.lastNS
	if b.Header != nil {
		from = b.Header.StartNs
	}
	p.rec.describe(b)
	for _, m := range b.Markers {
		if t := p.ids.threads[m.Thread]; t != nil && p.Marker != nil && p.err == nil {
			p.err = p.Marker(m, t)
		}
	}
	for _, gap := range b.Gaps {
		p.gap(gap)
	}
	for _, batch := range b.Ops {
		t := p.rec.thread(batch.Thread)
		for op := range batch.All() {
			if p.op(t, op); p.err != nil {
				return p.err
			}
		}
	}
	p.rec.lastNS = max(p.rec.lastNS, b.TimeNs)
	p.losses(b, from)
	p.exits(b)
	if len(p.rec.graphs) >= p.rec.foldAt {
		p.rec.fold()
	}
	return p.err
}

func (p *replay) op(t *thread, op trace.Op) {
	n, as := p.rec.nodes[op.Node], p.ids.nodes[op.Node]
	if n == nil || as == nil || p.ids.threads[op.Thread] == nil {
		return // counted as lost; or written since the trace was read first
	}
	t.trail.add(Execution{as, op.Start, op.Duration, op.Duration, int(op.Depth), op.ToNext != 0, op.Paid})
	if p.waiting++; p.waiting > p.spillAt {
		p.spill()
	}
	if op.Depth == 0 {
		p.rec.invokeOp(t, n, op)
	}
}

// endInvoke visits an invoke of the thread's oldest outermost ops.
func (p *replay) endInvoke(t *thread, ops int, start, end uint64) {
	n := t.trail.invoke(ops)
	as := p.ids.subgraphs[t.run.subgraph]
	p.numbers[as]++
	p.invoke = Invoke{
		Number:      p.numbers[as],
		Model:       as.model,
		Subgraph:    as.index,
		Interpreter: p.rec.ranSubgraph(t.run.subgraph).desc.GetInterpreter(),
		StartNS:     start,
		EndNS:       end,
		Partial:     ops != as.ops,
	}
	p.visit(t, t.trail.executions[:n])
	t.trail.cut(n)
}

// visit visits the invoke with these of the thread's executions.
func (p *replay) visit(t *thread, executions []Execution) {
	p.invoke.Thread, p.invoke.Executions = p.ids.threads[t.desc.Id], executions
	if p.Invoke != nil && p.err == nil {
		p.err = p.Invoke(&p.invoke)
	}
	p.waiting -= len(executions)
}

// stray visits executions whose invoke can't be told.
func (p *replay) stray(t *thread, executions []Execution) {
	if len(executions) == 0 {
		return
	}
	p.invoke = Invoke{Subgraph: -1, StartNS: executions[0].StartNS}
	for _, e := range executions {
		p.invoke.StartNS = min(p.invoke.StartNS, e.StartNS)
		p.invoke.EndNS = max(p.invoke.EndNS, e.StartNS+e.DurationNS)
	}
	p.visit(t, executions)
}

// spill visits nested executions before their invokes end: too many wait for that.
func (p *replay) spill() {
	for t := range p.threads() {
		var nested []Execution
		t.trail.executions = slices.DeleteFunc(t.trail.executions, func(e Execution) bool {
			if e.Depth > 0 {
				nested = append(nested, e)
			}
			return e.Depth > 0
		})
		for i := range t.trail.open {
			t.trail.open[i].at = len(t.trail.executions)
		}
		p.stray(t, nested)
	}
	p.spillAt = max(maxWaiting, 2*p.waiting)
}

// interrupt ends what is in progress.
func (p *replay) interrupt() error {
	for t := range p.threads() {
		p.rec.finishRun(t)
		p.stray(t, t.trail.executions)
		t.trail = trail{}
	}
	return p.err
}

// threads yields all threads in a certain order.
func (p *replay) threads() iter.Seq[*thread] {
	return func(yield func(*thread) bool) {
		for _, id := range slices.Sorted(maps.Keys(p.rec.threads)) {
			if !yield(p.rec.threads[id]) {
				return
			}
		}
	}
}

func (p *replay) gap(g *trace.Gap) {
	p.interrupt()
	p.rec.gap(g)
	if p.Gap != nil && p.err == nil {
		p.err = p.Gap(g)
	}
}

// losses visits what was lost since the block before, which ended at from.
func (p *replay) losses(b *trace.Block, from uint64) {
	for _, l := range b.Losses {
		count := l.Count - min(p.lost[l.Cause], l.Count)
		p.lost[l.Cause] = l.Count
		if count != 0 && p.Loss != nil && p.err == nil {
			p.err = p.Loss(Loss{l.Cause, count, from, p.rec.lastNS})
		}
	}
}

func (p *replay) exits(b *trace.Block) {
	for _, process := range b.Processes {
		known := p.ids.processes[process.Id]
		if !process.Exited || p.exited[process.Id] || known == nil {
			continue
		}
		p.exited[process.Id] = true
		if p.Exit != nil && p.err == nil {
			p.err = p.Exit(Exit{known, p.rec.lastNS})
		}
	}
}
