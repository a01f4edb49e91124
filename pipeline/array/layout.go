package array

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// layout moves the channels of a picture, or of a batch of pictures.
type layout struct{ name string }

func makeLayout(args *step.Arguments) (step.Step, error) {
	l := layout{args.Word("nchw or nhwc")}
	if l.name != "nchw" && l.name != "nhwc" {
		return nil, fmt.Errorf("%q: it takes nchw or nhwc", l.name)
	}
	return l, nil
}

func (l layout) Apply(v step.Value) (step.Value, error) {
	a, err := taken(v)
	if err != nil {
		return v, err
	}
	if len(a.Shape) < 3 {
		return v, fmt.Errorf("it takes a picture, of three dimensions or more; it was given %s", v.Describe())
	}
	front, last := a.Shape[:len(a.Shape)-3], a.Shape[len(a.Shape)-3:]
	rows, columns := last[0]*last[1], last[2] // of the matrix to transpose
	shape := []int{last[2], last[0], last[1]}
	if l.name == "nhwc" {
		rows, columns = last[0], last[1]*last[2]
		shape = []int{last[1], last[2], last[0]}
	}
	out := *a
	out.Shape = slices.Concat(front, shape)
	out.Uint8 = transposed(a.Uint8, rows, columns)
	out.Int8 = transposed(a.Int8, rows, columns)
	out.Int16 = transposed(a.Int16, rows, columns)
	out.Int32 = transposed(a.Int32, rows, columns)
	out.Float32 = transposed(a.Float32, rows, columns)
	v.Array = &out
	return v, nil
}

func (l layout) String() string { return "layout " + l.name }

// transposed makes columns of rows, in each matrix of a batch. Of nil it makes nil.
func transposed[E any](in []E, rows, columns int) []E {
	if in == nil {
		return nil
	}
	out := make([]E, len(in))
	for start := 0; start < len(in); start += rows * columns {
		for r := range rows {
			for c := range columns {
				out[start+c*rows+r] = in[start+r*columns+c]
			}
		}
	}
	return out
}
