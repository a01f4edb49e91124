package xnnpack

import (
	"maps"
	"slices"

	"github.com/edgexray/edgexray/tflite"
)

// none stands for a value that is no tensor of TFLite's, or for one of which it isn't known.
const none = int32(-1)

// Addresses of data by which values are recognised: constants, and what goes into and out of the delegate node.
func (g *graph) addresses(packed bool) map[uint64][]int32 {
	at := make(map[uint64][]int32)
	for _, t := range g.used() {
		tensor := g.tensor(t)
		if tensor.Data == 0 || !tensor.Constant && !g.external[t] {
			continue
		}
		if !packed {
			t = g.unpacked(t)
		}
		at[tensor.Data] = append(at[tensor.Data], t)
	}
	return at
}

// used lists the tensors of all nodes in ascending order.
func (g *graph) used() []int32 {
	set := make(map[int32]bool)
	for _, n := range g.Nodes {
		for _, t := range slices.Concat(n.Inputs, n.Outputs) {
			if t >= 0 && int(t) < len(g.Tensors) {
				set[t] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// data returns the address of a value's data.
func (r *Runtime) data(l ValueLayout, id int) uint64 {
	at := id*l.Stride + l.Data
	if l.Stride == 0 || at+8 > len(r.values) {
		return 0
	}
	return le.Uint64(r.values[at:])
}

// item is a tensor that may have a value.
type item struct {
	tensor int32
	sure   bool // it has
	value  int  // by its data, -1 when that doesn't tell
}

// tensorsOf returns which tensor each value is, in as many ways as there may be. The delegate makes values of the tensors of
// its nodes in ascending order of their indices: older ones keep the index as the value's id (identical), newer ones number
// them from some id on, and the newest give what goes in and out ids of its own, before all others (apart).
func (r *Runtime) tensorsOf(g *graph, l ValueLayout) [][]int32 {
	var all [][]int32
	most := 0 // values recognised
	for _, packed := range []bool{false, true} {
		pins, found := r.recognise(g, l, packed)
		if identical := r.identical(g, pins); identical != nil {
			return [][]int32{identical}
		}
		for _, apart := range []bool{false, true} {
			items := g.items(pins, found, apart, packed)
			n := keepAscending(items)
			for t := range pins {
				if apart && g.external[t] {
					n++
				}
			}
			if n > most {
				all, most = nil, n
			}
			if n < most {
				continue
			}
			for _, whole := range []bool{false, true} {
				values := r.blank()
				if !assign(values, items, whole) {
					continue
				}
				// XNNPACK makes further values of constants that it rearranges.
				for t, id := range pins {
					if values[id] == none && (g.isConstant(t) || apart) {
						values[id] = t
					}
				}
				if r.agree(g, l, values) {
					all = append(all, values)
				}
			}
		}
	}
	return all
}

// agree tells whether every value has the data of its tensor, as far as it has that of any constant, or of what goes in or out.
func (r *Runtime) agree(g *graph, l ValueLayout, values []int32) bool {
	at := g.addresses(true)
	for id, t := range values {
		owners := at[r.data(l, id)]
		same := func(owner int32) bool { return owner == t || g.unpacked(owner) == t }
		if len(owners) > 0 && t != none && !slices.ContainsFunc(owners, same) {
			return false
		}
	}
	return true
}

func (r *Runtime) blank() []int32 {
	values := make([]int32, r.count)
	for i := range values {
		values[i] = none
	}
	return values
}

// recognise returns the values of tensors that no other tensor shares its data with, and which constants' data are found.
func (r *Runtime) recognise(g *graph, l ValueLayout, packed bool) (pins map[int32]int, found map[uint64]bool) {
	at := g.addresses(packed)
	pins, found = make(map[int32]int), make(map[uint64]bool)
	for id := range r.count {
		d := r.data(l, id)
		if len(at[d]) == 0 {
			continue
		}
		if len(at[d]) == 1 && !found[d] {
			pins[at[d][0]] = id
		}
		found[d] = true
	}
	return pins, found
}

// identical returns the tensors when each value's id is the index of its tensor.
func (r *Runtime) identical(g *graph, pins map[int32]int) []int32 {
	if len(pins) == 0 || r.count < len(g.Tensors) {
		return nil
	}
	for t, id := range pins {
		if int(t) != id {
			return nil
		}
	}
	values := r.blank()
	for i := range g.Tensors {
		values[i] = int32(i)
	}
	return values
}

// items lists the tensors that may have a value, without those that go in and out when these are apart. Of a constant
// of half precision, either it or what is made of it has one.
func (g *graph) items(pins map[int32]int, found map[uint64]bool, apart, packed bool) []item {
	sure, ready := make(map[int32]bool), make(map[int32]bool)
	for at, n := range g.Nodes {
		tensors := slices.Concat(n.Inputs, n.Outputs)
		if g.static[at] {
			if !packed || n.Code != tflite.OpDequantize {
				continue
			}
			tensors = n.Inputs[:1]
			if constant := g.tensor(tensors[0]); constant.Constant && !found[constant.Data] {
				ready[n.Outputs[0]] = true
				continue
			}
		}
		for _, t := range tensors {
			tensor := g.tensor(t)
			sure[t] = !tensor.Constant || found[tensor.Data]
		}
	}
	var list []item
	for _, t := range g.used() {
		if apart && g.external[t] || packed && g.dequantized(t) && !ready[t] {
			continue
		}
		value, pinned := pins[t]
		if !pinned {
			value = -1
		}
		list = append(list, item{t, sure[t] || pinned, value})
	}
	return list
}

// keepAscending keeps the longest list of values that ascend as their tensors do: the others are further values of constants.
func keepAscending(items []item) int {
	// tails[n] is the place of the smallest value that ends a list of n+1.
	var tails []int
	before := make([]int, len(items))
	for i, x := range items {
		if x.value < 0 {
			continue
		}
		n, _ := slices.BinarySearchFunc(tails, x.value, func(j, value int) int { return items[j].value - value })
		if before[i] = -1; n > 0 {
			before[i] = tails[n-1]
		}
		if n == len(tails) {
			tails = append(tails, i)
		} else {
			tails[n] = i
		}
	}
	last := -1
	if len(tails) > 0 {
		last = tails[len(tails)-1]
	}
	keep := make(map[int]bool)
	for ; last >= 0; last = before[last] {
		keep[last] = true
	}
	for i := range items {
		if !keep[i] {
			items[i].value = -1
		}
	}
	return len(tails)
}

// assign gives values their tensors between the ones that are known. Where there are more tensors than values, those that
// need not have one have none, or all have one (whole, at the ends, where nothing tells). It reports false when what is known
// isn't in ascending order.
func assign(values []int32, items []item, whole bool) bool {
	first := slices.IndexFunc(items, func(i item) bool { return i.value >= 0 })
	if first < 0 {
		return false
	}
	give := func(items []item, id int, all bool) {
		for _, i := range items {
			if (i.sure || all) && id >= 0 && id < len(values) {
				values[id] = i.tensor
				id++
			}
		}
	}
	count := func(items []item, all bool) (n int) {
		for _, i := range items {
			if i.sure || all {
				n++
			}
		}
		return n
	}
	head := items[:first]
	if from := items[first].value - count(head, whole); from >= 0 {
		give(head, from, whole)
	}
	for at := first; at >= 0; {
		id := items[at].value
		values[id] = items[at].tensor
		rest := items[at+1:]
		next := slices.IndexFunc(rest, func(i item) bool { return i.value >= 0 })
		if next < 0 {
			give(rest, id+1, whole)
			return true
		}
		between, room := rest[:next], rest[next].value-id-1
		switch {
		case room < 0:
			return false
		case count(between, false) == room:
			give(between, id+1, false)
		case len(between) == room:
			give(between, id+1, true)
		case count(between, false) > room:
			return false
		}
		at += 1 + next
	}
	return true
}
