package audio

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Spectrogram makes each frame its spectrum: FFT/2+1 magnitudes or their squares.
type Spectrogram struct {
	Power bool
	FFT   int // the transform's length: longer frames are cut, shorter ones have zeros behind; 0: the frame's
}

// maxFFT is the longest transform.
const maxFFT = 1 << 17

func makeSpectrogram(a *step.Arguments) (step.Step, error) {
	kind, err := oneOf(a, "spectrogram", "magnitude", "power")
	return Spectrogram{Power: kind == "power", FFT: a.Whole("fft", 0, 2, maxFFT)}, err
}

func (s Spectrogram) String() string {
	kind := "magnitude"
	if s.Power {
		kind = "power"
	}
	return line{"spectrogram", kind}.key("fft", float64(s.FFT), 0).String()
}

// Apply returns FLOAT32 [..., FFT/2+1], as tf.signal.stft and numpy.fft.rfft have them.
func (s Spectrogram) Apply(v step.Value) (step.Value, error) {
	values, width, err := matrix(v)
	if err != nil {
		return v, err
	}
	n := s.FFT
	if n == 0 {
		n = width
	}
	if n > maxFFT || n < 2 || largestPrime(n) > largestFactor*16 {
		return v, fmt.Errorf("a transform of length %d isn't made (at most %d, without large prime factors: set fft=)", n, maxFFT)
	}
	bins := n/2 + 1
	if err := fits("spectrogram", len(values)/width, bins); err != nil {
		return v, err
	}
	plan := fourier.NewFFT(n)
	frame, spectrum := make([]float64, n), make([]complex128, bins)
	out := make([]float32, 0, len(values)/width*bins)
	for samples := range slices.Chunk(values, width) {
		clear(frame)
		for i, x := range samples[:min(n, width)] {
			frame[i] = float64(x)
		}
		for _, c := range plan.Coefficients(spectrum, frame) {
			out = append(out, s.of(c))
		}
	}
	return withWidth(v, out, bins), nil
}

func (s Spectrogram) of(c complex128) float32 {
	power := real(c)*real(c) + imag(c)*imag(c)
	if s.Power {
		return float32(power)
	}
	return float32(math.Sqrt(power))
}

// Log takes the logarithm of each value.
type Log struct {
	Base   string  // "e", "10", "2", or "db": 10 times that to base 10, of powers
	Floor  float64 // smaller values are taken for it
	Offset float64 // is added to each value before
	Range  float64 // what is further below the largest result is raised to that; 0: nothing is
}

func makeLog(a *step.Arguments) (step.Step, error) {
	base, err := oneOf(a, "base", "e", "10", "2", "db")
	return Log{base, a.Number("floor", 0), a.Number("offset", 0), a.Number("range", 0)}, err
}

func (l Log) String() string {
	return line{"log", l.Base}.key("floor", l.Floor, 0).key("offset", l.Offset, 0).key("range", l.Range, 0).String()
}

// Apply returns FLOAT32. The logarithm of 0 is minus infinity: a floor or an offset keeps from that.
func (l Log) Apply(v step.Value) (step.Value, error) {
	factor := map[string]float64{"e": 1, "10": math.Log10E, "2": math.Log2E, "db": 10 * math.Log10E}[l.Base]
	out, err := mapped(v, func(x float64) float64 { return factor * math.Log(max(x+l.Offset, l.Floor)) })
	if err != nil || l.Range == 0 {
		return out, err
	}
	least := float64(slices.Max(out.Array.Float32)) - l.Range
	return mapped(out, func(x float64) float64 { return max(x, least) })
}

// MFCC makes cepstral coefficients of log mel bands: the first N of the cosine transform of type 2.
type MFCC struct {
	Scale string // "tf": each times sqrt(2/bands), as tf.signal.mfccs_from_log_mel_spectrograms; "ortho": the first times sqrt(1/bands), as SciPy and librosa
	N     int
}

func makeMFCC(a *step.Arguments) (step.Step, error) {
	scale, err := oneOf(a, "scale", "tf", "ortho")
	return MFCC{scale, a.WholeWord("a number of coefficients", 1, maxBands)}, err
}

func (m MFCC) String() string { return fmt.Sprintf("mfcc %s %d", m.Scale, m.N) }

// Apply returns FLOAT32 [..., N].
func (m MFCC) Apply(v step.Value) (step.Value, error) {
	values, bands, err := matrix(v)
	if err != nil {
		return v, err
	}
	if bands < m.N || bands > maxBands {
		return v, fmt.Errorf("it takes %d to %d bands, not %s", m.N, maxBands, v.Describe())
	}
	table := m.table(bands)
	out := make([]float32, 0, len(values)/bands*m.N)
	for row := range slices.Chunk(values, bands) {
		for k := range m.N {
			sum := 0.0
			for j, x := range row {
				sum += float64(x) * table[k*bands+j]
			}
			out = append(out, float32(sum))
		}
	}
	return withWidth(v, out, m.N), nil
}

func (m MFCC) table(bands int) []float64 {
	table := make([]float64, m.N*bands)
	for k := range m.N {
		scale := math.Sqrt(2 / float64(bands))
		if k == 0 && m.Scale == "ortho" {
			scale = math.Sqrt(1 / float64(bands))
		}
		for j := range bands {
			table[k*bands+j] = scale * math.Cos(math.Pi*float64(k)*(float64(j)+0.5)/float64(bands))
		}
	}
	return table
}
