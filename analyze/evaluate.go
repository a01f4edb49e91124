package analyze

import (
	"cmp"
	"maps"
	"slices"
)

// evaluation of one interpreter.
type evaluation struct {
	subgraphs  []*ranSubgraph
	orders     []*order // whose lifetimes count
	lifetimes  map[*order]*lifetimes
	persistent uint64
	top        map[*order]uint64 // most that is live in it, with what runs within its ops
	base       map[*order]uint64 // most that is live around it
	around     map[*order]point  // where that is
}

type point struct {
	order *order
	place int
}

func (e *evaluation) evaluate() *memory {
	m := &memory{whole: true, ends: true}
	for _, r := range e.subgraphs {
		e.choose(r, m)
	}
	if len(e.orders) == 0 {
		return nil
	}
	e.nest(m)
	if len(e.orders) == 0 {
		return nil
	}
	e.sumKinds(m)
	e.findPeak(m)
	e.keepRuns(m)
	return m
}

// choose takes the orders of whole runs. If there is none, the recording saw only parts of runs, or one can't tell: then
// it takes the longest.
func (e *evaluation) choose(r *ranSubgraph, m *memory) {
	longest, whole := 0, false
	var all []*order
	for _, key := range slices.SortedFunc(maps.Keys(r.orders), func(a, b orderKey) int {
		return cmp.Or(cmp.Compare(a.nodes, b.nodes), cmp.Compare(a.hash, b.hash))
	}) {
		if o := r.orders[key]; len(o.nodes) > 0 { // else dropped
			all = append(all, o)
			e.lifetimes[o] = newLifetimes(o, r.desc)
			longest = max(longest, len(o.nodes))
			whole = whole || e.lifetimes[o].whole()
		}
	}
	for _, o := range all {
		if whole && e.lifetimes[o].whole() || !whole && len(o.nodes) == longest {
			e.orders = append(e.orders, o)
		} else {
			delete(e.lifetimes, o)
		}
	}
	if len(all) > 0 {
		m.whole, m.ends = m.whole && whole, m.ends && r.desc.GetEndsKnown()
	}
	m.skipped += r.skipped
	r.skipped = 0
}

// nest puts what runs within ops on top of what is live around it. Each subgraph has memory of its own.
func (e *evaluation) nest(m *memory) {
	e.top, e.base, e.around = make(map[*order]uint64), make(map[*order]uint64), make(map[*order]point)
	e.settle(func(o *order) (changed bool) {
		for place, n := range o.nodes {
			if top := e.lifetimes[o].live[place] + e.inner(n); top > e.top[o] {
				e.top[o], changed = top, true
			}
		}
		return changed
	})
	for _, o := range e.orders {
		if o.outermost {
			e.base[o] = 0
		}
	}
	e.settle(func(o *order) (changed bool) {
		base, reached := e.base[o]
		if !reached {
			return false
		}
		for place, n := range o.nodes {
			below := base + e.lifetimes[o].live[place]
			for inner := range n.within {
				if old, reached := e.base[inner]; e.lifetimes[inner] != nil && (!reached || below > old) {
					e.base[inner], e.around[inner], changed = below, point{o, place}, true
				}
			}
		}
		return changed
	})
	for _, r := range e.subgraphs {
		of := func(o *order) bool { return o.subgraph == r }
		seen := slices.ContainsFunc(e.orders, of)
		e.orders = slices.DeleteFunc(e.orders, func(o *order) bool {
			_, reached := e.base[o]
			return of(o) && !reached // the op around it was lost
		})
		if seen && !slices.ContainsFunc(e.orders, of) {
			m.orphans++
		}
	}
}

// settle repeats a step for all orders until nothing changes: as often as ops are nested, in any sound trace.
func (e *evaluation) settle(step func(*order) (changed bool)) {
	changed := true
	for depth := 0; changed && depth <= maxDepth; depth++ {
		changed = false
		for _, o := range e.orders {
			changed = step(o) || changed
		}
	}
}

// inner returns the most that is live within the node's op beyond what is live around it.
func (e *evaluation) inner(n *node) uint64 {
	var most uint64
	for o := range n.within {
		most = max(most, e.top[o])
	}
	return most
}

// sumKinds adds up what is there all the time: persistent tensors and weights.
func (e *evaluation) sumKinds(m *memory) {
	type tensor struct {
		subgraph *ranSubgraph
		index    int32
	}
	persistent := make(map[tensor]uint64)
	weights := make(map[uint64]*life) // by address, of those the largest
	for _, o := range e.orders {
		for _, v := range e.lifetimes[o].lives {
			switch {
			case v.kind == Persistent:
				key := tensor{o.subgraph, v.tensor.Index}
				persistent[key] = max(persistent[key], v.tensor.Bytes)
			case v.kind == Weights && v.known():
				if old := weights[v.address]; old == nil || v.tensor.Bytes > old.tensor.Bytes || v.tensor.Bytes == old.tensor.Bytes && v.seen < old.seen {
					weights[v.address] = v
				}
			}
		}
	}
	m.bytes = make(map[Kind]uint64)
	var end uint64
	for _, address := range slices.Sorted(maps.Keys(weights)) {
		if v := weights[address]; v.end() > end {
			m.weights = append(m.weights, part{v, v.user, v.end() - max(address, end)})
			m.bytes[Weights] += v.end() - max(address, end)
			end = v.end()
		}
	}
	for _, bytes := range persistent {
		e.persistent += bytes
	}
	m.bytes[Persistent] = e.persistent
}
