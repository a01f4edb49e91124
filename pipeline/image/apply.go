package image

import (
	"errors"

	"github.com/edgexray/edgexray/pipeline/step"
)

// apply makes a picture of a value's picture.
func apply(v step.Value, f func(Image) (Image, error)) (step.Value, error) {
	if v.Array == nil {
		return v, errors.New("it takes a picture; it was given " + v.Describe() + " (decode it first)")
	}
	m, err := Of(v.Array)
	if err != nil {
		return v, err
	}
	if m, err = f(m); err != nil {
		return v, err
	}
	v.Array = m.Array()
	return v, nil
}
