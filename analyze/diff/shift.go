package diff

import (
	"math"
	"slices"

	"github.com/aclements/go-moremath/stats"
)

// shift is by how much the logarithms of one side are larger than the other's.
type shift struct {
	estimate  float64 // Hodges and Lehmann's: the median of all differences
	low, high float64
	p         float64 // of the Mann-Whitney test, two-sided
}

// shifts compares samples of two sizes.
type shifts struct {
	u      stats.UDist
	out    int     // differences left out at each end of an interval
	covers float64 // probability that an interval holds the true shift
}

// newShifts returns what compares base values with new ones. Intervals hold the true shift with the wanted probability, or
// with as much as there is when the samples are too small for it. Their ends are those differences of which as many are further
// out as the Mann-Whitney test allows (Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 4.3), so the two agree.
func newShifts(base, new int, confidence float64) *shifts {
	s := &shifts{u: stats.UDist{N1: base, N2: new}}
	for 2*s.u.CDF(float64(s.out+1)) <= 1-confidence {
		s.out++
	}
	s.covers = max(1-2*s.u.CDF(float64(s.out)), 0)
	return s
}

func (s *shifts) of(base, new []float64) shift {
	var differences []float64
	u := 0.0 // how often base is larger, ties half
	for _, b := range base {
		for _, n := range new {
			differences = append(differences, n-b)
			switch {
			case b > n:
				u++
			case b == n:
				u += 0.5
			}
		}
	}
	slices.Sort(differences)
	return shift{median(differences), differences[s.out], differences[len(differences)-1-s.out], s.p(u)}
}

// p is that of a U at least as far from the middle, as if there were no ties: to know them takes seconds, and times have few.
func (s *shifts) p(u float64) float64 {
	u = min(u, float64(s.u.N1*s.u.N2)-u)
	return min(2*s.u.CDF(math.Ceil(u)), 1)
}

// median returns the median of sorted values; NaN without any.
func median(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func medianOf(values []float64) float64 { return median(slices.Sorted(slices.Values(values))) }
