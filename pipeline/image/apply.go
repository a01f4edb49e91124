package image

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// apply makes a picture of a value's picture. The result has as many dimensions of 1 in front.
func apply(v step.Value, f func(Image) (Image, error)) (step.Value, error) {
	if v.Array == nil {
		return v, fmt.Errorf("it takes a picture; it was given %s (decode it first)", v.Describe())
	}
	m, err := Of(v.Array)
	if err != nil {
		return v, err
	}
	if m, err = f(m); err != nil {
		return v, err
	}
	a := m.Array()
	for range len(v.Array.Shape) - len(a.Shape) {
		a.Shape = slices.Insert(a.Shape, 0, 1)
	}
	v.Array = a
	return v, nil
}

// simple is a step that has no errors of its own.
type simple struct {
	words string // its line in a pipeline file
	do    func(Image) Image
}

func (s simple) Apply(v step.Value) (step.Value, error) {
	return apply(v, func(m Image) (Image, error) { return s.do(m), nil })
}

func (s simple) String() string { return s.words }

// tooLarge is an error when a picture would have more pixels or elements than any model takes.
func tooLarge(width, height, channels int) error {
	if width > maxSide || height > maxSide || width*height > maxPixels || width*height*channels > maxElements {
		return fmt.Errorf("%dx%dx%d is larger than any model takes", width, height, channels)
	}
	return nil
}
