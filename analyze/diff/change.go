package diff

import (
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
	c.AllOps = c.sumChange(allOps, opsOf(c.base), opsOf(c.new), whole)
	c.ByOp = c.sums(func(o *op) string { return strings.TrimSpace(o.name + " " + o.types) })
	c.ByKernel = c.sums(func(o *op) string { return o.kernel })
}

// whole is what thresholds call an invoke, all ops, and what they have in common.
const whole = "whole"

// newChange is a change of no single op, with the limits of these names.
func (c *comparison) newChange(name string, names ...string) (*Change, limits) {
	l := c.options.Thresholds.limits(c.Name, names...)
	return &Change{Name: name, Subgraph: -1, Node: -1, Base: []Op{}, New: []Op{}, Threshold: finite(l.change), Count: 1}, l
}

// opChange is the change of an op, or of several where the sides' ops do the work of the same nodes.
func (c *comparison) opChange(r *row) *Change {
	b, n := r.base[firstOf(r.base)], r.new[firstOf(r.new)]
	ch, l := c.newChange(b[0].name, b[0].name, b[0].kernel, n[0].name, n[0].kernel, b[0].place())
	ch.Subgraph, ch.Node, ch.Base, ch.New, ch.How = b[0].subgraph, b[0].node, c.sideOps(r.base), c.sideOps(r.new), r.how
	if ch.How == "" && otherKernel(b[0].kernel, n[0].kernel, c.base[0].runtime == c.new[0].runtime) {
		ch.How = "other kernel"
	}
	w := once
	if len(b) > 1 || len(n) > 1 {
		w = perInvoke
	}
	base, new := c.takenFor(r.base, w), c.takenFor(r.new, w)
	ch.compare(base, new)
	trusted := func(o *op) bool { return o.trusted }
	switch {
	case !base.everywhere || !new.everywhere:
		ch.Why = "not every run has it"
	case !base.clean || !new.clean:
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
	return ch
}

// otherKernel tells whether two kernels are known to be different functions. In stripped libraries they are known by their
// place only, which tells nothing across libraries.
func otherKernel(base, new string, sameRuntime bool) bool {
	return base != new && (sameRuntime || !strings.Contains(base, "+0x") && !strings.Contains(new, "+0x"))
}

func (c *comparison) invokeChange() *Change {
	ch, l := c.newChange("invoke", whole)
	base, new := c.takenForInvokes(c.base), c.takenForInvokes(c.new)
	ch.compare(base, new)
	switch {
	case !base.everywhere || !new.everywhere:
		ch.Why = "its invokes are known as a sum only"
	case !base.clean || !new.clean:
		ch.Why = "too few clean invokes"
	case math.IsInf(l.change, 1):
		ch.Why = "any change is allowed"
	}
	ch.tested = ch.Why == ""
	return ch
}

// sideOps returns the ops of one side of a row.
func (c *comparison) sideOps(byRun [][]*op) []Op {
	ops := []Op{}
	for i, o := range byRun[firstOf(byRun)] {
		var ns []float64
		for _, of := range byRun {
			if i < len(of) {
				e, _ := c.value(of[i])
				ns = append(ns, e.ns)
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
