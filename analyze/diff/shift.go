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
	covers    float64 // probability that the interval holds the true shift
	p         float64 // of the Mann-Whitney test, two-sided
}

// shiftOf compares two samples. The interval holds the true shift with the wanted probability, or with as much as there is
// when the samples are too small for it. Its ends are those differences of which as many are further out as the Mann-Whitney
// test allows (Hollander, Wolfe, Chicken: Nonparametric Statistical Methods, 4.3), so the two agree.
func shiftOf(base, new []float64, confidence float64) shift {
	var differences []float64
	for _, b := range base {
		for _, n := range new {
			differences = append(differences, n-b)
		}
	}
	if len(differences) == 0 {
		return shift{p: 1}
	}
	slices.Sort(differences)
	u := stats.UDist{N1: len(base), N2: len(new)}
	out := 0 // differences left out at each end
	for 2*u.CDF(float64(out+1)) <= 1-confidence {
		out++
	}
	s := shift{estimate: median(differences), low: differences[out], high: differences[len(differences)-1-out], p: 1,
		covers: max(1-2*u.CDF(float64(out)), 0)}
	if r, err := stats.MannWhitneyUTest(base, new, stats.LocationDiffers); err == nil { // else all are equal
		s.p = r.P
	}
	return s
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
