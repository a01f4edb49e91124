package diff

import (
	"cmp"
	"math"
	"slices"
)

const (
	// turnsP is the Mann-Whitney p of the times at which runs began below which the sides were not recorded in turns.
	turnsP = 0.05
	// driftFactor is how many times as large as what moved within a side a change has to be when they weren't. docs/diff.md has what
	// comes of it.
	driftFactor = 2
)

// inTurns tells whether the sides were recorded in turns, or else which was first; nobody may know, as of recordings that don't
// say when they began.
func (c *comparison) inTurns() (is bool, first string) {
	began := func(runs []*Run) []float64 {
		var times []float64
		for _, r := range runs {
			if r.StartUnixNS == 0 {
				return nil
			}
			times = append(times, float64(r.StartUnixNS))
		}
		return times
	}
	b, n := began(c.base), began(c.new)
	if b == nil || n == nil {
		return true, ""
	}
	switch s := c.shifts.of(b, n); {
	case s.p > turnsP:
		return true, ""
	case s.estimate > 0:
		return false, "base was recorded before new"
	}
	return false, "new was recorded before base"
}

// drift is how far values moved within a side while it was recorded, from its earlier half to its later one: the larger of the two
// sides'. Where one side was recorded before the other, they move as far between the two by themselves.
func (c *comparison) drift(values column) float64 {
	return math.Max(moved(c.base, values[:len(c.base)]), moved(c.new, values[len(c.base):]))
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
