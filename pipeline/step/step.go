// Package step says what a step of a pipeline is: preprocessing as data. Packages pipeline/image, pipeline/audio and
// pipeline/text have the steps; package pipeline puts them together.
package step

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/tflite"
)

// Value is what one step hands to the next.
type Value struct {
	Bytes []byte // an encoded file, or UTF-8 text, as long as no step has made an array of it
	Array *Array // pixels [height, width, channels], samples [n] or [n, channels], features [frames, bins], tokens [n]
	Rate  int    // samples a second, of audio
	// Frame is a picture's bytes as an app marked them in a Format of sdk/, such as "nv21"; Array is that picture. Steps drop it.
	Frame  *Array
	Format string
}

// Array is a dense array, row-major. Exactly one of its slices is set, with as many elements as the shape says.
type Array struct {
	Shape   []int
	Uint8   []uint8
	Int8    []int8
	Int16   []int16
	Int32   []int32
	Float32 []float32
	// How an element q stands for a real number: Scale*(q-ZeroPoint). Scale 0: it is the number itself.
	Scale     float64
	ZeroPoint int
}

// Step is one thing that a pipeline does. It never changes the value that it is given, and may return parts of it.
type Step interface {
	// Apply returns an error that says what was given and what it takes, when that doesn't fit.
	Apply(Value) (Value, error)
	// String is the step as a line of a pipeline file: its name, then its arguments, those that have their default
	// value left out. Two steps that do the same have the same String.
	String() string
}

// Maker makes a step of a line's arguments.
type Maker struct {
	Name  string
	Usage string // of its arguments, in one line: "SIZE METHOD [antialias]"
	About string // what it does, in one line
	Make  func(*Arguments) (Step, error)
}

// Type is the type of its elements.
func (a *Array) Type() tflite.Type {
	switch {
	case a.Uint8 != nil:
		return tflite.UInt8
	case a.Int8 != nil:
		return tflite.Int8
	case a.Int16 != nil:
		return tflite.Int16
	case a.Int32 != nil:
		return tflite.Int32
	}
	return tflite.Float32
}

// Len is the number of elements that its shape says.
func (a *Array) Len() int {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	return n
}

// Reals returns the real numbers that its elements stand for: its own slice when that is Float32 without a scale.
func (a *Array) Reals() []float32 {
	switch {
	case a.Uint8 != nil:
		return reals(a.Uint8, a)
	case a.Int8 != nil:
		return reals(a.Int8, a)
	case a.Int16 != nil:
		return reals(a.Int16, a)
	case a.Int32 != nil:
		return reals(a.Int32, a)
	}
	return a.Float32
}

func reals[E uint8 | int8 | int16 | int32](elements []E, a *Array) []float32 {
	out := make([]float32, len(elements))
	for i, e := range elements {
		if a.Scale == 0 {
			out[i] = float32(e)
		} else {
			out[i] = float32(a.Scale * float64(int(e)-a.ZeroPoint))
		}
	}
	return out
}

// Squeezed is its shape without dimensions of one.
func (a *Array) Squeezed() []int {
	return slices.DeleteFunc(slices.Clone(a.Shape), func(d int) bool { return d == 1 })
}

// Describe says what a value is, for errors: "a FLOAT32 array 224x224x3".
func (v Value) Describe() string {
	if v.Array == nil {
		return fmt.Sprintf("%d bytes that are not decoded yet", len(v.Bytes))
	}
	shape := ""
	for i, d := range v.Array.Shape {
		if i > 0 {
			shape += "x"
		}
		shape += fmt.Sprint(d)
	}
	return fmt.Sprintf("a %v array %s", v.Array.Type(), shape)
}
