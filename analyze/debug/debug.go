// Package debug goes from "it is less accurate on its device" to what has to be changed: is it, where is it lost, what does the
// app or the runtime do otherwise. It follows the flowchart of the ML-EXray paper (its Figure 2). docs/debug.md describes it.
package debug

import (
	"errors"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze/accuracy"
	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/inputs"
	"github.com/edgexray/edgexray/checks"
)

// Run is a run of the model that the app's is set against.
type Run struct {
	Log      *frames.Log
	Compare  func() (*compare.Result, error) // the edge with it, layer by layer
	Problems []string                        // what of it is missing
}

// Sources are what is known of an app, and how to learn more. Everything but Edge or Trace may be missing.
type Sources struct {
	Subject checks.Subject // without a reference

	// The runs. Each is nil, with the reason, when it can't be made.
	Same, Played, Float          func() (*Run, error) // trusted kernels on the app's own inputs; on what the pipeline makes of the raw data; the model's twin in floating point on the app's inputs
	NoSame, NoPlayed, NoAccuracy string

	Accuracy *accuracy.Options // nil, with NoAccuracy, when it can't be measured
}

// Result is what `edgexray debug --json` prints; docs/debug.md is its contract.
type Result struct {
	Verdict   Verdict          `json:"verdict"`
	Summary   string           `json:"summary"` // in a sentence
	Model     string           `json:"model"`
	Frames    int              `json:"frames"`
	Questions []Question       `json:"questions"` // that were asked, in order
	Findings  []Finding        `json:"findings"`  // the one to look at first comes first
	Losses    []Loss           `json:"losses"`    // of accuracy, by where
	Accuracy  *accuracy.Result `json:"accuracy"`  // null when it isn't known
	Inputs    []*inputs.Judged `json:"inputs"`
	Checks    []checks.Outcome `json:"checks"` // all that were made
	Problems  []string         `json:"problems"`
}

// Verdict is where it goes wrong first.
type Verdict string

// The verdicts.
const (
	Healthy       Verdict = "healthy"
	Preprocessing Verdict = "preprocessing"
	Data          Verdict = "data"         // what is fed or comes out is no proper data
	Kernels       Verdict = "kernels"      // an op is wrong by itself
	Quantization  Verdict = "quantization" // the model itself lost by it
	Latency       Verdict = "latency"
	Unknown       Verdict = "unknown"           // it is less accurate, and nothing here says why
	Unjudged      Verdict = "inputs not judged" // all else is well; a pipeline was named, and it could not be run on any raw data
	Nothing       Verdict = "nothing checked"
)

// Question is a step of the flowchart.
type Question struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Wrong    bool   `json:"wrong"` // the answer is that something is
	Known    bool   `json:"known"`
}

// Finding is something that is wrong.
type Finding struct {
	Where      Verdict `json:"where"`
	What       string  `json:"what"` // in a sentence, with the values
	Advice     string  `json:"advice"`
	Confidence float64 `json:"confidence"` // 0 to 1
	Check      string  `json:"check"`      // that found it
}

// Loss is how much accuracy is lost at one place.
type Loss struct {
	Where  Verdict `json:"where"`
	Metric string  `json:"metric"`
	From   float64 `json:"from"` // without it
	To     float64 `json:"to"`   // with it
	Low    float64 `json:"low"`  // of the difference: its 95 % confidence interval
	High   float64 `json:"high"`
}

// significant tells whether the loss is more than chance.
func (l *Loss) significant() bool { return l.High < 0 }

// ErrNothing is the error when there is nothing to look at.
var ErrNothing = errors.New("nothing to debug")

// Debug asks the questions one after the other.
func Debug(s Sources) (*Result, error) {
	if s.Subject.Edge == nil && s.Subject.Trace == nil {
		return nil, fmt.Errorf("%w: there is neither a snapshot of the app nor a trace", ErrNothing)
	}
	d := &debugger{Sources: s, result: &Result{
		Questions: []Question{}, Findings: []Finding{}, Losses: []Loss{}, Inputs: []*inputs.Judged{}, Checks: []checks.Outcome{}, Problems: []string{},
	}}
	if s.Subject.Edge != nil {
		d.result.Model, d.result.Frames = s.Subject.Edge.Model, len(s.Subject.Edge.Frames)
		d.run()
		d.accuracy()
		d.preprocessing()
		d.layers()
		d.quantization()
	}
	d.latency()
	for _, p := range d.Subject.Problems() {
		d.problem("%s", p)
	}
	d.conclude()
	return d.result, nil
}

// debugger asks.
type debugger struct {
	Sources
	result              *Result
	same, played, float *Run
	unjudged            string // why not one input was judged by the pipeline that was named
}

func (d *debugger) ask(question, answer string, known, wrong bool) {
	d.result.Questions = append(d.result.Questions, Question{question, answer, wrong, known})
}

func (d *debugger) problem(format string, args ...any) {
	if p := fmt.Sprintf(format, args...); !slices.Contains(d.result.Problems, p) {
		d.result.Problems = append(d.result.Problems, p)
	}
}

// run makes the runs that can be made.
func (d *debugger) run() {
	for _, r := range []struct {
		make func() (*Run, error)
		into **Run
		why  *string
		what string
	}{
		{d.Same, &d.same, &d.NoSame, "the model on the app's own inputs"},
		{d.Played, &d.played, &d.NoPlayed, "the model on what the reference pipeline makes of the raw data"},
		{d.Float, &d.float, new(string), "the model in floating point"},
	} {
		if r.make == nil {
			continue
		}
		made, err := r.make()
		if err != nil {
			*r.why = err.Error()
			d.problem("could not run %s: %v", r.what, err)
			continue
		}
		*r.into = made
		for _, p := range made.Problems {
			d.problem("%s", p)
		}
	}
	d.Subject.Reference, d.Subject.Compare = nil, nil
	if d.same != nil {
		d.Subject.Reference, d.Subject.Compare = d.same.Log, d.same.Compare
	}
	if d.played != nil {
		d.Subject.Reference = d.played.Log
	}
}
