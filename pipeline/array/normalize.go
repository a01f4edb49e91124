package array

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/pipeline/step"
)

// normalize is (x-mean)/std in single precision: one of each for all, or one for each place in the last dimension.
type normalize struct{ mean, std []float64 }

func makeNormalize(args *step.Arguments) (step.Step, error) {
	n := normalize{alike(args.Numbers("mean", 0)), alike(args.Numbers("std", 1))}
	for _, s := range n.std {
		if s == 0 || math.IsNaN(s) {
			return nil, fmt.Errorf("std=%v: it takes numbers other than 0", s)
		}
	}
	if len(n.mean) > 1 && len(n.std) > 1 && len(n.mean) != len(n.std) {
		return nil, fmt.Errorf("it takes as many of mean= as of std=, or one; there are %d and %d", len(n.mean), len(n.std))
	}
	return n, nil
}

func (n normalize) Apply(v step.Value) (step.Value, error) {
	a, err := taken(v)
	if err != nil {
		return v, err
	}
	channels := max(len(n.mean), len(n.std))
	if channels > 1 && (len(a.Shape) == 0 || a.Shape[len(a.Shape)-1] != channels) {
		return v, fmt.Errorf("it takes an array whose last dimension is %d; it was given %s (normalize before layout nchw)", channels, v.Describe())
	}
	if a.Len() == 0 {
		return v, errors.New("it was given an empty array")
	}
	out := make([]float32, a.Len())
	for i, x := range a.Reals() {
		out[i] = (x - float32(n.mean[i%len(n.mean)])) / float32(n.std[i%len(n.std)])
	}
	v.Array = &step.Array{Shape: a.Shape, Float32: out}
	return v, nil
}

func (n normalize) String() string {
	words := "normalize"
	for _, p := range []struct {
		key    string
		values []float64
		usual  float64
	}{{"mean", n.mean, 0}, {"std", n.std, 1}} {
		if len(p.values) > 1 || p.values[0] != p.usual {
			words += " " + p.key + "=" + join(p.values)
		}
	}
	return words
}

// alike is one number in place of several that are the same.
func alike(values []float64) []float64 {
	for _, v := range values {
		if v != values[0] {
			return values
		}
	}
	return values[:1]
}

func join(values []float64) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strings.Join(words, ",")
}
