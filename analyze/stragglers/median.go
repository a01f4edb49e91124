package stragglers

import (
	"cmp"
	"math"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// normalMAD is the median distance of normally distributed values from their mean, in standard deviations.
const normalMAD = 0.6745

// median sorts the values.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// middle is the median of values, which stay as they are.
func middle(values []float64) float64 { return median(slices.Clone(values)) }

// apart is how far values are apart, in ln, as a standard deviation; 0 for one.
func apart(values []float64) float64 {
	m := middle(values)
	off := make([]float64, len(values))
	for i, v := range values {
		off[i] = math.Abs(math.Log(v / m))
	}
	return median(off) / normalMAD
}

// weighted is the median of what its ops have, each with the weight of its time; none when no op has it.
func (f *finder) weighted(m *analyze.Model, of func(*subject) (float64, bool), none float64) float64 {
	type weight struct {
		v  float64
		ns uint64
	}
	var all []weight
	var total uint64
	for _, s := range f.all {
		if v, has := of(s); s.model == m && has {
			all = append(all, weight{v, s.SelfNS})
			total += s.SelfNS
		}
	}
	slices.SortFunc(all, func(a, b weight) int { return cmp.Compare(a.v, b.v) })
	var sum uint64
	for _, w := range all {
		if sum += w.ns; 2*sum >= total {
			return w.v
		}
	}
	return none
}
