// Package image has the steps of pipelines that make a model's input of a picture. Each does what a library does that
// apps use, to the last bit where that library is exact. What the steps do is here as plain functions on an Image too.
package image

import (
	"fmt"

	"github.com/edgexray/edgexray/pipeline/step"
)

// maxSide is the largest width and height, maxPixels the largest number of pixels, and maxElements that of elements, of a
// picture.
const (
	maxSide     = 1 << 15
	maxPixels   = 1 << 26
	maxElements = 4 * maxPixels
)

// Image is a picture: rows from the top, in a row pixels from the left, in a pixel its channels. Exactly one of its
// slices is set, with Width*Height*Channels elements.
type Image struct {
	Width, Height, Channels int
	Uint8                   []uint8
	Float32                 []float32
}

// Of is a picture of an array's elements, which it shares: an array [height, width, channels] or [height, width] of
// UINT8 or FLOAT32, in as many dimensions of 1 as there are before these.
func Of(a *step.Array) (Image, error) {
	shape := a.Shape
	for len(shape) > 3 && shape[0] == 1 {
		shape = shape[1:]
	}
	if len(shape) == 2 {
		shape = []int{shape[0], shape[1], 1}
	}
	if len(shape) != 3 || a.Uint8 == nil && a.Float32 == nil {
		return Image{}, fmt.Errorf("it takes a picture: UINT8 or FLOAT32, height x width x channels; it was given %s", step.Value{Array: a}.Describe())
	}
	m := Image{Height: shape[0], Width: shape[1], Channels: shape[2], Uint8: a.Uint8, Float32: a.Float32}
	return m, m.check()
}

// check is an error unless the picture has elements, as many as it says.
func (m Image) check() error {
	switch n := m.Width * m.Height * m.Channels; {
	case m.Width < 1 || m.Height < 1 || m.Channels < 1:
		return fmt.Errorf("the picture is empty: it is %d x %d x %d", m.Height, m.Width, m.Channels)
	case n != max(len(m.Uint8), len(m.Float32)):
		return fmt.Errorf("a picture of %d x %d x %d has %d elements, not %d", m.Height, m.Width, m.Channels, n, max(len(m.Uint8), len(m.Float32)))
	}
	return nil
}

// Array is the picture as an array [height, width, channels] that shares its elements.
func (m Image) Array() *step.Array {
	return &step.Array{Shape: []int{m.Height, m.Width, m.Channels}, Uint8: m.Uint8, Float32: m.Float32}
}

// floats returns the picture with elements of FLOAT32: itself if it has these.
func (m Image) floats() Image {
	if m.Float32 != nil {
		return m
	}
	m.Float32 = make([]float32, len(m.Uint8))
	for i, v := range m.Uint8 {
		m.Float32[i] = float32(v)
	}
	m.Uint8 = nil
	return m
}

// sized returns a picture of another size, its elements of the same type and zero.
func (m Image) sized(width, height int) Image {
	out := Image{Width: width, Height: height, Channels: m.Channels}
	if m.Uint8 != nil {
		out.Uint8 = make([]uint8, width*height*m.Channels)
	} else {
		out.Float32 = make([]float32, width*height*m.Channels)
	}
	return out
}
