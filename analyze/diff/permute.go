package diff

import (
	"cmp"
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

// familyP returns of each column the probability that any of those that differ no more differs as much between sides when runs
// are dealt out to sides at random: Westfall and Young's step-down max-T (Resampling-Based Multiple Testing, 1993, 2.6 and 4.1),
// which takes into account that columns go together and assumes nothing of how they are distributed. Going down by steps keeps
// a large change, which shows in many deals, from hiding smaller ones.
func familyP(columns []column, d deals) []float64 {
	if len(columns) == 0 {
		return nil
	}
	s := newStatistics(columns)
	observed := slices.Clone(s.of(d.ways[0]))
	order := make([]int, len(columns)) // the largest first
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(observed[b]), math.Abs(observed[a])) })
	atLeast := make([]int, len(columns))
	for _, way := range d.ways {
		t := s.of(way)
		largest := 0.0
		for _, i := range slices.Backward(order) {
			largest = max(largest, math.Abs(t[i]))
			if largest >= math.Abs(observed[i])*(1-1e-9) { // the sums' rounding
				atLeast[i]++
			}
		}
	}
	p, before := make([]float64, len(columns)), 0.0
	for _, i := range order {
		before = max(before, float64(atLeast[i])/float64(len(d.ways)))
		p[i] = before
	}
	return p
}

// statistics are the differences of the sides' means, over their standard errors.
type statistics struct {
	runs          [][]float64 // by run, then column
	sums, squares []float64   // of all runs
	typical       float64     // variance of a column
	ofNew, t      []float64
}

func newStatistics(columns []column) *statistics {
	n := len(columns)
	s := &statistics{sums: make([]float64, n), squares: make([]float64, n), ofNew: make([]float64, n), t: make([]float64, n)}
	for run := range columns[0] {
		values := make([]float64, n)
		for i, c := range columns {
			values[i] = c[run]
			s.sums[i] += c[run]
			s.squares[i] += c[run] * c[run]
		}
		s.runs = append(s.runs, values)
	}
	variances := make([]float64, n)
	for i := range columns {
		variances[i] = varianceWithin(columns[i], 0) // of all runs, so that it is the same however they are dealt out
	}
	s.typical = medianOf(variances)
	return s
}

// of returns the statistic of each column when these runs are new. It is valid until the next call.
func (s *statistics) of(new []int) []float64 {
	n := float64(len(new))
	m := float64(len(s.runs)) - n
	clear(s.ofNew)
	for _, run := range new {
		for i, v := range s.runs[run] {
			s.ofNew[i] += v
		}
	}
	for i, ofNew := range s.ofNew {
		ofBase := s.sums[i] - ofNew
		variance := max(s.squares[i]-ofNew*ofNew/n-ofBase*ofBase/m, 0) / max(n+m-2, 1)
		s.t[i] = (ofNew/n - ofBase/m) / (math.Sqrt(moderate(variance, s.typical)*(1/n+1/m)) + tiny)
	}
	return s.t
}

const tiny = 1e-12 // for columns that hold one value only

// moderate draws a variance that is small, which few runs tell poorly, half the way to what is typical, so that columns that vary little by
// chance don't stand out (Smyth, Linear models and empirical Bayes methods, 2004). Large ones stay: an op that varies much from run to run
// would stand out for it in many deals.
func moderate(variance, typical float64) float64 { return max(variance, (variance+typical)/2) }
