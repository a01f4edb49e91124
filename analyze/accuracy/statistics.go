package accuracy

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// normal95 is the 97.5 % quantile of the normal distribution.
const normal95 = 1.959963984540054

// paired is how often each side is right: both, only the edge, only the reference, neither.
type paired struct{ both, edge, reference, neither int }

func (p *paired) add(edge, reference bool) {
	switch {
	case edge && reference:
		p.both++
	case edge:
		p.edge++
	case reference:
		p.reference++
	default:
		p.neither++
	}
}

func (p *paired) n() int { return p.both + p.edge + p.reference + p.neither }

// metric compares the two shares. The interval of their difference is Agresti and Min's: Wald's with half a sample added to
// each of the four counts, which holds for small numbers, too, and is no point when nothing flipped.
// Source: A. Agresti, Y. Min, Simple improved confidence intervals for comparing matched proportions, Statistics in Medicine 24 (2005) 729-740.
func (p *paired) metric(name string) Metric {
	n := float64(p.n())
	m := Metric{Name: name, P: p.mcNemar()}
	if n == 0 {
		return m
	}
	m.Edge, m.Reference = float64(p.both+p.edge)/n, float64(p.both+p.reference)/n
	m.Difference = m.Edge - m.Reference
	n += 2
	e, r := float64(p.edge)+0.5, float64(p.reference)+0.5
	half := normal95 * math.Sqrt(max(0, e+r-(e-r)*(e-r)/n)) / n
	middle := (e - r) / n
	m.Low, m.High = max(-1, middle-half), min(1, middle+half)
	return m
}

// mcNemar is the exact two-sided test that flips go both ways alike.
// Source: Q. McNemar, Note on the sampling error of the difference between correlated proportions, Psychometrika 12 (1947) 153-157.
func (p *paired) mcNemar() float64 {
	n := p.edge + p.reference
	if n == 0 {
		return 1
	}
	b := distuv.Binomial{N: float64(n), P: 0.5}
	return min(1, 2*b.CDF(float64(min(p.edge, p.reference))))
}

const (
	// resamples is how many a bootstrap draws.
	resamples = 1000
	// seed makes it draw the same ones each time.
	seed = 20220419
)

// bootstrap returns the 95 % interval of a difference of both sides, from samples that are drawn with replacement, both sides of
// a sample together. difference gets how often each sample was drawn.
// Source: B. Efron, R. Tibshirani, An Introduction to the Bootstrap (1993), the percentile interval.
func bootstrap(samples int, difference func(drawn []int) float64) (low, high float64) {
	if samples == 0 {
		return 0, 0
	}
	random := rand.New(rand.NewPCG(seed, uint64(samples)))
	all := make([]float64, resamples)
	drawn := make([]int, samples)
	for i := range all {
		clear(drawn)
		for range samples {
			drawn[random.IntN(samples)]++
		}
		all[i] = difference(drawn)
	}
	slices.Sort(all)
	return all[resamples*25/1000], all[resamples*975/1000]
}
