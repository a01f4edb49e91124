package script

import (
	"errors"
	"fmt"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Every function here takes an array of FLOAT32 and makes another one.

func reshape(a *step.Array, shape []int) (*step.Array, error) {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 0 && n > a.Len()/d+1 {
			return nil, fmt.Errorf("%s can't be made %s", shapeText(a.Shape), shapeText(shape))
		}
		n *= d
	}
	if n != a.Len() {
		return nil, fmt.Errorf("%d elements can't be made %s", a.Len(), shapeText(shape))
	}
	return &step.Array{Shape: shape, Float32: a.Float32}, nil
}

// Transpose puts dimensions into another order: the i-th of the result is the order[i]-th of the array.
func Transpose(a *step.Array, order []int) (*step.Array, error) {
	rank := len(a.Shape)
	if err := permutation(order, rank); err != nil {
		return nil, fmt.Errorf("%w, as %s has dimensions", err, shapeText(a.Shape))
	}
	strides := make([]int, rank)
	for i, stride := rank-1, 1; i >= 0; i-- {
		strides[i] = stride
		stride *= a.Shape[i]
	}
	shape, steps := make([]int, rank), make([]int, rank)
	for i, from := range order {
		shape[i], steps[i] = a.Shape[from], strides[from]
	}
	return &step.Array{Shape: shape, Float32: gather(a.Float32, shape, steps, 0)}, nil
}

// gather reads elements from the one at start on, dimension by dimension in steps.
func gather(from []float32, shape, steps []int, start int) []float32 {
	n := 1
	for _, d := range shape {
		n *= d
	}
	out := make([]float32, 0, n)
	index, at := make([]int, len(shape)), start
	for len(out) < n {
		out = append(out, from[at])
		for i := len(shape) - 1; i >= 0; i-- {
			index[i]++
			at += steps[i]
			if index[i] < shape[i] {
				break
			}
			at -= shape[i] * steps[i]
			index[i] = 0
		}
	}
	return out
}

func permutation(order []int, n int) error {
	seen := make([]bool, n)
	for _, i := range order {
		if i < 0 || i >= n || seen[i] {
			return fmt.Errorf("%v isn't each of the numbers from 0 to %d once", order, n-1)
		}
		seen[i] = true
	}
	if len(order) != n {
		return fmt.Errorf("%v aren't %d numbers", order, n)
	}
	return nil
}

// channels puts the channels, the last dimension, into another order; fewer may be named than there are.
func channels(a *step.Array, order []int) (*step.Array, error) {
	if len(a.Shape) == 0 {
		return nil, errors.New("a scalar has no channels")
	}
	last := len(a.Shape) - 1
	n := a.Shape[last]
	if len(order) > max(n, 4) {
		return nil, fmt.Errorf("%d channels are more than there are", len(order))
	}
	for _, c := range order {
		if c < 0 || c >= n {
			return nil, fmt.Errorf("there is no channel %d among %d", c, n)
		}
	}
	shape := append(append([]int{}, a.Shape[:last]...), len(order))
	out := make([]float32, 0, a.Len()/max(n, 1)*len(order))
	for i := 0; i+n <= len(a.Float32) && n > 0; i += n {
		for _, c := range order {
			out = append(out, a.Float32[i+c])
		}
	}
	return &step.Array{Shape: shape, Float32: out}, nil
}

// rows returns which dimensions are the rows and columns of images: [h, w], [h, w, channels], [images, h, w, channels].
func rows(a *step.Array) (rows, columns int, err error) {
	switch len(a.Shape) {
	case 2, 3:
		return 0, 1, nil
	case 4:
		return 1, 2, nil
	}
	return 0, 0, fmt.Errorf("%s is no image", shapeText(a.Shape))
}

// rotate turns images clockwise.
func rotate(a *step.Array, args []int) (*step.Array, error) {
	y, x, err := rows(a)
	if err != nil {
		return nil, err
	}
	if args[0]%90 != 0 {
		return nil, fmt.Errorf("%d degrees aren't a multiple of 90", args[0])
	}
	for range (args[0]/90%4 + 4) % 4 {
		order := make([]int, len(a.Shape))
		for i := range order {
			order[i] = i
		}
		order[y], order[x] = x, y
		if a, err = Transpose(a, order); err != nil {
			return nil, err
		}
		a = mirrored(a, x)
	}
	return a, nil
}

// flip mirrors a dimension.
func flip(a *step.Array, args []int) (*step.Array, error) {
	if args[0] < 0 || args[0] >= len(a.Shape) {
		return nil, fmt.Errorf("%s has no dimension %d", shapeText(a.Shape), args[0])
	}
	return mirrored(a, args[0]), nil
}

func mirrored(a *step.Array, dimension int) *step.Array {
	if a.Len() == 0 {
		return a
	}
	steps := make([]int, len(a.Shape))
	for i, stride := len(a.Shape)-1, 1; i >= 0; i-- {
		steps[i] = stride
		stride *= a.Shape[i]
	}
	start := steps[dimension] * (a.Shape[dimension] - 1)
	steps[dimension] = -steps[dimension]
	return &step.Array{Shape: a.Shape, Float32: gather(a.Float32, a.Shape, steps, start)}
}
