package diff

import (
	"math"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// probeCosts returns what probes cost by the class of their instruction, in the median recording: what is measured differs from
// one to the other, and would look like a change.
func probeCosts(runs []*Run) map[string]analyze.ProbeCost {
	measured := make(map[string][]analyze.ProbeCost)
	for _, r := range runs {
		for _, cost := range r.costs {
			measured[cost.InstructionClass] = append(measured[cost.InstructionClass], cost)
		}
	}
	costs := make(map[string]analyze.ProbeCost)
	for class, all := range measured {
		middle := func(of func(analyze.ProbeCost) uint64) uint64 {
			var values []uint64
			for _, cost := range all {
				values = append(values, of(cost))
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		costs[class] = analyze.ProbeCost{InstructionClass: class, TotalNS: middle(func(c analyze.ProbeCost) uint64 { return c.TotalNS }),
			InsideNS: middle(func(c analyze.ProbeCost) uint64 { return c.InsideNS })}
	}
	return costs
}

// allowProbes widens the threshold by what the probes of the two sides differ by: another library may have to be probed at
// instructions that cost more.
func (ch *Change) allowProbes(base, new float64) {
	ch.ProbeNS = rounded(new - base)
	if ch.Threshold != 0 {
		ch.Threshold += ch.probeShare()
	}
}

func (ch *Change) probeShare() float64 {
	return math.Abs(ch.ProbeNS) / math.Max(math.Min(ch.BaseNS, ch.NewNS), 1)
}
