package diff

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const allOps = "all ops"

// sums returns the changes of ops that have the same name, in order of appearance.
func (c *comparison) sums(name func(*op) string) []*Change {
	type sides struct{ base, new [][]*op }
	groups := make(map[string]*sides)
	var names []string
	group := func(runs []*Run, side func(*sides) [][]*op) {
		for i, r := range runs {
			for _, o := range r.ops {
				n := name(o)
				if groups[n] == nil {
					groups[n] = &sides{make([][]*op, len(c.base)), make([][]*op, len(c.new))}
					names = append(names, n)
				}
				byRun := side(groups[n])
				byRun[i] = append(byRun[i], o)
			}
		}
	}
	group(c.base, func(s *sides) [][]*op { return s.base })
	group(c.new, func(s *sides) [][]*op { return s.new })
	changes := []*Change{}
	for _, n := range names {
		changes = append(changes, c.sumChange(n, groups[n].base, groups[n].new, n, strings.Split(n, " ")[0]))
	}
	return changes
}

func opsOf(runs []*Run) [][]*op {
	byRun := make([][]*op, len(runs))
	for i, r := range runs {
		byRun[i] = r.ops
	}
	return byRun
}

// work is what ops do, whoever runs them.
func work(ops []*op) []string {
	var all []string
	for _, o := range ops {
		for _, n := range o.nodes {
			all = append(all, fmt.Sprint(o.subgraph, ":", n))
		}
		if len(o.nodes) == 0 {
			all = append(all, o.key)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// sumChange is the change of what ops take together in an invoke, ops within them left out. It has the limits of these names.
func (c *comparison) sumChange(name string, base, new [][]*op, names ...string) *Change {
	ch, l := c.newChange(name, names...)
	b, n := c.takenFor(base, ownPerInvoke), c.takenFor(new, ownPerInvoke)
	ch.compare(b, n)
	for _, ops := range slices.Concat(base, new) {
		ch.Count = max(ch.Count, len(ops))
	}
	switch {
	case len(n.ns) == 0:
		ch.Why = "only in base"
	case len(b.ns) == 0:
		ch.Why = "only in new"
	case !b.everywhere || !n.everywhere:
		ch.Why = "not every run has it"
	case name != allOps && !slices.Equal(work(base[0]), work(new[0])):
		ch.Why = "not of the same nodes"
	case math.IsInf(l.change, 1):
		ch.Why = "any change is allowed"
	case math.Max(ch.BaseNS, ch.NewNS) < l.time:
		ch.Why = "too short to be judged"
	}
	ch.tested = ch.Why == ""
	return ch
}
