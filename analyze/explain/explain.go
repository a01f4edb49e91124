// Package explain finds out what an app did with its raw data to make what it fed the model, from the raw data and the
// captured input tensor alone, and how that differs from what it should have done.
package explain

import (
	"errors"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Explanation is what an app did.
type Explanation struct {
	Explained bool
	Steps     []step.Step   // that make what was fed; the nearest that were found when they don't explain it
	Same      [][]step.Step // other steps that explain it as well: on this data they can't be told apart
	Residual  float64       // root mean square of what the steps leave, in steps of 8 bits over the range of what was fed
	Notes     []string      // what had to be assumed, or is known without an explanation
}

// Aspect is in what an app can differ from its reference.
type Aspect string

// The aspects.
const (
	Channels      Aspect = "channel order"
	Normalization Aspect = "normalization"
	Resize        Aspect = "resize"
	Orientation   Aspect = "orientation"
	Crop          Aspect = "crop"
	Layout        Aspect = "layout"
	Quantization  Aspect = "quantization"
	SampleRate    Aspect = "sample rate"
	Level         Aspect = "level"
	Spectrum      Aspect = "spectrogram" // frames, window, mel, log
	Case          Aspect = "case"
	Tokens        Aspect = "tokens"
	Data          Aspect = "data" // NaN, constant, saturated, or of something else
)

// Difference is one thing that an app does in another way than its reference.
type Difference struct {
	Aspect    Aspect
	App       string // "BGR"
	Reference string // "RGB"
	Advice    string // what to change, in a sentence
}

// Verdict is how what was fed stands to a reference.
type Verdict struct {
	Healthy     bool    // it is what the reference makes of the raw data, but for rounding
	Distance    float64 // from what the reference makes: as Explanation.Residual
	Explanation Explanation
	Differences []Difference // none when healthy, or when nothing explains what was fed
}

var errNotYet = errors.New("explain: not written yet")

// Explain searches for the steps that make fed of raw.
func Explain(raw step.Value, fed *step.Array) (Explanation, error) { return Explanation{}, errNotYet }

// Judge compares what was fed with what reference makes of the raw data, and says in what they differ.
func Judge(raw step.Value, fed *step.Array, reference []step.Step) (Verdict, error) {
	return Verdict{}, errNotYet
}

// Prove says what a tensor's own values prove about it, without raw data: NaN, infinities, constant channels, a range
// that can't be the reference's, saturation, a wrong quantisation.
func Prove(fed *step.Array, reference []step.Step) []Difference { return nil }
