// Package array has the steps of pipelines that are for arrays of any kind of data: how what was made becomes a model's input.
package array

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/tflite"
)

// Makers are the steps of this package.
var Makers = []step.Maker{
	{Name: "normalize", Usage: "[mean=NUMBER,...] [std=NUMBER,...]", About: "subtract the mean and divide by the deviation, of all or of each channel; FLOAT32", Make: makeNormalize},
	{Name: "standardize", About: "subtract the mean of all elements, and divide by their deviation, as tf.image.per_image_standardization does; FLOAT32", Make: makeStandardize},
	{Name: "min-max", About: "make the smallest element 0 and the largest 1; FLOAT32", Make: makeMinMax},
	{Name: "quantize", Usage: "scale=NUMBER [zero-point=0] type=int8|uint8|int16 [truncate]", About: "divide by the scale, round and add the zero point, as TFLite does", Make: makeQuantize},
	{Name: "cast", Usage: "type=float32|uint8|int8|int16|int32 [round] [wrap]", About: "make elements of another type; it cuts off what is behind the point", Make: makeCast},
	{Name: "layout", Usage: "nchw|nhwc", About: "put channels first, or last again", Make: makeLayout},
	{Name: "batch", About: "put a dimension of 1 in front", Make: makeBatch},
}

// taken is a value's array, an error when it has none.
func taken(v step.Value) (*step.Array, error) {
	if v.Array == nil {
		return nil, fmt.Errorf("it takes an array; it was given %s (decode it first)", v.Describe())
	}
	return v.Array, nil
}

// typeNames are how steps name the types of arrays.
var typeNames = map[string]tflite.Type{
	"float32": tflite.Float32, "uint8": tflite.UInt8, "int8": tflite.Int8, "int16": tflite.Int16, "int32": tflite.Int32,
}

// withShape is an array with the same elements.
func withShape(a *step.Array, shape []int) *step.Array {
	out := *a
	out.Shape = shape
	return &out
}

type batch struct{}

func makeBatch(*step.Arguments) (step.Step, error) { return batch{}, nil }

func (batch) Apply(v step.Value) (step.Value, error) {
	a, err := taken(v)
	if err != nil {
		return v, err
	}
	v.Array = withShape(a, slices.Insert(slices.Clone(a.Shape), 0, 1))
	return v, nil
}

func (batch) String() string { return "batch" }
