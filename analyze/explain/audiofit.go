package explain

import (
	"math"
	"math/bits"
	"math/cmplx"
	"sync"

	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/tflite"
)

// audioFed is what was fed, as it is compared: the inputs of one invoke, or of all invokes of a run one behind the other.
type audioFed struct {
	array  *step.Array
	values []float32
	span   float64 // of the values

	spectra sync.Map // of spectrumOf, to []complex128
}

// spectrumOf is a part of the values, and the length that it is padded to.
type spectrumOf struct {
	first      *float32
	n, padding int
}

func newAudioFed(a *step.Array) *audioFed {
	f := &audioFed{array: a, values: a.Reals()}
	low, high := extent(f.values)
	if f.span = high - low; f.span == 0 {
		f.span = 1 // residuals of what is of one value are in its own numbers
	}
	return f
}

// What libraries' single precision leaves, as a share of the range: of samples, which are sums of a few, and of features,
// which go through transforms and logarithms. What a reference leaves may be so many times as much if nothing else explains it.
const (
	roundingOfSamples  = 1e-6
	roundingOfFeatures = 1e-5
	benefitOfDoubt     = 10
)

// tolerance is up to what residual a pipeline explains what was fed: rounding of what it computes with, and a part of the
// rounding of what was fed, as both round at the same place but for ties.
func (f *audioFed) tolerance(features bool) float64 {
	rounding := roundingOfSamples
	if features {
		rounding = roundingOfFeatures
	}
	quantum := f.array.Scale
	if quantum == 0 && f.array.Type() != tflite.Float32 {
		quantum = 1
	}
	return 255 * max(rounding, 0.25*quantum/f.span)
}

// measure compares what a pipeline makes, rounded and limited as what was fed.
func (f *audioFed) measure(v step.Value) fit {
	if v.Array == nil || len(v.Array.Shape) == 0 || v.Array.Len() == 0 {
		return noFit
	}
	made := v.Array.Reals()
	width := len(made) / v.Array.Shape[0]
	if len(f.values)%width != 0 {
		return noFit
	}
	rows, fedRows := len(made)/width, len(f.values)/width
	whole := noFit
	if fedRows <= rows || width == 1 && fedRows < 2*rows {
		whole = f.compare(made, f.values, f.align(made, f.values, width)*width)
	}
	invokes := f.invokes(len(v.Array.Shape))
	each := len(f.values) / invokes
	if invokes == 1 || each < leastWindow && width == 1 || whole.residual <= f.tolerance(width > 1) || each%width != 0 || each > len(made) {
		return whole
	}
	if parts := f.invokeByInvoke(made, width, invokes); parts.residual < whole.residual {
		return parts
	}
	return whole
}

// invokes is of how many invokes the inputs were fed, compared with what has so many dimensions: if there is one dimension
// more, it is that of the invokes.
func (f *audioFed) invokes(rank int) int {
	dims := 1 // the first always counts
	for _, d := range f.array.Shape[min(1, len(f.array.Shape)):] {
		if d > 1 {
			dims++
		}
	}
	if dims <= rank || len(f.array.Shape) == 0 {
		return 1
	}
	return f.array.Shape[0]
}

// rows says whether so many rows could hold what was fed, if that many came out of the reference.
func (f *audioFed) rows(made, reference int) bool {
	if reference == made {
		return true
	}
	width := f.array.Shape[len(f.array.Shape)-1]
	fed := len(f.values) / width
	return made >= fed && reference != fed
}

const (
	leastWindow = 256 // samples that an invoke has at least, so that they are looked for by themselves
	mostWindows = 4   // that are looked for, evenly among all
)

// invokeByInvoke looks for each invoke's part by itself, as apps feed windows that overlap.
func (f *audioFed) invokeByInvoke(made []float32, width, invokes int) fit {
	var sum fit
	each := len(f.values) / invokes
	windows := min(invokes, mostWindows)
	for k := range windows {
		i := k * (invokes - 1) / max(1, windows-1)
		part := f.values[i*each : (i+1)*each]
		one := f.compare(made, part, f.align(made, part, width)*width)
		sum.residual += one.residual * one.residual
		sum.bent += one.bent * one.bent
		if k == 0 {
			sum.at, sum.scale, sum.offset = one.at, one.scale, one.offset
		}
	}
	sum.residual, sum.bent = math.Sqrt(sum.residual/float64(windows)), math.Sqrt(sum.bent/float64(windows))
	return sum
}

// compare compares values with those made from at on; beside them there is silence.
func (f *audioFed) compare(made, values []float32, at int) fit {
	var n, sumX, sumY, sumXX, sumXY, sumYY, squares float64
	n = float64(len(values))
	for i, y := range values {
		x := float32(0)
		if j := at + i; j >= 0 && j < len(made) {
			x = made[j]
		}
		d := float64(y) - f.rounded(float64(x))
		squares += d * d
		a, b := float64(x), float64(y)
		sumX, sumY, sumXX, sumXY, sumYY = sumX+a, sumY+b, sumXX+a*a, sumXY+a*b, sumYY+b*b
	}
	out := fit{residual: 255 * math.Sqrt(squares/n) / f.span, at: at, scale: 1}
	if math.IsNaN(out.residual) {
		return noFit
	}
	varX, varY, both := sumXX-sumX*sumX/n, sumYY-sumY*sumY/n, sumXY-sumX*sumY/n
	out.bent = out.residual
	if varX > 0 {
		out.scale = both / varX
		out.offset = (sumY - out.scale*sumX) / n
		out.bent = min(out.residual, 255*math.Sqrt(max(0, varY-both*out.scale)/n)/f.span)
	}
	return out
}

// rounded is a number as what was fed can have it.
func (f *audioFed) rounded(x float64) float64 {
	if f.array.Float32 != nil {
		return x
	}
	scale, zero := f.array.Scale, float64(f.array.ZeroPoint)
	if scale == 0 {
		scale, zero = 1, 0
	}
	low, high := limits(f.array)
	return scale * (clamp(math.RoundToEven(x/scale+zero), low, high) - zero)
}

// surelyAlike is a correlation that samples of a voice have with themselves, but not with those one sample later.
const surelyAlike = 0.998

// maxProducts bounds what looking for the place of rows may take.
const maxProducts = 4 << 20

// align returns the row of what was made at which values are most alike to it, whatever their level. Rows that are as many
// as were made are not moved.
func (f *audioFed) align(made, values []float32, width int) int {
	rows, wanted := len(made)/width, len(values)/width
	switch {
	case rows == wanted:
		return 0
	case width == 1:
		if n := min(rows, wanted); correlation(made[:n], values[:n], 1, 1) > surelyAlike {
			return 0
		}
		return f.correlate(made, values)
	case wanted > rows:
		return 0
	}
	every := 1 + (rows-wanted+1)*len(values)/maxProducts
	best, most := 0, math.Inf(-1)
	for at := range rows - wanted + 1 {
		if c := correlation(made[at*width:], values, width, every); c > most {
			best, most = at, c
		}
	}
	return best
}

// correlation is that of rows, each every-th of them.
func correlation(made, values []float32, width, every int) float64 {
	var n, sumX, sumY, sumXX, sumXY, sumYY float64
	for row := 0; row*width < len(values); row += every {
		for i := row * width; i < (row+1)*width; i++ {
			x, y := float64(made[i]), float64(values[i])
			n, sumX, sumY, sumXX, sumXY, sumYY = n+1, sumX+x, sumY+y, sumXX+x*x, sumXY+x*y, sumYY+y*y
		}
	}
	varX, varY := sumXX-sumX*sumX/n, sumYY-sumY*sumY/n
	if varX <= 0 || varY <= 0 {
		return -1
	}
	return (sumXY - sumX*sumY/n) / math.Sqrt(varX*varY)
}

// correlate returns where samples are most alike to a part of others, which may be silence in part: below 0 they begin
// before these.
func (f *audioFed) correlate(made, values []float32) int {
	size := 1 << bits.Len(uint(len(made)+len(values)))
	plan := fourier.NewFFT(size)
	a, b := plan.Coefficients(nil, padded(made, size)), f.spectrum(plan, values)
	for i := range a {
		a[i] *= cmplx.Conj(b[i])
	}
	best, most := 0, 0.0
	for i, x := range plan.Sequence(nil, a) {
		if math.Abs(x) > most {
			best, most = i, math.Abs(x)
		}
	}
	if best >= len(made) {
		best -= size
	}
	return best
}

// spectrum is that of a part of what was fed, which is compared with what many pipelines make.
func (f *audioFed) spectrum(plan *fourier.FFT, values []float32) []complex128 {
	key := spectrumOf{&values[0], len(values), plan.Len()}
	if known, ok := f.spectra.Load(key); ok {
		return known.([]complex128)
	}
	spectrum := plan.Coefficients(nil, padded(values, plan.Len()))
	f.spectra.Store(key, spectrum)
	return spectrum
}

func padded(x []float32, size int) []float64 {
	out := make([]float64, size)
	for i, s := range x {
		out[i] = float64(s)
	}
	return out
}
