package diff

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/combin"
)

const (
	// Ways to deal the runs out to the two sides: all of them up to maxExact, which is 8 runs against 8, else as many drawn
	// at random as sampledWays, the real one among them.
	maxExact    = 13000
	sampledWays = 10000
)

// deals are ways to deal runs out to two sides: of each the indices of the runs that are new. The first is the real one.
type deals struct {
	ways  [][]int
	exact bool // these are all there are
}

// dealsOf returns the ways to deal out base + new runs, of which the last ones are the new ones.
func dealsOf(base, new int) deals {
	real := make([]int, new)
	for i := range real {
		real[i] = base + i
	}
	d := deals{ways: [][]int{real}}
	if combin.LogGeneralizedBinomial(float64(base+new), float64(new)) <= math.Log(maxExact) {
		d.exact = true
		g := combin.NewCombinationGenerator(base+new, new)
		for g.Next() {
			if way := g.Combination(nil); !slices.Equal(way, real) {
				d.ways = append(d.ways, way)
			}
		}
		return d
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same verdict each time
	for len(d.ways) < sampledWays {
		d.ways = append(d.ways, random.Perm(base + new)[:new])
	}
	return d
}

// leastP is the smallest p that so many runs can give: a deal and, of equally many runs a side, its mirror image are equally
// extreme.
func leastP(base, new int) float64 {
	ways := math.Exp(combin.LogGeneralizedBinomial(float64(base+new), float64(new)))
	if base == new {
		ways /= 2
	}
	return 1 / ways
}

// column is the logarithms of what each run took for one thing, those of base first.
type column []float64

// familyP returns of each column the probability that any of them differs as much between sides when runs are dealt out to
// sides at random: Westfall and Young's max-T (Resampling-Based Multiple Testing, 1993, 2.6), which takes into account that
// columns go together and assumes nothing of how they are distributed.
func familyP(columns []column, d deals) []float64 {
	if len(columns) == 0 {
		return nil
	}
	observed := statistics(columns, d.ways[0])
	atLeast := make([]int, len(columns))
	for _, way := range d.ways {
		largest := 0.0
		for _, t := range statistics(columns, way) {
			largest = max(largest, math.Abs(t))
		}
		for i, t := range observed {
			if largest >= math.Abs(t)*(1-1e-9) { // the sums' rounding
				atLeast[i]++
			}
		}
	}
	p := make([]float64, len(columns))
	for i, n := range atLeast {
		p[i] = float64(n) / float64(len(d.ways))
	}
	return p
}

// statistics returns the difference of the sides' means of each column, over its standard error.
func statistics(columns []column, new []int) []float64 {
	differences, variances := make([]float64, len(columns)), make([]float64, len(columns))
	n := float64(len(new))
	var m float64
	for i, c := range columns {
		m = float64(len(c)) - n
		var all, squares, ofNew float64
		for _, v := range c {
			all += v
			squares += v * v
		}
		for _, run := range new {
			ofNew += c[run]
		}
		ofBase := all - ofNew
		differences[i] = ofNew/n - ofBase/m
		within := squares - ofNew*ofNew/n - ofBase*ofBase/m
		variances[i] = max(within, 0) / max(n+m-2, 1)
	}
	typical := medianOf(variances)
	for i, v := range variances {
		differences[i] /= math.Sqrt(moderate(v, typical)*(1/n+1/m)) + tiny
	}
	return differences
}

const tiny = 1e-12 // for columns that hold one value only

// moderate draws a variance that is small, which few runs tell poorly, half the way to what is typical, so that columns that vary little by
// chance don't stand out (Smyth, Linear models and empirical Bayes methods, 2004). Large ones stay: an op that varies much from run to run
// would stand out for it in many deals.
func moderate(variance, typical float64) float64 { return max(variance, (variance+typical)/2) }
