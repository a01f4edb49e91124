// Package explain finds out what an app did with its raw data to make what it fed the model, from the raw data and the
// captured input tensor alone, and how that differs from what it should have done.
package explain

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline"
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
	Aspect    Aspect `json:"aspect"`
	App       string `json:"app"`       // "BGR"
	Reference string `json:"reference"` // "RGB"
	Advice    string `json:"advice"`    // what to change, in a sentence
}

// Verdict is how what was fed stands to a reference.
type Verdict struct {
	Healthy     bool    // it is what the reference makes of the raw data, but for rounding
	Distance    float64 // from what the reference makes: as Explanation.Residual
	Explanation Explanation
	Differences []Difference // none when healthy, or when nothing explains what was fed
}

// kind is what a model's input was made of.
type kind int

const (
	ofImage kind = iota
	ofAudio
	ofText
)

// kindOf tells what raw data is: samples have a rate, text is UTF-8 that isn't a file of pictures or sounds, and what is
// left is a picture.
func kindOf(raw step.Value) kind {
	switch {
	case IsSound(raw):
		return ofAudio
	case raw.Array == nil && isText(raw.Bytes):
		return ofText
	}
	return ofImage
}

// IsSound says whether raw data is sound: samples, or a file of them. What begins with RIFF may be a picture, too: WebP.
func IsSound(raw step.Value) bool {
	begins := string(raw.Bytes[:min(len(raw.Bytes), len("RIFF....WEBP"))])
	return raw.Rate > 0 || strings.HasPrefix(begins, "RIFF") && !strings.HasSuffix(begins, "WEBP")
}

// Explain searches for the steps that make fed of raw. It returns an error when raw or fed is nothing that could be
// searched for; what can, but isn't found, is an Explanation that says so.
func Explain(raw step.Value, fed *step.Array) (Explanation, error) {
	if err := check(fed); err != nil {
		return Explanation{}, err
	}
	switch kindOf(raw) {
	case ofAudio:
		return explainAudio(raw, fed)
	case ofText:
		return explainText(raw, fed)
	}
	return explainImage(raw, fed)
}

// Judge compares what was fed with what reference makes of the raw data, and says in what they differ. It returns an error
// when the reference can't take the raw data, or as Explain.
func Judge(raw step.Value, fed *step.Array, reference []step.Step) (Verdict, error) {
	if err := checkBoth(fed, reference); err != nil {
		return Verdict{}, err
	}
	switch kindOf(raw) {
	case ofAudio:
		return judgeAudio(raw, fed, reference)
	case ofText:
		return judgeText(raw, fed, reference)
	}
	return judgeImage(raw, fed, reference)
}

// Makes says whether a reference makes what was fed of raw data, but for rounding and noise: it compares, and doesn't search. Errors are
// Judge's.
func Makes(raw step.Value, fed *step.Array, reference []step.Step) (bool, error) {
	if err := checkBoth(fed, reference); err != nil {
		return false, err
	}
	switch kindOf(raw) {
	case ofAudio:
		return makesSound(raw, fed, reference)
	case ofText:
		made, err := pipeline.Run(reference, raw)
		return err == nil && tokensFed(fed.Reals()).measure(made).residual == 0, err
	}
	r, err := newImageReference(raw, fed, reference)
	return err == nil && r.within(noise), err
}

func checkBoth(fed *step.Array, reference []step.Step) error {
	if len(reference) == 0 {
		return errors.New("judge: the reference has no steps")
	}
	return check(fed)
}

// check is an error unless an array has as many elements as its shape says.
func check(fed *step.Array) error {
	if fed == nil {
		return errors.New("explain: nothing was fed")
	}
	n := max(len(fed.Uint8), len(fed.Int8), len(fed.Int16), len(fed.Int32), len(fed.Float32))
	if slices.ContainsFunc(fed.Shape, func(d int) bool { return d < 1 }) || n != fed.Len() {
		return fmt.Errorf("explain: what was fed is %s with %d elements", step.Value{Array: fed}.Describe(), n)
	}
	return nil
}

// steps are the lines of a pipeline as its steps.
func steps(lines []string) ([]step.Step, error) {
	out := make([]step.Step, len(lines))
	for i, line := range lines {
		s, err := pipeline.Step(strings.Fields(line))
		if err != nil {
			return nil, fmt.Errorf("explain: %w", err)
		}
		out[i] = s
	}
	return out, nil
}

// lines are steps as lines of a pipeline.
func lines(steps []step.Step) []string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = s.String()
	}
	return out
}
