package diff

import (
	"math"

	"github.com/edgexray/edgexray/analyze"
)

// timing is what a run took for one execution of something, on fast and slow cores.
type timing struct {
	fast, slow estimate
	all        estimate // disturbed or not
}

// estimate is a quantile of executions, in ns.
type estimate struct {
	count      uint64
	ns, median float64
	low, high  float64 // interval of ns, from this run alone
}

func timingOf(c *analyze.Clean, wall *analyze.Distribution, quantile float64) timing {
	return timing{estimateOf(&c.Fast, quantile), estimateOf(&c.Slow, quantile), estimateOf(wall, quantile)}
}

// estimateOf takes the interval's ends from the order of the values: how many of n are below the true quantile is binomial,
// and nearly normal (Conover, Practical Nonparametric Statistics, 3.2).
func estimateOf(d *analyze.Distribution, quantile float64) estimate {
	if d.Count == 0 || d.Max == 0 { // or known as a sum only
		return estimate{}
	}
	n := float64(d.Count)
	half := 1.96 * math.Sqrt(quantile*(1-quantile)/n)
	at := func(q float64) float64 { return math.Max(float64(d.Quantile(math.Min(math.Max(q, 0), 1))), 1) }
	return estimate{d.Count, at(quantile), at(0.5), at(quantile - half), at(quantile + half)}
}

// on returns the estimate on one kind of core.
func (t *timing) on(slow bool) estimate {
	if slow {
		return t.slow
	}
	return t.fast
}
