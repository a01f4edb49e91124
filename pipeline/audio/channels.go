package audio

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// SwapBytes swaps the two bytes of each 16-bit sample.
type SwapBytes struct{}

func makeSwapBytes(*step.Arguments) (step.Step, error) { return SwapBytes{}, nil }

func (SwapBytes) String() string { return "swap-bytes" }

// Apply takes INT16.
func (SwapBytes) Apply(v step.Value) (step.Value, error) {
	if v.Array == nil || v.Array.Int16 == nil {
		return v, fmt.Errorf("it takes 16-bit samples, not %s", v.Describe())
	}
	out := *v.Array
	out.Int16 = make([]int16, len(v.Array.Int16))
	for i, x := range v.Array.Int16 {
		out.Int16[i] = int16(bits.ReverseBytes16(uint16(x)))
	}
	return step.Value{Array: &out, Rate: v.Rate}, nil
}

// Mono makes one channel of several. Of is "mean", "left", "right" (the first and the second), or "interleaved":
// the samples of all channels in turn, as one that takes no notice of channels reads them.
type Mono struct{ Of string }

func makeMono(a *step.Arguments) (step.Step, error) {
	of, err := oneOf(a, "channel", "mean", "left", "right", "interleaved")
	return Mono{of}, err
}

func (m Mono) String() string { return "mono " + m.Of }

// Apply returns [n]; what has one channel stays as it is. The mean is FLOAT32.
func (m Mono) Apply(v step.Value) (step.Value, error) {
	values, err := reals(v)
	if err != nil {
		return v, err
	}
	if len(v.Array.Shape) == 1 {
		return v, nil
	}
	if len(v.Array.Shape) != 2 || v.Array.Shape[1] > maxChannels {
		return v, fmt.Errorf("it takes samples [n, channels], not %s", v.Describe())
	}
	n, channels := v.Array.Shape[0], v.Array.Shape[1]
	switch m.Of {
	case "mean":
		return step.Value{Array: &step.Array{Shape: []int{n}, Float32: meanOf(values, channels)}, Rate: v.Rate}, nil
	case "interleaved":
		out := *v.Array
		out.Shape = []int{n * channels}
		return step.Value{Array: &out, Rate: v.Rate}, nil
	}
	first := 0
	if m.Of == "right" {
		first = 1
	}
	if first >= channels {
		return v, fmt.Errorf("it takes at least %d channels, not %d", first+1, channels)
	}
	return step.Value{Array: every(v.Array, first, channels, n), Rate: v.Rate}, nil
}

func meanOf(values []float32, channels int) []float32 {
	out := make([]float32, 0, len(values)/channels)
	for frame := range slices.Chunk(values, channels) {
		sum := 0.0
		for _, x := range frame {
			sum += float64(x)
		}
		out = append(out, float32(sum/float64(channels)))
	}
	return out
}

// every is n elements of an array, from the first on, a stride apart.
func every(a *step.Array, first, stride, n int) *step.Array {
	out := &step.Array{Shape: []int{n}, Scale: a.Scale, ZeroPoint: a.ZeroPoint}
	switch {
	case a.Int16 != nil:
		out.Int16 = strided(a.Int16, first, stride, n)
	case a.Int32 != nil:
		out.Int32 = strided(a.Int32, first, stride, n)
	case a.Int8 != nil:
		out.Int8 = strided(a.Int8, first, stride, n)
	case a.Uint8 != nil:
		out.Uint8 = strided(a.Uint8, first, stride, n)
	default:
		out.Float32 = strided(a.Float32, first, stride, n)
	}
	return out
}

func strided[E any](elements []E, first, stride, n int) []E {
	out := make([]E, n)
	for i := range out {
		out[i] = elements[first+i*stride]
	}
	return out
}

// AssumeRate takes samples for ones of another rate: what an app does that takes no notice of a file's.
type AssumeRate struct{ Rate int }

func makeAssumeRate(a *step.Arguments) (step.Step, error) {
	return AssumeRate{a.WholeWord("a rate", 1, maxRate)}, nil
}

func (r AssumeRate) String() string { return fmt.Sprintf("assume-rate %d", r.Rate) }

// Apply changes nothing but the rate.
func (r AssumeRate) Apply(v step.Value) (step.Value, error) {
	v.Rate = r.Rate
	return v, nil
}
