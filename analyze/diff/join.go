package diff

import (
	"fmt"
	"slices"
	"strings"
)

// join puts rows that have no counterpart together where they do the work of the same nodes.
func join(baseOnly, newOnly []*row) (joined, restBase, restNew []*row) {
	sets := newSets()
	for _, r := range slices.Concat(baseOnly, newOnly) {
		sets.unite(r.places())
	}
	type sides struct{ base, new []*row }
	groups := make(map[string]*sides)
	var order []string
	add := func(r *row, side func(*sides) *[]*row, rest *[]*row) {
		places := r.places()
		if len(places) == 0 {
			*rest = append(*rest, r)
			return
		}
		name := sets.find(places[0])
		if groups[name] == nil {
			groups[name] = new(sides)
			order = append(order, name)
		}
		to := side(groups[name])
		*to = append(*to, r)
	}
	for _, r := range baseOnly {
		add(r, func(s *sides) *[]*row { return &s.base }, &restBase)
	}
	for _, r := range newOnly {
		add(r, func(s *sides) *[]*row { return &s.new }, &restNew)
	}
	for _, name := range order {
		g := groups[name]
		if len(g.base) == 0 || len(g.new) == 0 {
			restBase, restNew = append(restBase, g.base...), append(restNew, g.new...)
			continue
		}
		r := &row{base: together(g.base), new: together(g.new)}
		r.how = difference(r.base[firstOf(r.base)], r.new[firstOf(r.new)])
		joined = append(joined, r)
	}
	return joined, restBase, restNew
}

// places are the nodes whose work the row does, when nothing else does it within.
func (r *row) places() []string {
	o := r.new[firstOf(r.new)][0]
	if o.container {
		return nil
	}
	var places []string
	for _, n := range o.nodes {
		places = append(places, fmt.Sprint(o.subgraph, ":", n))
	}
	return places
}

// together puts one side's rows together, in runs that have all of them.
func together(rows []*row) [][]*op {
	all := make([][]*op, len(rows[0].new))
	for i := range all {
		for _, r := range rows {
			if len(r.new[i]) == 0 {
				all[i] = nil
				break
			}
			all[i] = append(all[i], r.new[i]...)
		}
	}
	if firstOf(all) < 0 { // no run has all
		return rows[0].new
	}
	return all
}

// difference says how the ops that do the same work differ.
func difference(base, new []*op) string {
	b, n := base[0], new[0]
	switch {
	case b.delegate == "" && !b.operator && (n.delegate != "" || n.operator):
		return strings.TrimSpace("now delegated " + to(n.delegate))
	case (b.delegate != "" || b.operator) && n.delegate == "" && !n.operator:
		return "no longer delegated"
	case b.operator && n.operator:
		return "fused otherwise"
	case b.delegate != n.delegate:
		return strings.TrimSpace("delegated otherwise " + to(n.delegate))
	case b.name != n.name:
		return "another op"
	}
	return "other shapes or types"
}

func to(delegate string) string {
	if delegate == "" {
		return ""
	}
	return "to " + delegate
}

// sets are disjoint sets of texts.
type sets map[string]string // to another one of the set, or itself

func newSets() sets { return make(sets) }

func (s sets) find(x string) string {
	for s[x] != x {
		if s[x] == "" {
			s[x] = x
		}
		s[x] = s.parent(s[x]) // keeps ways short
		x = s[x]
	}
	return x
}

func (s sets) parent(x string) string {
	if p := s[x]; p != "" {
		return p
	}
	return x
}

func (s sets) unite(all []string) {
	for _, x := range all {
		s[s.find(x)] = s.find(all[0])
	}
}
