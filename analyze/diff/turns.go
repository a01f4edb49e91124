package diff

import (
	"cmp"
	"math"
	"slices"
)

const (
	// turnsP is the Mann-Whitney p of the times at which runs began below which the sides were not recorded in turns.
	turnsP = 0.05
	// driftFactor is how many times as large as what moved within a side a change has to be when they weren't.
	driftFactor = 2
	// driftAtLeast is by how much invokes and sums of ops have to change then; and every op, when there was a pause between the
	// sides. docs/diff.md has what comes of it.
	driftAtLeast = 0.1
)

// order is in which order the sides were recorded.
type order struct {
	first string // which was first, in words; empty when they took turns, or when nobody knows
	pause bool   // between the sides, longer than recording either side took
}

// orderOf tells in which order the runs that count were recorded.
func (c *comparison) orderOf() order {
	b, n := began(c.base), began(c.new)
	if b == nil || n == nil {
		return order{}
	}
	s := c.shifts.of(b, n)
	if s.p > turnsP {
		return order{}
	}
	first, second, o := b, n, order{first: "base was recorded before new"}
	if s.estimate < 0 {
		first, second, o = n, b, order{first: "new was recorded before base"}
	}
	span := func(times []float64) float64 { return slices.Max(times) - slices.Min(times) }
	o.pause = slices.Min(second)-slices.Max(first) > max(span(first), span(second))
	return o
}

// began returns when runs began, nil when that isn't known of all.
func began(runs []*Run) []float64 {
	var times []float64
	for _, r := range runs {
		if r.StartUnixNS == 0 {
			return nil
		}
		times = append(times, float64(r.StartUnixNS))
	}
	return times
}

// isDrift tells whether a change may be the machine's: where one side was recorded before the other, values move as much between the two
// as they do within a side, from its earlier half to its later one, and what sums up many ops moves with the machine as a whole.
func (c *comparison) isDrift(change *Change) bool {
	if c.order.first == "" {
		return false
	}
	values := change.columnWithout
	drift := driftFactor * math.Max(moved(c.base, values[:len(c.base)]), moved(c.new, values[len(c.base):]))
	if change.Node < 0 || c.order.pause {
		drift = math.Max(drift, math.Log1p(driftAtLeast))
	}
	return math.Abs(math.Log1p(change.Change)) < drift
}

func moved(runs []*Run, values column) float64 {
	order := make([]int, len(runs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(runs[a].StartUnixNS, runs[b].StartUnixNS) })
	half := len(order) / 2
	mean := func(of []int) float64 {
		sum := 0.0
		for _, i := range of {
			sum += values[i]
		}
		return sum / float64(max(len(of), 1))
	}
	return math.Abs(mean(order[len(order)-half:]) - mean(order[:half]))
}

// caveat says what the order makes of the verdict; nothing when the sides took turns.
func (o order) caveat() string {
	switch {
	case o.first == "":
		return ""
	case o.pause:
		return o.first + ", with a pause in between: what the machine did meanwhile looks like a change. " +
			"Only changes of 10% or more are told, and those may be the machine's, too: record in turns"
	}
	return o.first + ": what the machine did meanwhile looks like a change. " +
		"Only what is twice as large as what moved within a side is told, and of invokes and sums of ops only 10% or more: record in turns to find less"
}
