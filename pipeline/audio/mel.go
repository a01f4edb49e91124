package audio

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Mel sums a spectrum up in bands that are even on the mel scale.
type Mel struct {
	// Kind is how a band weighs its bins:
	//
	//	tf      triangles on the mel scale 1127 ln(1+f/700), without bin 0: tf.signal.linear_to_mel_weight_matrix
	//	htk     triangles in Hz between points on the mel scale 2595 log10(1+f/700): librosa with htk, torchaudio
	//	slaney  the same on Slaney's scale, linear below 1000 Hz: librosa
	//	op      TensorFlow's op Mfcc, and its Micro front end: as tf, of the square root of a power spectrum
	Kind      string
	Bins      int
	Low, High float64 // Hz
	Norm      bool    // each band has area 1 (Slaney's norm): librosa's default
	Rate      float64 // 0: that of the samples
}

const maxBands = 4096

func makeMel(a *step.Arguments) (step.Step, error) {
	kind, err := oneOf(a, "kind", "tf", "htk", "slaney", "op")
	if err != nil {
		return nil, err
	}
	m := Mel{Kind: kind, Bins: a.Whole("bins", 0, 1, maxBands), Low: a.Number("low", math.NaN()), High: a.Number("high", math.NaN()),
		Rate: a.Number("rate", 0)}
	norm := a.Text("norm", m.usualNorm())
	m.Norm = norm == "slaney"
	switch {
	case norm != "slaney" && norm != "none":
		return nil, fmt.Errorf("norm=%s: it is slaney or none", norm)
	case m.Bins == 0 || math.IsNaN(m.Low) || math.IsNaN(m.High):
		return nil, fmt.Errorf("bins=, low= and high= are missing")
	case m.Low < 0 || m.High <= m.Low || math.IsInf(m.High, 0) || m.Rate < 0:
		return nil, fmt.Errorf("low=%s high=%s: it takes 0 <= low < high", number(m.Low), number(m.High))
	}
	return m, nil
}

func (m Mel) usualNorm() string {
	if m.Kind == "slaney" {
		return "slaney"
	}
	return "none"
}

func (m Mel) String() string {
	norm := "none"
	if m.Norm {
		norm = "slaney"
	}
	return line{"mel", m.Kind}.key("bins", float64(m.Bins), 0).key("low", m.Low, math.NaN()).key("high", m.High, math.NaN()).
		text("norm", norm, m.usualNorm()).key("rate", m.Rate, 0).String()
}

// Apply returns FLOAT32 [..., Bins].
func (m Mel) Apply(v step.Value) (step.Value, error) {
	values, width, err := matrix(v)
	if err != nil {
		return v, err
	}
	rate := m.Rate
	if rate == 0 {
		rate = float64(v.Rate)
	}
	if rate == 0 {
		return v, fmt.Errorf("the rate of the samples isn't known (set rate=)")
	}
	if width < 2 || m.High > rate/2*1.0001 {
		return v, fmt.Errorf("high=%s is above half the rate, %s Hz, or %s is no spectrum", number(m.High), number(rate/2), v.Describe())
	}
	if err := fits("mel", len(values)/width, m.Bins); err != nil {
		return v, err
	}
	bands := m.bands(width, rate)
	out := make([]float32, 0, len(values)/width*m.Bins)
	for row := range slices.Chunk(values, width) {
		for _, b := range bands {
			sum := 0.0
			for i, w := range b.weights {
				x := float64(row[b.first+i])
				if m.Kind == "op" {
					x = math.Sqrt(x)
				}
				sum += w * x
			}
			out = append(out, float32(sum))
		}
	}
	return withWidth(v, out, m.Bins), nil
}

// band is what a band weighs: bins from first on.
type band struct {
	first   int
	weights []float64
}

func (m Mel) bands(bins int, rate float64) []band {
	edges := m.edges()
	bands := make([]band, m.Bins)
	for b := range bands {
		left, center, right := edges[b], edges[b+1], edges[b+2]
		norm := 1.0
		if m.Norm {
			norm = 2 / (m.hz(right) - m.hz(left))
		}
		for i := range bins {
			if w := m.weight(float64(i)*rate/2/float64(bins-1), i, rate/2/float64(bins-1), left, center, right); w > 0 {
				if bands[b].weights == nil {
					bands[b].first = i
				}
				bands[b].weights = append(bands[b].weights, w*norm)
			}
		}
	}
	return bands
}

// edges are the bands' on the mel scale: a band is from its own to the one after the next.
func (m Mel) edges() []float64 {
	edges := make([]float64, m.Bins+2)
	low, high := m.scale(m.Low), m.scale(m.High)
	for i := range edges {
		edges[i] = low + (high-low)*float64(i)/float64(m.Bins+1)
	}
	return edges
}

// weight of bin number i at a frequency, spaced by spacing Hz, in a band.
func (m Mel) weight(frequency float64, i int, spacing, left, center, right float64) float64 {
	x := m.scale(frequency)
	switch m.Kind {
	case "tf":
		if i == 0 {
			return 0
		}
	case "op": // it leaves out bins beside the limits. Source: tensorflow/core/kernels/mfcc_mel_filterbank.cc
		if i < int(1.5+m.Low/spacing) || i > int(m.High/spacing) {
			return 0
		}
	default:
		x, left, center, right = frequency, m.hz(left), m.hz(center), m.hz(right)
	}
	return min((x-left)/(center-left), (right-x)/(right-center))
}

// Slaney's scale: 200/3 Hz a mel up to 1000 Hz, then 27 mels for each factor of 6.4. Source: Slaney, Auditory Toolbox, 1998.
const (
	slaneyLinear = 200.0 / 3
	slaneyBreak  = 1000 / slaneyLinear
)

var slaneyStep = math.Log(6.4) / 27

func (m Mel) scale(hz float64) float64 {
	switch {
	case m.Kind == "htk":
		return 2595 * math.Log10(1+hz/700)
	case m.Kind != "slaney":
		return 1127 * math.Log1p(hz/700)
	case hz < 1000:
		return hz / slaneyLinear
	}
	return slaneyBreak + math.Log(hz/1000)/slaneyStep
}

func (m Mel) hz(mel float64) float64 {
	switch {
	case m.Kind == "htk":
		return 700 * (math.Pow(10, mel/2595) - 1)
	case m.Kind != "slaney":
		return 700 * math.Expm1(mel/1127)
	case mel < slaneyBreak:
		return mel * slaneyLinear
	}
	return 1000 * math.Exp((mel-slaneyBreak)*slaneyStep)
}
