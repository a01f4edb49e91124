package audio

import (
	"fmt"
	"math"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Resample changes the sample rate.
type Resample struct {
	Rate   int
	Method string // one of ResampleMethods
	// Whole makes INT16 of the double precision that the methods compute in, without single precision between: "truncate" as
	// a cast of NumPy does, "round"; "": FLOAT32.
	Whole string
	// Always computes even when the samples have the rate: truncation then makes some of them one less, where i/rate*rate
	// isn't i in floating point.
	Always bool
}

// ResampleMethods are the ways to change a sample rate whose results can be reproduced:
//
//	linear     numpy.interp at times i/to*from, of int(n*to/from) samples
//	nearest    the nearest sample, halves up
//	hold       the sample at or before; x[::k] when the rates have a whole ratio
//	polyphase  scipy.signal.resample_poly with its default Kaiser window
//	fourier    scipy.signal.resample over int(n*to/from) samples
//
// Those of SoX, libsamplerate, Speex and Android have filters of their own and aren't here.
var ResampleMethods = []string{"linear", "nearest", "hold", "polyphase", "fourier"}

func makeResample(a *step.Arguments) (step.Step, error) {
	whole, always := a.Choice("truncate", "round"), a.Flag("always")
	rate := a.WholeWord("a rate", 1, maxRate)
	method, err := oneOf(a, "method", ResampleMethods...)
	return Resample{rate, method, whole, always}, err
}

func (r Resample) String() string {
	return line{"resample", fmt.Sprint(r.Rate), r.Method}.flag(r.Whole != "", r.Whole).flag(r.Always, "always").String()
}

// maxFourier is how many samples a transform over all of a sound takes: its memory is some 500 bytes for each.
const maxFourier = 1 << 22

// Apply returns [n] on the scale of what it was given. What has the rate already stays, but is made INT16 if that is wanted.
// Several channels are resampled each by itself.
func (r Resample) Apply(v step.Value) (step.Value, error) {
	values, err := reals(v)
	switch {
	case err != nil:
		return v, err
	case v.Rate == 0:
		return v, fmt.Errorf("the rate of the samples isn't known (`assume-rate` says it)")
	case v.Rate == r.Rate && !r.Always && r.Whole == "":
		return v, nil
	case v.Rate == r.Rate && !r.Always:
		return Int16{Multiply: 1, Rounding: r.Whole}.Apply(v)
	case len(v.Array.Shape) > 2:
		return v, fmt.Errorf("it takes samples [n] or [n, channels], not %s", v.Describe())
	}
	channels := len(values) / v.Array.Shape[0]
	up, down := ratio(r.Rate, v.Rate)
	if err := fits("resample", int(math.Ceil(float64(v.Array.Shape[0])*float64(up)/float64(down))), channels); err != nil {
		return v, err
	}
	if n := v.Array.Shape[0]; r.Method == "fourier" && max(n, n*up/down) > maxFourier {
		return v, fmt.Errorf("fourier is for at most %d samples, before and after; there are %d at %d Hz (use polyphase)", maxFourier, n, v.Rate)
	}
	made := make([][]float64, channels)
	for c := range made {
		made[c] = resample(strided(values, c, channels, v.Array.Shape[0]), up, down, r)
	}
	return step.Value{Array: r.interleaved(made), Rate: r.Rate}, nil
}

func (r Resample) interleaved(channels [][]float64) *step.Array {
	a := &step.Array{Shape: []int{len(channels[0])}}
	if len(channels) > 1 {
		a.Shape = append(a.Shape, len(channels))
	}
	whole := Int16{Rounding: r.Whole}
	for i := range channels[0] {
		for _, c := range channels {
			if r.Whole == "" {
				a.Float32 = append(a.Float32, float32(c[i]))
			} else {
				a.Int16 = append(a.Int16, whole.of(c[i]))
			}
		}
	}
	return a
}

func ratio(to, from int) (up, down int) {
	a, b := to, from
	for b != 0 {
		a, b = b, a%b
	}
	return to / a, from / a
}

func resample(x []float32, up, down int, r Resample) []float64 {
	switch r.Method {
	case "polyphase":
		return polyphase(x, up, down)
	case "fourier":
		return spectral(x, max(1, len(x)*up/down))
	case "linear":
		from := float64(r.Rate) / float64(up) * float64(down)
		return interpolated(x, float64(r.Rate), from, max(1, len(x)*up/down))
	}
	half := 0.0
	if r.Method == "nearest" {
		half = 0.5
	}
	out := make([]float64, (len(x)*up+down-1)/down)
	for i := range out {
		out[i] = float64(x[min(int(float64(i)*float64(down)/float64(up)+half), len(x)-1)])
	}
	return out
}

// interpolated rounds as NumPy does, which decides what truncation makes of a whole number.
func interpolated(x []float32, to, from float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		at := float64(float64(i)/to) * from
		left := int(at)
		if left >= len(x)-1 {
			out[i] = float64(x[len(x)-1])
			continue
		}
		slope := float64(x[left+1]) - float64(x[left])
		out[i] = float64(slope*(at-float64(left))) + float64(x[left])
	}
	return out
}

// polyphase is scipy.signal.resample_poly: a low pass of 20*max(up, down)+1 taps, the ideal one times a Kaiser window with
// beta 5, scaled to pass a constant as it is; zeros are around the samples.
func polyphase(x []float32, up, down int) []float64 {
	widest := max(up, down)
	half := 10 * widest
	taps := lowPass(half, 1/float64(widest))
	for i := range taps {
		taps[i] *= float64(up)
	}
	out := make([]float64, (len(x)*up+down-1)/down)
	for i := range out {
		at := i * down // among the samples with up-1 zeros between them
		first := max(0, (at-half+up-1)/up)
		last := min(len(x)-1, (at+half)/up)
		sum := 0.0
		for j := first; j <= last; j++ {
			sum += float64(x[j]) * taps[half+at-j*up]
		}
		out[i] = sum
	}
	return out
}

// lowPass is scipy.signal.firwin(2*half+1, cutoff, window=("kaiser", 5.0)).
func lowPass(half int, cutoff float64) []float64 {
	const beta = 5
	taps := make([]float64, 2*half+1)
	sum := 0.0
	for i := range taps {
		m := float64(i - half)
		r := m / float64(half)
		taps[i] = cutoff * sinc(cutoff*m) * besselI0(beta*math.Sqrt(max(0, 1-r*r))) / besselI0(beta)
		sum += taps[i]
	}
	for i := range taps {
		taps[i] /= sum
	}
	return taps
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// besselI0 is the modified Bessel function of order 0, by its power series.
func besselI0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > 1e-17*sum; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}

// spectral is scipy.signal.resample(x, n): the spectrum cut or filled with zeros. The bin at half the lower rate stands for
// two when n is the smaller, and is halved when it is the larger.
func spectral(x []float32, n int) []float64 {
	samples := make([]complex128, len(x))
	for i, s := range x {
		samples[i] = complex(float64(s), 0)
	}
	spectrum := transform(samples, false)
	least := min(n, len(x))
	out := make([]complex128, n)
	for k := 0; k <= least/2 && k < n; k++ {
		bin := spectrum[k]
		if k > 0 && 2*k == least {
			if n < len(x) {
				bin *= 2
			} else if n > len(x) {
				bin *= 0.5
			}
			out[k] = complex(real(bin), 0)
			if n == 2*k {
				continue
			}
			out[k] = bin
		} else {
			out[k] = bin
		}
		if k > 0 && n-k != k {
			out[n-k] = complex(real(out[k]), -imag(out[k]))
		}
	}
	made := transform(out, true)
	resampled := make([]float64, n)
	for i := range resampled {
		resampled[i] = real(made[i]) / float64(len(x))
	}
	return resampled
}
