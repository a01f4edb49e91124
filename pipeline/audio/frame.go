package audio

import (
	"errors"
	"fmt"
	"math"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/tflite"
)

// Frame cuts the first dimension into frames of Length, Step apart: samples [n] become [frames, length], features [n, bins]
// become patches [frames, length, bins].
type Frame struct {
	Length, Step int
	// Ends is what is done at the ends: "" leaves out what fills no frame, as tf.signal.frame; "pad" adds zeros behind until
	// every sample begins a frame that is due, as pad_end does; "center" puts Length/2 zeros at both ends, "reflect" the
	// samples there in reverse, as librosa.stft and torch.stft with center do.
	Ends string
}

func makeFrame(a *step.Arguments) (step.Step, error) {
	f := Frame{a.Whole("length", 0, 1, maxElements), a.Whole("step", 0, 1, maxElements), a.Choice("pad", "center", "reflect")}
	if err := a.Err(); err != nil {
		return nil, err
	}
	if f.Length == 0 || f.Step == 0 {
		return nil, errors.New("length= and step= are missing")
	}
	return f, nil
}

func (f Frame) String() string {
	return line{"frame"}.key("length", float64(f.Length), 0).key("step", float64(f.Step), 0).flag(f.Ends != "", f.Ends).String()
}

// Apply returns FLOAT32.
func (f Frame) Apply(v step.Value) (step.Value, error) {
	values, err := reals(v)
	if err != nil {
		return v, err
	}
	rows := v.Array.Shape[0]
	width := len(values) / rows
	if rows, values, err = f.padded(values, rows, width); err != nil {
		return v, err
	}
	if rows < f.Length {
		return v, fmt.Errorf("it takes at least %d samples or rows, not %d", f.Length, rows)
	}
	frames := (rows-f.Length)/f.Step + 1
	if err := fits("frame", frames, f.Length, width); err != nil {
		return v, err
	}
	out := make([]float32, 0, frames*f.Length*width)
	for i := range frames {
		at := i * f.Step * width
		out = append(out, values[at:at+f.Length*width]...)
	}
	shape := append([]int{frames, f.Length}, v.Array.Shape[1:]...)
	return step.Value{Array: &step.Array{Shape: shape, Float32: out}, Rate: v.Rate}, nil
}

func (f Frame) padded(values []float32, rows, width int) (int, []float32, error) {
	before, after := 0, 0
	switch f.Ends {
	case "pad":
		frames := (rows + f.Step - 1) / f.Step
		after = max(0, (frames-1)*f.Step+f.Length-rows)
	case "center", "reflect":
		before, after = f.Length/2, f.Length/2
	}
	if before == 0 && after == 0 {
		return rows, values, nil
	}
	if f.Ends == "reflect" && before >= rows {
		return 0, nil, fmt.Errorf("it takes more than %d samples to reflect at the ends, not %d", before, rows)
	}
	if err := fits("frame", before+rows+after, width); err != nil {
		return 0, nil, err
	}
	out := make([]float32, (before+rows+after)*width)
	copy(out[before*width:], values)
	if f.Ends == "reflect" {
		for i := 1; i <= before; i++ {
			copy(out[(before-i)*width:], values[i*width:(i+1)*width])
			copy(out[(before+rows-1+i)*width:(before+rows+i)*width], values[(rows-1-i)*width:(rows-i)*width])
		}
	}
	return before + rows + after, out, nil
}

// Skip drops the first N samples or rows, or puts zeros before them.
type Skip struct{ N int }

func makeSkip(a *step.Arguments) (step.Step, error) {
	return Skip{a.WholeWord("a number of samples", -maxElements, maxElements)}, nil
}

func (s Skip) String() string { return fmt.Sprintf("skip %d", s.N) }

// Apply keeps the type.
func (s Skip) Apply(v step.Value) (step.Value, error) {
	if err := filled(v); err != nil {
		return v, err
	}
	rows := v.Array.Shape[0] - s.N
	if rows < 1 {
		return v, fmt.Errorf("it takes more than %d samples or rows, not %d", s.N, v.Array.Shape[0])
	}
	return resized(v, -s.N, rows, 0)
}

// Length cuts or pads the first dimension.
type Length struct {
	N     int
	At    string // where: "" behind, "front", or "both", the half of it rounded down in front
	Value float64
}

func makeLength(a *step.Arguments) (step.Step, error) {
	value, at := a.Number("value", 0), a.Choice("front", "both")
	return Length{a.WholeWord("a length", 1, maxElements), at, value}, nil
}

func (l Length) String() string {
	return line{"length", fmt.Sprint(l.N)}.flag(l.At != "", l.At).key("value", l.Value, 0).String()
}

// Apply keeps the type.
func (l Length) Apply(v step.Value) (step.Value, error) {
	if err := filled(v); err != nil {
		return v, err
	}
	before := 0
	switch missing := l.N - v.Array.Shape[0]; l.At {
	case "front":
		before = missing
	case "both":
		before = missing >> 1
	}
	if !holds(v.Array.Type(), l.Value) {
		return v, fmt.Errorf("value=%s is no element of %s", number(l.Value), v.Describe())
	}
	return resized(v, before, l.N, l.Value)
}

// limits are the least and the greatest number of types that don't hold all.
var limits = map[tflite.Type][2]float64{
	tflite.UInt8: {0, math.MaxUint8}, tflite.Int8: {math.MinInt8, math.MaxInt8},
	tflite.Int16: {math.MinInt16, math.MaxInt16}, tflite.Int32: {math.MinInt32, math.MaxInt32},
}

// holds says whether an element of a type can be a number.
func holds(t tflite.Type, x float64) bool {
	l, whole := limits[t]
	return !whole || x == math.Trunc(x) && x >= l[0] && x <= l[1]
}

// resized is a value with as many rows, its own beginning at row before, which may be below 0.
func resized(v step.Value, before, rows int, fill float64) (step.Value, error) {
	width := v.Array.Len() / v.Array.Shape[0]
	if err := fits("array", rows, width); err != nil {
		return v, err
	}
	out := *v.Array
	out.Shape = append([]int{rows}, v.Array.Shape[1:]...)
	before, n := before*width, rows*width
	switch a := v.Array; {
	case a.Int16 != nil:
		out.Int16 = placed(a.Int16, before, n, int16(fill))
	case a.Int32 != nil:
		out.Int32 = placed(a.Int32, before, n, int32(fill))
	case a.Int8 != nil:
		out.Int8 = placed(a.Int8, before, n, int8(fill))
	case a.Uint8 != nil:
		out.Uint8 = placed(a.Uint8, before, n, uint8(fill))
	default:
		out.Float32 = placed(a.Float32, before, n, float32(fill))
	}
	return step.Value{Array: &out, Rate: v.Rate}, nil
}

func placed[E comparable](elements []E, before, n int, fill E) []E {
	out := make([]E, n)
	var zero E
	if fill != zero {
		for i := range out {
			out[i] = fill
		}
	}
	if before >= 0 {
		copy(out[min(before, n):], elements)
	} else {
		copy(out, elements[min(-before, len(elements)):])
	}
	return out
}

// Transpose swaps the two dimensions of features.
type Transpose struct{}

func makeTranspose(*step.Arguments) (step.Step, error) { return Transpose{}, nil }

func (Transpose) String() string { return "transpose" }

// Apply takes features [rows, width].
func (Transpose) Apply(v step.Value) (step.Value, error) {
	values, width, err := matrix(v)
	if err != nil {
		return v, err
	}
	if len(v.Array.Shape) != 2 {
		return v, fmt.Errorf("it takes features [frames, bins], not %s", v.Describe())
	}
	rows := len(values) / width
	out := make([]float32, 0, len(values))
	for i := range width {
		out = append(out, strided(values, i, width, rows)...)
	}
	return step.Value{Array: &step.Array{Shape: []int{width, rows}, Float32: out}, Rate: v.Rate}, nil
}
