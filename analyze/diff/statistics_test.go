package diff

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aclements/go-moremath/stats"
)

// Published examples: Hollander, Wolfe, Chicken, Nonparametric Statistical Methods, 4.1 and 4.3 (permeability of the human
// chorioamnion): W = 30, two-sided p 0.2544, estimate -0.305, and -0.76 to 0.15 holds the shift with 96 %.
func TestShift(t *testing.T) {
	term := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	gestation := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	shifts := newShifts(len(term), len(gestation), 0.96)
	s := shifts.of(term, gestation)
	near := func(a, b float64) bool { return math.Abs(a-b) < 5e-4 }
	if !near(s.p, 0.2544) || !near(s.estimate, -0.305) || !near(s.low, -0.76) || !near(s.high, 0.15) || shifts.covers < 0.96 || shifts.covers > 0.97 {
		t.Errorf("%+v", s)
	}
}

func TestShiftOfFew(t *testing.T) {
	shifts := newShifts(1, 1, 0.95)
	if s := shifts.of([]float64{1}, []float64{3}); s.estimate != 2 || s.low != 2 || s.high != 2 || shifts.covers != 0 || s.p != 1 {
		t.Errorf("one each: %+v", s)
	}
	if s := newShifts(2, 2, 0.95).of([]float64{1, 1}, []float64{1, 1}); s.estimate != 0 || s.p != 1 {
		t.Errorf("all equal: %+v", s)
	}
}

// Without ties, which times have few of, p is what the library computes.
func TestShiftP(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	for range 500 {
		all := random.Perm(1000)[:12]
		var base, new []float64
		for i, v := range all {
			if i < 4 || i < 8 && random.IntN(2) == 0 {
				base = append(base, float64(v))
			} else {
				new = append(new, float64(v))
			}
		}
		want, err := stats.MannWhitneyUTest(base, new, stats.LocationDiffers)
		if err != nil {
			t.Fatal(err)
		}
		if got := newShifts(len(base), len(new), 0.95).of(base, new).p; math.Abs(got-min(want.P, 1)) > 1e-9 {
			t.Errorf("%v and %v: p %g, want %g", base, new, got, want.P)
		}
	}
}

// The interval holds the shift as often as it says.
func TestShiftCovers(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const trials = 2000
	held := 0
	shifts := newShifts(5, 6, 0.95)
	for range trials {
		base, new := make([]float64, 5), make([]float64, 6)
		for i := range base {
			base[i] = random.ExpFloat64()
		}
		for i := range new {
			new[i] = random.ExpFloat64() + 2
		}
		s := shifts.of(base, new)
		if s.low <= 2 && 2 <= s.high {
			held++
		}
	}
	if share := float64(held) / trials; shifts.covers < 0.95 || math.Abs(share-shifts.covers) > 0.02 {
		t.Errorf("%g of the intervals hold the shift, %g should", share, shifts.covers)
	}
}

func TestDeals(t *testing.T) {
	for _, c := range []struct {
		base, new, ways int
		exact           bool
	}{{5, 5, 252, true}, {3, 5, 56, true}, {8, 8, 12870, true}, {9, 9, sampledWays, false}} {
		d := dealsOf(c.base, c.new)
		seen := make(map[string]bool)
		for _, way := range d.ways {
			in := make([]byte, c.base+c.new)
			for _, run := range way {
				in[run] = 1
			}
			seen[string(in)] = true
			if strings.Count(string(in), "\x01") != c.new {
				t.Fatalf("%v is not %d different runs", way, c.new)
			}
		}
		if len(d.ways) != c.ways || d.exact != c.exact || c.exact && len(seen) != c.ways || d.ways[0][0] != c.base {
			t.Errorf("%d and %d: %d ways, %d different, exact %v", c.base, c.new, len(d.ways), len(seen), d.exact)
		}
	}
}

func TestLeastRuns(t *testing.T) {
	for alpha, want := range map[float64]int{0.05: 4, 0.01: 5, 0.001: 7} {
		if got := leastRuns(alpha); got != want {
			t.Errorf("alpha %g: %d runs, want %d", alpha, got, want)
		}
	}
}

// Among columns of all kinds without a change, something falls below p no more often than p says; a change is found.
func TestFamilyP(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	deals := dealsOf(5, 5)
	const trials = 400
	alarms, found := 0, 0
	for range trials {
		columns := make([]column, 20)
		shared := make(column, 10)
		for run := range shared {
			shared[run] = random.NormFloat64()
		}
		for i := range columns {
			columns[i] = make(column, 10)
			for run := range columns[i] {
				switch i % 4 {
				case 0:
					columns[i][run] = 0.01 * random.NormFloat64()
				case 1:
					columns[i][run] = 0.01*random.NormFloat64() + 0.02*shared[run] // they go together
				case 2:
					columns[i][run] = 0.3*float64(random.IntN(2)) + 0.001*random.NormFloat64() // one of two
				case 3:
					columns[i][run] = 0.01 / (random.Float64() + 0.01) // wild
				}
			}
		}
		least := 1.0
		for _, p := range familyP(columns, deals) {
			least = min(least, p)
		}
		if least <= 0.05 {
			alarms++
		}
		for run := 5; run < 10; run++ {
			columns[4][run] += 0.1
		}
		if familyP(columns, deals)[4] <= 0.05 {
			found++
		}
	}
	if share := float64(alarms) / trials; share > 0.08 {
		t.Errorf("%g of the trials have a p of 0.05 or less", share)
	}
	if share := float64(found) / trials; share < 0.5 {
		t.Errorf("a change of 10 standard deviations is found in %g of the trials", share)
	}
}

// A large change, which shows in deals near the real one, too, does not hide a smaller one.
func TestLargeChangesHideNone(t *testing.T) {
	random := rand.New(rand.NewPCG(10, 11))
	columns := make([]column, 12)
	for i := range columns {
		columns[i] = make(column, 16)
		for run := range columns[i] {
			columns[i][run] = 0.01 * random.NormFloat64()
			if run >= 8 {
				columns[i][run] += []float64{0.8, 0.7, 0.025, 0, 0, 0}[min(i, 5)]
			}
		}
	}
	p := familyP(columns, dealsOf(8, 8))
	if p[0] > 0.001 || p[1] > 0.001 || p[2] > 0.01 || p[2] < p[1] {
		t.Errorf("p of 80 %%, 70 %% and 2.5 %%: %g", p[:3])
	}
	for _, p := range p[3:] {
		if p < 0.05 {
			t.Errorf("p of nothing is %g", p)
		}
	}
}
