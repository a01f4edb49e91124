package analyze

import (
	"cmp"
	"slices"
)

// memory is what the tensors of an interpreter take, in those orders of its subgraphs' ops that take the most.
type memory struct {
	whole   bool // all of it is from whole runs
	ends    bool // it is known what the app puts in and takes out
	peak    uint64
	at      *node  // whose op sets the peak
	parts   []part // of the peak
	weights []part
	bytes   map[Kind]uint64
	runs    []memoryRun // by subgraph
	skipped int         // runs whose order is not among those evaluated

	unknown, clashes     int // tensors
	delegates, resources int // nodes
	incomplete           int
	orphans              int // subgraphs that ran within ops that were lost
}

// memoryRun is one order of a subgraph with what is live meanwhile, all of the interpreter's tensors but weights.
type memoryRun struct {
	*lifetimes
	nodes []*node
	live  []uint64 // by place
}

// part is a tensor's share in a sum: without what it shares with a tensor that was there before.
type part struct {
	life  *life
	op    *node // that made it, or has it; nil for what the app put in
	bytes uint64
}

// larger returns the memory with the larger peak; what was seen of whole runs goes before the rest.
func (m *memory) larger(other *memory) *memory {
	if m == nil || other == nil {
		return cmp.Or(m, other)
	}
	skipped := m.skipped + other.skipped
	if other.whole && !m.whole || other.whole == m.whole && other.peak > m.peak {
		m = other
	}
	m.skipped = skipped
	return m
}

// liveBytes is what is live while an op runs, in the order in which that is most.
type liveBytes struct {
	known, whole bool
	bytes        uint64
	unknown      int // tensors
}

func (l *liveBytes) merge(other liveBytes) {
	switch {
	case !other.known || l.whole && !other.whole:
	case !l.known || other.whole && !l.whole:
		*l = other
	default:
		l.bytes, l.unknown = max(l.bytes, other.bytes), max(l.unknown, other.unknown)
	}
}

// evaluateMemory evaluates the orders of all interpreters that ran since the last time.
func (rec *recording) evaluateMemory() {
	groups := make(map[interpreterKey][]uint32) // ids of subgraphs
	for id, r := range rec.ran {
		key := interpreterKey{r.desc.GetProcess(), r.desc.GetInterpreter(), 0}
		if key.interpreter == 0 {
			key.subgraph = id
		}
		groups[key] = append(groups[key], id)
	}
	for _, ids := range groups {
		rec.evaluateInterpreter(slices.Sorted(slices.Values(ids)))
	}
}

func (rec *recording) evaluateInterpreter(subgraphs []uint32) {
	e := evaluation{lifetimes: make(map[*order]*lifetimes)}
	ran, orders := false, 0
	for _, id := range subgraphs {
		r := rec.ran[id]
		e.subgraphs = append(e.subgraphs, r)
		ran, orders = ran || r.ran, max(orders, len(r.orders))
		r.ran = false
	}
	if !ran {
		return
	}
	if m := e.evaluate(); m != nil {
		g := rec.subgraphs[subgraphs[0]].resolve().graph.resolve()
		g.memory = g.memory.larger(m)
	}
	if orders > manyOrders {
		for _, r := range e.subgraphs {
			r.forget()
		}
	}
}

// dropInactive keeps no more than the results of what has not run since the last time.
func (rec *recording) dropInactive() {
	for _, r := range rec.ran {
		if !r.active && len(r.orders) > 0 {
			r.drop()
		}
		r.active = false
	}
}
