package stragglers

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// Leaving a value out by formula is the same as leaving it out for real.
func TestProcessPredicts(t *testing.T) {
	const n = 12
	random := rand.New(rand.NewPCG(1, 2))
	at, values := make([]float64, n), make([]float64, n)
	for i := range at {
		at[i], values[i] = 10*random.Float64(), random.NormFloat64()
	}
	covariance := func(of []int) *mat.SymDense {
		c := mat.NewSymDense(len(of), nil)
		for i, a := range of {
			for j, b := range of[:i+1] {
				c.SetSym(i, j, math.Exp(-math.Abs(at[a]-at[b])))
			}
			c.SetSym(i, i, c.At(i, i)+0.01*float64(a+1))
		}
		return c
	}
	// direct predicts value i from those of others, by the textbook.
	direct := func(i int, others []int) (mean, deviation float64) {
		k, y := mat.NewVecDense(len(others), nil), mat.NewVecDense(len(others), nil)
		for j, o := range others {
			k.SetVec(j, math.Exp(-math.Abs(at[i]-at[o])))
			y.SetVec(j, values[o])
		}
		var inverse mat.Dense
		if err := inverse.Inverse(covariance(others)); err != nil {
			t.Fatal(err)
		}
		return mat.Inner(k, &inverse, y), math.Sqrt(1 + 0.01*float64(i+1) - mat.Inner(k, &inverse, k))
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	p, err := newProcess(values, covariance(all))
	if err != nil {
		t.Fatal(err)
	}
	left := map[int]bool{}
	for _, mute := range []int{-1, 3, 7} {
		if mute >= 0 {
			p.mute(mute)
			left[mute] = true
		}
		for i := range n {
			var others []int
			for _, o := range all {
				if o != i && !left[o] {
					others = append(others, o)
				}
			}
			mean, deviation := p.predict(i)
			wantMean, wantDeviation := direct(i, others)
			if math.Abs(mean-wantMean) > 0.02 || math.Abs(deviation-wantDeviation) > 0.02 {
				t.Errorf("without %v, value %d: %.4f ± %.4f, want %.4f ± %.4f", left, i, mean, deviation, wantMean, wantDeviation)
			}
		}
	}
}

// One value far away is left out, and nothing else; what isn't positive definite is refused.
func TestProcessOutliers(t *testing.T) {
	const n = 20
	values := make([]float64, n)
	c := mat.NewSymDense(n, nil)
	for i := range values {
		values[i] = 0.01 * float64(i%3)
		for j := range i + 1 {
			c.SetSym(i, j, 1)
		}
		c.SetSym(i, i, 1.001)
	}
	values[5] = 2
	p, err := newProcess(values, c)
	if err != nil {
		t.Fatal(err)
	}
	p.muteOutliers(3.5)
	for i, out := range p.out {
		if out != (i == 5) {
			t.Errorf("value %d left out: %t", i, out)
		}
	}
	if mean, _ := p.predict(5); math.Abs(mean) > 0.02 {
		t.Errorf("expects %.3f for the outlier, want what the others are", mean)
	}
	if _, err := newProcess([]float64{1, 2}, mat.NewSymDense(2, []float64{1, 2, 2, 1})); err == nil {
		t.Error("took a covariance that can't be one")
	}
}
