package analyze

import (
	"cmp"
	"maps"
	"slices"

	"github.com/edgexray/edgexray/trace"
)

// What a Live keeps of what is over. Apps make an interpreter for each request, threads for each piece of work, and are
// started again and again; a recording may go on for days.
const (
	maxIdleThreads   = 256  // threads are dropped when there are twice as many
	maxIdleProcesses = 256  // that ran nothing are dropped when there are twice as many
	maxGoneModels    = 32   // of processes that ended
	maxLiveRows      = 4096 // of a subgraph; from then on a node's shapes are not told apart
)

// gone is what a recording of which a window is kept can forget, or has forgotten.
type gone struct {
	subgraphs []uint32              // ids of which no more ops come, after the block that is being read
	contexts  map[contextKey]uint32 // latest id of the subgraph at an address
	models    int                   // forgotten
}

type contextKey struct {
	process uint32
	context uint64
}

// withoutTensors returns the description of a node as if its tensors were not known.
func withoutTensors(m *trace.Node) *trace.Node {
	return &trace.Node{Id: m.Id, Subgraph: m.Subgraph, Index: m.Index, OpCode: m.OpCode, Op: m.Op, Custom: m.Custom, Version: m.Version,
		Kernel: m.Kernel, Delegate: m.Delegate, Replaced: m.Replaced, OpGuessed: m.OpGuessed, Incomplete: m.Incomplete, Operator: m.Operator}
}

// noticeSubgraph notices that a subgraph has taken the place of another one.
func (rec *recording) noticeSubgraph(m *trace.Subgraph) {
	if rec.window == nil || m.Context == 0 {
		return
	}
	key := contextKey{m.Process, m.Context}
	if old, ok := rec.gone.contexts[key]; ok && old < m.Id {
		rec.gone.subgraphs = append(rec.gone.subgraphs, old)
	}
	if rec.gone.contexts == nil {
		rec.gone.contexts = make(map[contextKey]uint32)
	}
	rec.gone.contexts[key] = max(rec.gone.contexts[key], m.Id)
}

// forgetGone forgets what was over at the end of the block before.
func (rec *recording) forgetGone() {
	for _, id := range rec.gone.subgraphs {
		rec.forgetSubgraph(id)
	}
	rec.gone.subgraphs = rec.gone.subgraphs[:0]
	rec.forgetThreads()
	rec.forgetModels()
}

// forgetSubgraph forgets the ids of a subgraph and its nodes. What they ran stays in their graph.
func (rec *recording) forgetSubgraph(id uint32) {
	ran := rec.ran[id]
	if ran == nil {
		return
	}
	for _, n := range ran.nodes {
		delete(rec.nodes, n.id)
		delete(rec.seen, nodeKey{id, n.desc.GetIndex()})
	}
	d := ran.desc
	key := contextKey{d.GetProcess(), d.GetContext()}
	if rec.gone.contexts[key] == id {
		delete(rec.gone.contexts, key)
	}
	delete(rec.interpreters, interpreterKey{d.GetProcess(), d.GetInterpreter(), 0})
	delete(rec.interpreters, interpreterKey{d.GetProcess(), 0, id})
	delete(rec.phases, id)
	delete(rec.subgraphs, id)
	delete(rec.ran, id)
}

// forgetThreads forgets those that have not run anything for longest. One that does again is a new one.
func (rec *recording) forgetThreads() {
	if len(rec.threads) < 2*maxIdleThreads {
		return
	}
	ids := slices.SortedFunc(maps.Keys(rec.threads), func(a, b uint32) int {
		return cmp.Compare(rec.threads[b].run.end, rec.threads[a].run.end)
	})
	for _, id := range ids[maxIdleThreads:] {
		t := rec.threads[id]
		rec.finishRun(t)
		delete(rec.threads, id)
	}
}

// forgetProcesses forgets those that ended without an op, but for some: short-lived programs may map a library for nothing.
func (rec *recording) forgetProcesses() {
	if len(rec.processes) < 2*maxIdleProcesses {
		return
	}
	used := make(map[uint32]bool)
	for _, g := range rec.graphs {
		used[g.process] = true
	}
	for id, p := range rec.processes {
		if p.Exited && !used[id] {
			delete(rec.processes, id)
		}
	}
}

// forgetModels forgets the models of processes that ended, but for the latest.
func (rec *recording) forgetModels() {
	exited := func(process uint32) bool { return rec.processes[process].GetExited() }
	rec.forgetProcesses()
	over := 0
	for _, g := range rec.graphs {
		if g.merged == nil && exited(g.process) {
			over++
		}
	}
	if over <= maxGoneModels {
		return
	}
	drop := make(map[uint32]bool) // processes
	for _, g := range rec.graphs {
		if over > maxGoneModels && g.merged == nil && exited(g.process) {
			drop[g.process] = true
			over--
		}
	}
	rec.graphs = slices.DeleteFunc(rec.graphs, func(g *graph) bool {
		if drop[g.process] && g.merged == nil {
			rec.gone.models++
		}
		return drop[g.process]
	})
	for id, ran := range rec.ran {
		if drop[ran.desc.GetProcess()] {
			rec.forgetSubgraph(id)
		}
	}
	for id, t := range rec.threads {
		if drop[t.desc.Process] {
			delete(rec.threads, id)
		}
	}
	for id := range drop {
		delete(rec.processes, id)
	}
}
