package analyze

import (
	"cmp"
	"maps"
	"slices"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// findPeak finds the peak, and what each op has live.
func (e *evaluation) findPeak(m *memory) {
	var at point
	for _, o := range e.orders {
		l := e.lifetimes[o]
		for place, n := range o.nodes {
			outer := e.persistent + e.base[o] + l.live[place]
			if m.at == nil || outer > m.peak {
				m.peak, m.at, at = outer, n, point{o, place}
			}
			n.row.resolve().live.merge(liveBytes{true, m.whole, outer + e.inner(n), l.unknown[place]})
		}
	}
	m.parts = e.partsAt(at)
}

// partsAt returns the parts of what is live at a point, and around it.
func (e *evaluation) partsAt(at point) []part {
	var parts []part
	for depth := 0; at.order != nil && depth <= maxDepth; depth++ {
		around := e.around[at.order]
		var covered []span
		for _, v := range e.lifetimes[at.order].lives {
			if v.first > at.place || v.last < at.place || !v.known() || !e.lifetimes[at.order].counts(v) {
				continue
			}
			p := part{v, v.by, v.tensor.Bytes}
			if v.kind == Arena {
				before := union(covered)
				covered = append(covered, span{v.address, v.end()})
				p.bytes = union(covered) - before
			}
			if v.by == nil && around.order != nil {
				p.op = around.order.nodes[around.place] // it copies what goes into its subgraph
			}
			parts = append(parts, p)
		}
		at = around
	}
	return append(parts, e.persistentParts()...)
}

// persistentParts attributes persistent tensors to the ops that have them first.
func (e *evaluation) persistentParts() []part {
	var parts []part
	for _, r := range e.subgraphs {
		largest := make(map[int32]part)
		for _, o := range e.orders {
			if o.subgraph != r {
				continue
			}
			for _, v := range e.lifetimes[o].lives {
				if old := largest[v.tensor.Index]; v.kind == Persistent && (old.life == nil || v.tensor.Bytes > old.bytes) {
					largest[v.tensor.Index] = part{v, v.user, v.tensor.Bytes}
				}
			}
		}
		for _, index := range slices.Sorted(maps.Keys(largest)) {
			parts = append(parts, largest[index])
		}
	}
	return parts
}

// keepRuns keeps, of each subgraph, the order that takes the most.
func (e *evaluation) keepRuns(m *memory) {
	for _, r := range e.subgraphs {
		var most *order
		for _, o := range e.orders {
			if o.subgraph == r && (most == nil || e.base[o]+e.top[o] > e.base[most]+e.top[most]) {
				most = o
			}
		}
		if most == nil {
			continue
		}
		run := memoryRun{e.lifetimes[most], most.nodes, make([]uint64, len(most.nodes))}
		for place, n := range most.nodes {
			run.live[place] = e.persistent + e.base[most] + run.lifetimes.live[place] + e.inner(n)
			if n.desc.Delegate != "" {
				m.delegates++
			}
			if n.desc.Incomplete {
				m.incomplete++
			}
			if slices.ContainsFunc(n.all(), func(t *trace.Tensor) bool { return tflite.Type(t.Type) == tflite.Resource }) {
				m.resources++
			}
		}
		m.runs = append(m.runs, run)
		var arena []span
		for _, v := range run.lives {
			switch {
			case !v.known():
				m.unknown++
			case !run.counts(v):
			case v.kind == Arena:
				arena = append(arena, span{v.address, v.end()})
			default:
				m.bytes[v.kind] += v.tensor.Bytes
			}
			if v.clashes {
				m.clashes++
			}
		}
		m.bytes[Arena] += union(arena)
	}
}

// span is a range of addresses.
type span struct{ begin, end uint64 }

// union returns how many addresses the spans cover. It sorts them.
func union(spans []span) uint64 {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.begin, b.begin) })
	var bytes, end uint64
	for _, s := range spans {
		if s.end > end {
			bytes += s.end - max(s.begin, end)
			end = s.end
		}
	}
	return bytes
}
