package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// matched is a model with its runs on both sides.
type matched struct {
	base, new []*Run
	by        string
}

// matchers are what models are recognised by, the surest first.
var matchers = []struct {
	name string
	of   func(modelID) string // empty when it can't tell
}{
	{"sha256", func(m modelID) string { return m.sha256 }},
	{"name", func(m modelID) string {
		if m.path == "" {
			return "" // its name is the process's
		}
		return m.name
	}},
	{"structure", func(m modelID) string { return m.structure }},
}

// matchModels pairs the models of two sides. What has no counterpart is returned with its runs.
func matchModels(base, new []*Run) (pairs []matched, baseOnly, newOnly [][]*Run) {
	baseOnly, newOnly = byModel(base), byModel(new)
	for _, m := range matchers {
		left := baseOnly[:0]
		for _, b := range baseOnly {
			key := m.of(b[0].model)
			at := slices.IndexFunc(newOnly, func(n []*Run) bool { return key != "" && m.of(n[0].model) == key })
			if at < 0 {
				left = append(left, b)
				continue
			}
			pairs = append(pairs, matched{b, newOnly[at], m.name})
			newOnly = slices.Delete(newOnly, at, at+1)
		}
		baseOnly = left
	}
	return pairs, baseOnly, newOnly
}

// byModel puts runs of the same model together, in order of appearance.
func byModel(runs []*Run) [][]*Run {
	var models [][]*Run
	at := make(map[string]int)
	for _, r := range runs {
		key := r.model.sha256
		if key == "" {
			key = r.model.path + "\n" + r.model.structure
		}
		i, known := at[key]
		if !known {
			i = len(models)
			at[key] = i
			models = append(models, nil)
		}
		models[i] = append(models[i], r)
	}
	return models
}

// row is what is compared: of each run the op, or several where another kernel or a delegate took over their work.
type row struct {
	base, new [][]*op // by run; nil in a run that has none
	how       string  // the sides differ
}

// matchOps returns the rows of a model in the order in which base ran them, and what has no counterpart.
func matchOps(base, new []*Run) (rows []*row, baseOnly, newOnly []*row) {
	baseRows, newRows := opRows(base), opRows(new)
	byKey := make(map[string]*row)
	for _, n := range newRows {
		byKey[n.new[firstOf(n.new)][0].key] = n
	}
	for _, b := range baseRows {
		key := b.new[firstOf(b.new)][0].key
		if n := byKey[key]; n != nil {
			rows = append(rows, &row{base: b.new, new: n.new})
			delete(byKey, key)
			continue
		}
		baseOnly = append(baseOnly, b)
	}
	newOnly = slices.DeleteFunc(newRows, func(n *row) bool { return byKey[n.new[firstOf(n.new)][0].key] != n })
	joined, baseOnly, newOnly := join(baseOnly, newOnly)
	rows = append(rows, joined...)
	slices.SortStableFunc(rows, func(a, b *row) int { return cmp.Compare(a.order(), b.order()) })
	return rows, baseOnly, newOnly
}

// order is the place of the row's first op in its run.
func (r *row) order() int { return r.base[firstOf(r.base)][0].order }

// opRows returns the ops of one side's runs, as the new side of rows.
func opRows(runs []*Run) []*row {
	var rows []*row
	byKey := make(map[string]*row)
	for i, run := range runs {
		for _, o := range run.ops {
			r := byKey[o.key]
			if r == nil {
				r = &row{new: make([][]*op, len(runs))}
				byKey[o.key] = r
				rows = append(rows, r)
			}
			r.new[i] = append(r.new[i], o)
		}
	}
	return rows
}

// firstOf returns the index of the first run that has ops.
func firstOf(byRun [][]*op) int {
	return slices.IndexFunc(byRun, func(ops []*op) bool { return len(ops) > 0 })
}

// join puts rows that have no counterpart together where they do the work of the same nodes.
func join(baseOnly, newOnly []*row) (joined, restBase, restNew []*row) {
	sets := newSets()
	place := func(r *row) []string {
		o := r.new[firstOf(r.new)][0]
		if o.container {
			return nil // what runs within it stands for it
		}
		var places []string
		for _, n := range o.nodes {
			places = append(places, fmt.Sprint(o.subgraph, ":", n))
		}
		return places
	}
	for _, r := range slices.Concat(baseOnly, newOnly) {
		sets.unite(place(r))
	}
	type sides struct{ base, new []*row }
	groups := make(map[string]*sides)
	var order []string
	of := func(r *row) *sides {
		places := place(r)
		if len(places) == 0 {
			return nil
		}
		name := sets.find(places[0])
		if groups[name] == nil {
			groups[name] = new(sides)
			order = append(order, name)
		}
		return groups[name]
	}
	for _, r := range baseOnly {
		if g := of(r); g != nil {
			g.base = append(g.base, r)
		} else {
			restBase = append(restBase, r)
		}
	}
	for _, r := range newOnly {
		if g := of(r); g != nil {
			g.new = append(g.new, r)
		} else {
			restNew = append(restNew, r)
		}
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
		x = s[x]
	}
	return x
}

func (s sets) unite(all []string) {
	for _, x := range all {
		s[s.find(x)] = s.find(all[0])
	}
}
