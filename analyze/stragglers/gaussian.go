package stragglers

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// muted is the variance of what an observation that is left out is off by: ln 22 000 in standard deviations.
const muted = 100

// process is a Gaussian process of which every value was observed with some noise. It predicts each value from all the others:
// Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, section 5.4.2.
type process struct {
	values  []float64
	inverse *mat.SymDense // of the values' covariance, noise included
	weights *mat.VecDense // inverse times values
	out     []bool        // by value: it is left out from the predictions of others
}

// newProcess takes the values, whose mean is 0, and their covariance, which it keeps.
func newProcess(values []float64, covariance *mat.SymDense) (*process, error) {
	p := &process{values: values, out: make([]bool, len(values)), inverse: mat.NewSymDense(len(values), nil), weights: mat.NewVecDense(len(values), nil)}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(covariance) {
		return nil, fmt.Errorf("the covariance of %d ops is not positive definite", len(values))
	}
	if err := cholesky.InverseTo(p.inverse); err != nil {
		return nil, err
	}
	p.weigh()
	return p, nil
}

func (p *process) weigh() { p.weights.MulVec(p.inverse, mat.NewVecDense(len(p.values), p.values)) }

// predict returns what value i is expected to be, given all others, and the standard deviation of that, with the value's own noise.
func (p *process) predict(i int) (mean, deviation float64) {
	precision := p.inverse.At(i, i)
	variance := 1 / precision
	mean = p.values[i] - p.weights.AtVec(i)*variance
	if p.out[i] {
		variance -= muted
	}
	return mean, math.Sqrt(max(variance, 1e-9))
}

// mute leaves a value out from the predictions of others, as if its noise were without bounds: by the Sherman-Morrison formula.
func (p *process) mute(i int) {
	p.out[i] = true
	column := mat.NewVecDense(len(p.values), nil)
	for j := range p.values {
		column.SetVec(j, p.inverse.At(j, i))
	}
	p.inverse.SymRankOne(p.inverse, -muted/(1+muted*p.inverse.At(i, i)), column)
	p.weigh()
}

// muteOutliers leaves out, worst first, the values that are more than limit standard deviations away from what the others tell. It
// stops at a quarter of the values: then they aren't outliers.
func (p *process) muteOutliers(limit float64) {
	for range len(p.values) / 4 {
		worst, at := limit, -1
		for i := range p.values {
			mean, deviation := p.predict(i)
			if off := math.Abs(p.values[i]-mean) / deviation; !p.out[i] && off > worst {
				worst, at = off, i
			}
		}
		if at < 0 {
			return
		}
		p.mute(at)
	}
}
