package analyze

import (
	"cmp"
	"maps"
	"slices"

	"github.com/edgexray/edgexray/trace"
)

// OpHeap is what the op's own thread allocated in all its runs, ops within it included, in bytes as asked for.
type OpHeap struct {
	Allocated   uint64 `json:"allocated_bytes"`
	Kept        uint64 `json:"kept_bytes"` // of these, not freed when the op ended
	Peak        uint64 `json:"peak_bytes"` // the most that one run held at once
	Allocations uint64 `json:"allocations"`
}

func (h *OpHeap) add(use *trace.HeapUse) {
	h.Allocated += use.Bytes
	h.Kept += use.Kept
	h.Peak = max(h.Peak, use.Peak)
	h.Allocations += use.Count
}

// HeapSite is a stack that asked for memory inside an op.
type HeapSite struct {
	Op       *Op // the innermost one
	Frames   []HeapFrame
	Complete bool // there is no frame between the last one and the op's kernel
	// Allocations of this stack; kept are bytes that were not freed when the outermost op around them ended.
	Allocated, Kept, Allocations uint64
}

// HeapFrame is a place in a function that called the next one of the site.
type HeapFrame struct {
	Function string
	Address  uint64         // return address in the file that it is in
	In       *trace.Runtime // nil when it is in none
}

// HeapSites returns the stacks that asked for memory, in the order in which they did first. There are none unless that was
// recorded.
func (r *OpsResult) HeapSites() []HeapSite { return r.heapSites }

// heapUses is what the trace says of allocations: the last of what it said of a node or site.
type heapUses struct {
	nodes, sums map[uint32]*trace.HeapUse // by node, by site
	sites       map[uint32]*trace.HeapSite
}

func (u *heapUses) add(b *trace.Block) {
	if len(b.HeapUses)+len(b.HeapSites) == 0 {
		return
	}
	if u.nodes == nil {
		u.nodes, u.sums = make(map[uint32]*trace.HeapUse), make(map[uint32]*trace.HeapUse)
		u.sites = make(map[uint32]*trace.HeapSite)
	}
	for _, use := range b.HeapUses {
		if use.Site != 0 {
			u.sums[use.Site] = use
		} else {
			u.nodes[use.Node] = use
		}
	}
	for _, site := range b.HeapSites {
		u.sites[site.Id] = site
	}
}

// opHeaps returns what ops allocated by row, nil when it was not recorded.
func (rec *recording) opHeaps() map[*row]*OpHeap {
	if !rec.follows(HeapPart) {
		return nil
	}
	heaps := make(map[*row]*OpHeap)
	for _, g := range rec.graphs {
		for _, s := range g.subgraphs {
			for _, r := range s.rows {
				heaps[r] = &OpHeap{}
			}
		}
	}
	for id, use := range rec.heap.nodes {
		if n := rec.nodes[id]; n != nil && heaps[n.row.resolve()] != nil {
			heaps[n.row.resolve()].add(use)
		}
	}
	return heaps
}

func (b *builder) heapSites() []HeapSite {
	var sites []HeapSite
	for _, id := range slices.Sorted(maps.Keys(b.rec.heap.sites)) {
		described, use := b.rec.heap.sites[id], b.rec.heap.sums[id]
		op := b.opOfSite(described)
		if op == nil || use == nil {
			continue
		}
		site := HeapSite{Op: op, Complete: described.Complete, Allocated: use.Bytes, Kept: use.Kept, Allocations: use.Count}
		for _, f := range described.Frames {
			in := b.rec.runtimes[f.Runtime]
			site.Frames = append(site.Frames, HeapFrame{cmp.Or(f.Symbol, placeName(in, f.Address)), f.Address, in})
		}
		sites = append(sites, site)
	}
	return sites
}

// opOfSite returns the op of the site's node. A node with dynamic outputs may have been described anew when it returned.
func (b *builder) opOfSite(site *trace.HeapSite) *Op {
	n := b.rec.nodes[site.Node]
	if n == nil {
		return nil
	}
	r := n.row.resolve()
	if op := b.ops[r]; op != nil {
		return op
	}
	for _, other := range slices.SortedFunc(maps.Values(r.subgraph.resolve().rows), byRunOrder) {
		if op := b.ops[other]; op != nil && other.desc.Index == r.desc.Index && other.desc.Operator == nil {
			return op
		}
	}
	return nil
}
