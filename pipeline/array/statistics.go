package array

import (
	"errors"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// standardize gives all elements together a mean of 0 and a deviation of 1. A deviation below 1/sqrt(elements) is taken for that.
// Source: tf.image.per_image_standardization.
type standardize struct{}

func makeStandardize(*step.Arguments) (step.Step, error) { return standardize{}, nil }

func (standardize) Apply(v step.Value) (step.Value, error) {
	return rescaled(v, func(x []float32) (offset, divisor float64) {
		var sum, squares float64
		for _, e := range x {
			sum += float64(e)
		}
		n := float64(len(x))
		for _, e := range x {
			squares += (float64(e) - sum/n) * (float64(e) - sum/n)
		}
		return sum / n, max(math.Sqrt(squares/n), 1/math.Sqrt(n))
	})
}

func (standardize) String() string { return "standardize" }

// minMax makes the smallest element 0 and the largest 1; where all are the same they become 0.
type minMax struct{}

func makeMinMax(*step.Arguments) (step.Step, error) { return minMax{}, nil }

func (minMax) Apply(v step.Value) (step.Value, error) {
	return rescaled(v, func(x []float32) (offset, divisor float64) {
		low, high := float64(slices.Min(x)), float64(slices.Max(x))
		if high == low {
			return low, 1
		}
		return low, high - low
	})
}

func (minMax) String() string { return "min-max" }

// rescaled is (x-offset)/divisor of all elements, by what they are together; FLOAT32.
func rescaled(v step.Value, by func([]float32) (offset, divisor float64)) (step.Value, error) {
	a, err := taken(v)
	if err != nil {
		return v, err
	}
	if a.Len() == 0 {
		return v, errors.New("it was given an empty array")
	}
	x := a.Reals()
	offset, divisor := by(x)
	out := make([]float32, len(x))
	for i, e := range x {
		out[i] = float32((float64(e) - offset) / divisor)
	}
	v.Array = &step.Array{Shape: a.Shape, Float32: out}
	return v, nil
}
