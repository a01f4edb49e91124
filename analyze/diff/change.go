package diff

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// changes sets what the model's changes are about, and what each run took for it.
func (c *comparison) changes() {
	rows, baseOnly, newOnly := matchOps(c.base, c.new)
	for _, r := range rows {
		c.Ops = append(c.Ops, c.opChange(r))
	}
	for _, r := range baseOnly {
		c.BaseOnly = append(c.BaseOnly, c.sideOps(r.new)...)
	}
	for _, r := range newOnly {
		c.NewOnly = append(c.NewOnly, c.sideOps(r.new)...)
	}
	c.Invoke = c.invokeChange()
	c.AllOps = c.sumChange(allOps, opsOf(c.base), opsOf(c.new), "whole")
	c.ByOp = c.sums(func(o *op) string { return strings.TrimSpace(o.name + " " + o.types) })
	c.ByKernel = c.sums(func(o *op) string { return o.kernel })
}

// value is what an execution of the op takes in its run. It isn't clean when there are too few such executions.
func (c *comparison) value(o *op) (ns float64, clean bool) {
	if e := o.time.on(c.slow); e.count >= minExecutions {
		return e.ns, true
	}
	return math.Max(o.time.all.ns, 1), false
}

func (c *comparison) median(o *op) float64 {
	if e := o.time.on(c.slow); e.count >= minExecutions {
		return e.median
	}
	return o.time.all.median
}

func (c *comparison) opChange(r *row) *Change {
	b, n := r.base[firstOf(r.base)], r.new[firstOf(r.new)]
	ch := &Change{Name: b[0].name, Subgraph: b[0].subgraph, Node: b[0].node, Base: c.sideOps(r.base), New: c.sideOps(r.new), How: r.how, Count: 1}
	names := []string{b[0].name, b[0].kernel, n[0].name, n[0].kernel, b[0].place()}
	l := c.options.Thresholds.limits(c.Name, names...)
	ch.Threshold = finite(l.change)
	single := len(b) == 1 && len(n) == 1
	whole, clean := true, true
	measure := func(byRun [][]*op, of func(*op) float64) []float64 {
		var values []float64
		for _, ops := range byRun {
			sum := 0.0
			for _, o := range ops {
				_, ok := c.value(o)
				clean = clean && ok
				times := 1.0
				if !single {
					times = o.perInvoke
				}
				sum += of(o) * times
			}
			if len(ops) == 0 {
				whole = false
				continue
			}
			values = append(values, sum)
		}
		return values
	}
	ns := func(o *op) float64 { v, _ := c.value(o); return v }
	c.fill(ch, measure(r.base, ns), measure(r.new, ns), measure(r.base, c.median), measure(r.new, c.median))
	if single && len(c.base) == 1 && len(c.new) == 1 {
		from, to := b[0].time.on(c.slow), n[0].time.on(c.slow)
		ch.baseLow, ch.baseHigh, ch.newLow, ch.newHigh = from.low, from.high, to.low, to.high
	}
	if single {
		ch.allowProbes(float64(c.costs[b[0].site].InsideNS), float64(c.costs[n[0].site].InsideNS))
	} else {
		ch.allowProbes(c.probes(b, inside), c.probes(n, inside))
	}
	trusted := func(o *op) bool { return o.trusted }
	switch {
	case !whole:
		ch.Why, ch.column = "not every run has it", nil
	case !clean:
		ch.Why = "too few clean executions"
	case slices.ContainsFunc(b, func(o *op) bool { return o.container }):
		ch.Why = "the ops within it are judged"
	case math.IsInf(l.change, 1):
		ch.Why = "any change is allowed"
	case !slices.ContainsFunc(b, trusted) || !slices.ContainsFunc(n, trusted):
		ch.Why = "too short to trust"
	case math.Max(ch.BaseNS, ch.NewNS) < l.time:
		ch.Why = "too short to be judged by itself"
	}
	ch.tested = ch.Why == ""
	if ch.How == "" && otherKernel(b[0].kernel, n[0].kernel, c.base[0].runtime == c.new[0].runtime) {
		ch.How = "other kernel"
	}
	return ch
}

// otherKernel tells whether two kernels are known to be different functions. In stripped libraries they are known by their
// place only, which tells nothing across libraries.
func otherKernel(base, new string, sameRuntime bool) bool {
	return base != new && (sameRuntime || !strings.Contains(base, "+0x") && !strings.Contains(new, "+0x"))
}

// fill sets what the sides' runs took.
func (c *comparison) fill(ch *Change, base, new, baseMedians, newMedians []float64) {
	ch.BaseNS, ch.NewNS = rounded(medianOf(base)), rounded(medianOf(new))
	ch.BaseMedianNS, ch.NewMedianNS = rounded(medianOf(baseMedians)), rounded(medianOf(newMedians))
	ch.column = nil
	for _, v := range slices.Concat(base, new) {
		ch.column = append(ch.column, math.Log(math.Max(v, 1)))
	}
}

func rounded(ns float64) float64 {
	if math.IsNaN(ns) {
		return 0
	}
	return math.Round(ns*10) / 10
}

func (c *comparison) invokeChange() *Change {
	ch := &Change{Name: "invoke", Subgraph: -1, Node: -1, Base: []Op{}, New: []Op{}, Count: 1}
	l := c.options.Thresholds.limits(c.Name, "whole")
	ch.Threshold = finite(l.change)
	known, clean := true, true
	measure := func(runs []*Run) (values, medians []float64) {
		for _, r := range runs {
			e := r.invoke.on(c.slow)
			if e.count < minExecutions {
				clean, e = false, r.invoke.all
			}
			known = known && e.count > 0
			values, medians = append(values, math.Max(e.ns, 1)), append(medians, e.median)
		}
		return values, medians
	}
	base, baseMedians := measure(c.base)
	new, newMedians := measure(c.new)
	c.fill(ch, base, new, baseMedians, newMedians)
	if len(c.base) == 1 && len(c.new) == 1 {
		from, to := c.base[0].invoke.on(c.slow), c.new[0].invoke.on(c.slow)
		ch.baseLow, ch.baseHigh, ch.newLow, ch.newHigh = from.low, from.high, to.low, to.high
	}
	ch.allowProbes(c.probes(c.base[0].ops, total), c.probes(c.new[0].ops, total))
	if !known {
		ch.Why, ch.column, ch.BaseNS, ch.NewNS = "its invokes are known as a sum only", nil, 0, 0
	} else if !clean {
		ch.Why = "too few clean invokes"
	} else if math.IsInf(l.change, 1) {
		ch.Why = "any change is allowed"
	}
	ch.tested = ch.Why == ""
	return ch
}

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

const allOps = "all ops"

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
func (c *comparison) sumChange(name string, base, new [][]*op, limits ...string) *Change {
	ch := &Change{Name: name, Subgraph: -1, Node: -1, Base: []Op{}, New: []Op{}}
	l := c.options.Thresholds.limits(c.Name, limits...)
	ch.Threshold = finite(l.change)
	everywhere := true
	measure := func(byRun [][]*op) (values, medians []float64, probes float64) {
		for _, ops := range byRun {
			if len(ops) == 0 {
				everywhere = false
				continue
			}
			var sum, sumOfMedians float64
			for _, o := range ops {
				ns, _ := c.value(o)
				sum += ns * o.perInvoke * o.selfShare
				sumOfMedians += c.median(o) * o.perInvoke * o.selfShare
			}
			ch.Count = max(ch.Count, len(ops))
			values, medians = append(values, sum), append(medians, sumOfMedians)
			probes = c.probes(ops, inside)
		}
		return values, medians, probes
	}
	baseNS, baseMedians, baseProbes := measure(base)
	newNS, newMedians, newProbes := measure(new)
	c.fill(ch, baseNS, newNS, baseMedians, newMedians)
	switch {
	case len(newNS) == 0:
		ch.Why = "only in base"
	case len(baseNS) == 0:
		ch.Why = "only in new"
	case !everywhere:
		ch.Why = "not every run has it"
	case name != allOps && !slices.Equal(work(base[0]), work(new[0])):
		ch.Why = "not of the same nodes"
	case math.IsInf(l.change, 1):
		ch.Why = "any change is allowed"
	case math.Max(ch.BaseNS, ch.NewNS) < l.time:
		ch.Why = "too short to be judged"
	}
	if everywhere {
		ch.allowProbes(baseProbes, newProbes)
		ch.baseLow, ch.baseHigh = c.bounds(base[0])
		ch.newLow, ch.newHigh = c.bounds(new[0])
	} else {
		ch.column = nil
	}
	ch.tested = ch.Why == ""
	return ch
}

// bounds are the sums of the ends of ops' intervals, 0 when one of them has none.
func (c *comparison) bounds(ops []*op) (low, high float64) {
	for _, o := range ops {
		e := o.time.on(c.slow)
		if e.count < minExecutions {
			return 0, 0
		}
		low += e.low * o.perInvoke * o.selfShare
		high += e.high * o.perInvoke * o.selfShare
	}
	return low, high
}

// sideOps returns the ops of one side of a row.
func (c *comparison) sideOps(byRun [][]*op) []Op {
	ops := []Op{}
	for i, o := range byRun[firstOf(byRun)] {
		var ns []float64
		for _, of := range byRun {
			if i < len(of) {
				v, _ := c.value(of[i])
				ns = append(ns, v)
			}
		}
		nodes := o.nodes
		if nodes == nil {
			nodes = []int32{}
		}
		ops = append(ops, Op{o.subgraph, o.node, nodes, o.name, o.kernel, o.delegate, o.types, rounded(medianOf(ns))})
	}
	return ops
}

// finite is 0 for no limit, which JSON can't hold.
func finite(change float64) float64 {
	if math.IsInf(change, 1) {
		return 0
	}
	return change
}
