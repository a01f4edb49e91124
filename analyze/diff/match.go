package diff

import (
	"cmp"
	"slices"
)

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
