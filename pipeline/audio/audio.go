// Package audio has the steps of pipelines that make a model's input of sound. Each does what a library does that apps
// use: to the integer where that library has integers, to float rounding otherwise.
//
// Samples are arrays [n] or [n, channels], on the scale of 16 bits when they come out of a file. Arithmetic on whole numbers
// gives Float32 on the same scale; step int16 makes whole numbers again, so that each rounding is a step of its own.
package audio

import (
	"fmt"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Makers are the steps of this package.
var Makers = []step.Maker{
	{Name: "wav", About: "decodes a WAV file: 16 bits to INT16, other formats to FLOAT32 on the same scale", Make: makeWAV},
	{Name: "swap-bytes", About: "swaps the bytes of 16-bit samples, as a reader does that takes them in the wrong order", Make: makeSwapBytes},
	{Name: "mono", Usage: "mean|left|right|interleaved", About: "makes one channel of several", Make: makeMono},
	{Name: "assume-rate", Usage: "RATE", About: "takes the samples for ones of another rate, without resampling", Make: makeAssumeRate},
	{Name: "resample", Usage: "RATE linear|nearest|hold|polyphase|fourier [truncate|round] [always]", About: "changes the sample rate", Make: makeResample},
	{Name: "gain", Usage: "FACTOR | db=DECIBELS", About: "multiplies the samples", Make: makeGain},
	{Name: "float", Usage: "[divide=32768]", About: "divides whole numbers, to FLOAT32", Make: makeFloat},
	{Name: "int16", Usage: "[multiply=1] [truncate|floor] [wrap]", About: "makes whole numbers of 16 bits, rounded half to even unless it says how, and saturated", Make: makeInt16},
	{Name: "clip", Usage: "LOW HIGH", About: "limits each value", Make: makeClip},
	{Name: "level", Usage: "peak|rms|standard", About: "divides by the largest magnitude or by the root mean square, or makes mean 0 and deviation 1", Make: makeLevel},
	{Name: "preemphasis", Usage: "COEFFICIENT", About: "subtracts the sample before, times the coefficient", Make: makePreemphasis},
	{Name: "skip", Usage: "N", About: "drops the first N samples or rows; below 0 it puts zeros before them", Make: makeSkip},
	{Name: "length", Usage: "N [front|both] [value=0]", About: "cuts or pads the first dimension to N", Make: makeLength},
	{Name: "frame", Usage: "length=N step=N [pad|center|reflect]", About: "cuts the first dimension into frames, which may overlap", Make: makeFrame},
	{Name: "window", Usage: "hann|hamming|blackman|povey|sine [symmetric] [length=N]", About: "multiplies each frame by a window", Make: makeWindow},
	{Name: "spectrogram", Usage: "magnitude|power [fft=N]", About: "makes each frame its spectrum, [frames, N/2+1]", Make: makeSpectrogram},
	{Name: "mel", Usage: "tf|htk|slaney|op bins=N low=HZ high=HZ [norm=slaney|none] [rate=HZ]", About: "sums a spectrum up in mel bands", Make: makeMel},
	{Name: "log", Usage: "e|10|2|db [floor=X] [offset=X] [range=DB]", About: "takes the logarithm", Make: makeLog},
	{Name: "mfcc", Usage: "tf|ortho N", About: "makes the first N cepstral coefficients of log mel bands", Make: makeMFCC},
	{Name: "microfrontend", Usage: "[channels=40] [window=30] [step=10] [low=125] [high=7500] [no-pcan] [integer]",
		About: "the audio front end of TensorFlow Lite Micro, in fixed point, at 16 bits", Make: makeMicrofrontend},
	{Name: "transpose", About: "swaps the two dimensions of features", Make: makeTranspose},
}

// maxElements bounds what a step makes of what it is given: 256 MiB of FLOAT32.
const maxElements = 1 << 26

// fits says that something is too large, or too small to be made.
func fits(name string, dims ...int) error {
	n := 1
	for _, d := range dims {
		if d < 1 || n > maxElements/d {
			return fmt.Errorf("%s: it would make an array %v (at most %d elements, and at least one)", name, dims, maxElements)
		}
		n *= d
	}
	return nil
}

// filled is an error unless a value has numbers, in rows.
func filled(v step.Value) error {
	if v.Array == nil {
		return fmt.Errorf("it takes samples or features, not %s (put `wav` before it)", v.Describe())
	}
	if v.Array.Len() == 0 || len(v.Array.Shape) == 0 {
		return fmt.Errorf("it takes samples or features, not %s, which is empty", v.Describe())
	}
	return nil
}

// reals are a value's numbers, which the caller must not change.
func reals(v step.Value) ([]float32, error) {
	if err := filled(v); err != nil {
		return nil, err
	}
	return v.Array.Reals(), nil
}

// matrix are a value's numbers as rows of one width: the last dimension's.
func matrix(v step.Value) (values []float32, width int, err error) {
	if values, err = reals(v); err != nil {
		return nil, 0, err
	}
	if len(v.Array.Shape) < 2 {
		return nil, 0, fmt.Errorf("it takes frames, not %s (put `frame` before it)", v.Describe())
	}
	return values, v.Array.Shape[len(v.Array.Shape)-1], nil
}

// withReals is a value with other numbers of the same shape.
func withReals(v step.Value, values []float32) step.Value {
	return step.Value{Array: &step.Array{Shape: v.Array.Shape, Float32: values}, Rate: v.Rate}
}

// withWidth is a value with rows of another width.
func withWidth(v step.Value, values []float32, width int) step.Value {
	shape := append(append([]int(nil), v.Array.Shape[:len(v.Array.Shape)-1]...), width)
	return step.Value{Array: &step.Array{Shape: shape, Float32: values}, Rate: v.Rate}
}

// mapped is a value with a function of each number.
func mapped(v step.Value, f func(float64) float64) (step.Value, error) {
	values, err := reals(v)
	if err != nil {
		return v, err
	}
	out := make([]float32, len(values))
	for i, x := range values {
		out[i] = float32(f(float64(x)))
	}
	return withReals(v, out), nil
}
