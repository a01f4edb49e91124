package analyze

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestDistributionQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	lognormal := func(median, sigma float64) func() uint64 {
		return func() uint64 { return uint64(median * math.Exp(sigma*r.NormFloat64())) }
	}
	cases := []struct {
		name  string
		n     int
		value func() uint64
		error float64 // largest, relative
	}{
		{"one", 1, func() uint64 { return 7 }, 0},
		{"exact", exactSamples, lognormal(1e6, 1), 0},
		{"just beyond", exactSamples + 1, lognormal(1e6, 1), 0.004},
		{"tiny values", 10_000, func() uint64 { return r.Uint64N(octaveSize) }, 0},
		{"small values", 10_000, func() uint64 { return r.Uint64N(1000) }, 0.004},
		{"narrow", 100_000, lognormal(430_000, 0.03), 0.004},
		{"wide", 100_000, lognormal(1e6, 5), 0.004},
		{"whole range", 10_000, r.Uint64, 0.004},
		{"all alike", 1000, func() uint64 { return 123_456_789 }, 0},
		{"largest", 1000, func() uint64 { return math.MaxUint64 }, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var whole, first, second Distribution
			values := make([]uint64, c.n)
			for i := range values {
				values[i] = c.value()
				whole.Add(values[i])
				if i%3 == 0 {
					first.Add(values[i])
				} else {
					second.Add(values[i])
				}
			}
			first.Merge(&second)
			slices.Sort(values)
			for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 1} {
				want := values[max(int(math.Ceil(q*float64(c.n))), 1)-1]
				for name, d := range map[string]*Distribution{"whole": &whole, "merged": &first} {
					got := d.Quantile(q)
					if off := math.Abs(float64(got)-float64(want)) / max(float64(want), 1); off > c.error {
						t.Errorf("%s: quantile %v is %d, want %d: off by %v", name, q, got, want, off)
					}
					if d.Count != uint64(c.n) || d.Min != values[0] || d.Max != values[c.n-1] || d.Sum != whole.Sum {
						t.Errorf("%s: count %d min %d max %d sum %d", name, d.Count, d.Min, d.Max, d.Sum)
					}
				}
			}
		})
	}
}

func TestDistributionEmpty(t *testing.T) {
	var d, other Distribution
	d.Merge(&other)
	if d.Quantile(0.5) != 0 || d.Mean() != 0 || d.Count != 0 {
		t.Errorf("%+v", d)
	}
}
