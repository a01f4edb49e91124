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
	s := newStatistics(columns)
	observed := slices.Clone(s.of(d.ways[0]))
	atLeast := make([]int, len(columns))
	for _, way := range d.ways {
		largest := 0.0
		for _, t := range s.of(way) {
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

// statistics are the differences of the sides' means, over their standard errors.
type statistics struct {
	columns              []column
	sums, squares        []float64 // of all runs
	t, variances, sorted []float64
}

func newStatistics(columns []column) *statistics {
	n := len(columns)
	s := &statistics{columns, make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
	for i, c := range columns {
		for _, v := range c {
			s.sums[i] += v
			s.squares[i] += v * v
		}
	}
	return s
}

// of returns the statistic of each column when these runs are new. It is valid until the next call.
func (s *statistics) of(new []int) []float64 {
	n := float64(len(new))
	m := float64(len(s.columns[0])) - n
	for i, c := range s.columns {
		var ofNew float64
		for _, run := range new {
			ofNew += c[run]
		}
		ofBase := s.sums[i] - ofNew
		s.t[i] = ofNew/n - ofBase/m
		s.variances[i] = max(s.squares[i]-ofNew*ofNew/n-ofBase*ofBase/m, 0) / max(n+m-2, 1)
	}
	copy(s.sorted, s.variances)
	slices.Sort(s.sorted)
	typical := median(s.sorted)
	for i, v := range s.variances {
		s.t[i] /= math.Sqrt(moderate(v, typical)*(1/n+1/m)) + tiny
	}
	return s.t
}

const tiny = 1e-12 // for columns that hold one value only

// moderate draws a variance that is small, which few runs tell poorly, half the way to what is typical, so that columns that vary little by
// chance don't stand out (Smyth, Linear models and empirical Bayes methods, 2004). Large ones stay: an op that varies much from run to run
// would stand out for it in many deals.
func moderate(variance, typical float64) float64 { return max(variance, (variance+typical)/2) }
