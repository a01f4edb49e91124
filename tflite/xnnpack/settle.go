package xnnpack

import (
	"fmt"
	"maps"
	"slices"
)

// settle makes one of several mappings of slots that are as good. Where a value isn't told to be a tensor, slots do together
// what others say each of them does: so the one that has the most apart is believed, but for slots of which another one says
// anything else.
func settle(all [][]Mapping) []Mapping {
	if len(all) == 0 {
		return nil
	}
	apart := func(m []Mapping) int { return len(together(m)) }
	finest := slices.MaxFunc(all, func(a, b []Mapping) int { return apart(a) - apart(b) })
	settled := slices.Clone(finest)
	for _, other := range all {
		for _, slots := range together(other) {
			if !slices.Equal(union(finest, slots), union(other, slots)) {
				for _, i := range slots {
					settled[i] = Mapping{Confidence: Unknown}
				}
			}
		}
	}
	return settled
}

// together lists the slots that do the same nodes' work.
func together(mappings []Mapping) [][]int {
	var groups [][]int
	place := make(map[string]int)
	for i, m := range mappings {
		key := fmt.Sprint(m.Nodes)
		at, seen := place[key]
		if !seen {
			at = len(groups)
			place[key] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], i)
	}
	return groups
}

// union returns the nodes of slots in ascending order.
func union(mappings []Mapping, slots []int) []int {
	set := make(map[int]bool)
	for _, i := range slots {
		for _, at := range mappings[i].Nodes {
			set[at] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// known returns how many slots are mapped.
func known(mappings []Mapping) (n int) {
	for _, m := range mappings {
		if m.Confidence != Unknown {
			n++
		}
	}
	return n
}
