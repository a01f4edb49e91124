// Package accuracy measures how often a deployed model is right, beside a reference that was given the same data, and
// whether the difference is more than chance. docs/accuracy.md describes the metrics.
package accuracy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze/frames"
)

// Task is what a model is for: how its outputs are judged.
type Task string

// The tasks.
const (
	Classification Task = "classification" // one class of several: pictures, sounds, keywords, texts
	Detection      Task = "detection"      // boxes with classes
	Segmentation   Task = "segmentation"   // a class for each pixel
	Text           Task = "text"           // a text, as the app marks it as its result
	Custom         Task = "metric"         // what a user's function says
)

// TaskOf is how a pipeline's task is judged; empty for one that has no metric here.
func TaskOf(pipelineTask string) Task {
	switch pipelineTask {
	case "classification", "keywords", "sounds", "text":
		return Classification
	case "detection":
		return Detection
	case "segmentation":
		return Segmentation
	}
	return ""
}

// ErrNoTruth is the error when nobody says what the right answers are.
var ErrNoTruth = errors.New("no right answers are known")

// Options says what to measure.
type Options struct {
	Task    Task
	Top     []int    // k of top-k; nil: 1 and 5
	Classes []string // names of the model's classes, by index; nil: see classNames
	Script  *Script  // a user's functions; nil: none
	Truth   Truth
}

// Truth is what is known of the right answers.
type Truth struct {
	Label func(f *frames.Frame) (string, bool)       // nil: the app's markers
	Boxes func(f *frames.Frame) ([]Box, bool)        // of detection
	Mask  func(f *frames.Frame) (*Mask, bool, error) // of segmentation
}

// Result is what `edgexray accuracy --json` prints; docs/accuracy.md is its contract.
type Result struct {
	Task      Task     `json:"task"`
	Verdict   Verdict  `json:"verdict"`
	Samples   int      `json:"samples"`   // with a right answer and the outputs of both sides, or of the one there is
	LeftOut   int      `json:"left_out"`  // frames that are no sample
	Reference bool     `json:"reference"` // there is one
	Metrics   []Metric `json:"metrics"`   // the first is the one that the verdict is of
	Classes   []Class  `json:"classes"`
	Flipped   []Flip   `json:"flipped"` // samples that only one side got right, lost ones first
	Lost      int      `json:"lost"`    // that only the reference got right
	Gained    int      `json:"gained"`  // that only the edge got right
	Notes     []string `json:"notes"`
}

// Verdict is the answer.
type Verdict string

// The verdicts.
const (
	Worse   Verdict = "worse" // than the reference, by more than chance
	Better  Verdict = "better"
	Same    Verdict = "no difference shown" // chance explains it
	OneSide Verdict = "no reference"
)

// Metric is a number of both sides. It is from 0 to 1 but for a user's.
type Metric struct {
	Name       string  `json:"name"`
	Edge       float64 `json:"edge"`
	Reference  float64 `json:"reference"`  // 0 when there is none
	Difference float64 `json:"difference"` // edge minus reference
	Low        float64 `json:"low"`        // of the difference: the ends of its 95 % confidence interval
	High       float64 `json:"high"`
	P          float64 `json:"p"` // of McNemar's exact test; 1 for metrics that have none
}

// Class is the first metric of one class.
type Class struct {
	Class      string  `json:"class"`
	Samples    int     `json:"samples"`
	Edge       float64 `json:"edge"`
	Reference  float64 `json:"reference"`
	Difference float64 `json:"difference"`
}

// Flip is a sample that only one side got right.
type Flip struct {
	Frame     int    `json:"frame"` // of the edge, counted from 1
	Name      string `json:"name"`  // of the data, as far as that is known
	Label     string `json:"label"`
	Edge      string `json:"edge"`
	Reference string `json:"reference"`
	Lost      bool   `json:"lost"`
}

// maxFlipped bounds how many flipped samples are listed.
const maxFlipped = 1000

// tasks are the measures by task.
var tasks = map[Task]func(m *measurement) error{
	Classification: (*measurement).classification,
	Detection:      (*measurement).detection,
	Segmentation:   (*measurement).segmentation,
	Text:           (*measurement).text,
	Custom:         (*measurement).custom,
}

// measurement is one being made.
type measurement struct {
	pairs   []frames.Pair
	options Options
	result  *Result
}

// Measure measures both sides of pairs. Frames without a right answer, or whose outputs are missing, are left out and counted. The
// error is ErrNoTruth when no right answer is known.
func Measure(pairs []frames.Pair, o Options) (*Result, error) {
	measure := tasks[o.Task]
	if measure == nil {
		return nil, fmt.Errorf("there is no metric for task %q (name one of %s, %s, %s, %s with --task, or write your own with --metric)",
			o.Task, Classification, Detection, Segmentation, Text)
	}
	if o.Truth.Label == nil {
		o.Truth.Label = (*frames.Frame).Label
	}
	if len(o.Top) == 0 {
		o.Top = []int{1, 5}
	}
	m := &measurement{pairs, o, &Result{Task: o.Task, Metrics: []Metric{}, Classes: []Class{}, Flipped: []Flip{}, Notes: []string{}}}
	m.result.Reference = slices.ContainsFunc(pairs, func(p frames.Pair) bool { return p.Reference != nil })
	if err := measure(m); err != nil {
		return nil, err
	}
	m.result.LeftOut = len(pairs) - m.result.Samples
	m.result.judge()
	return m.result, nil
}

func (m *measurement) note(format string, args ...any) {
	if n := fmt.Sprintf(format, args...); !slices.Contains(m.result.Notes, n) {
		m.result.Notes = append(m.result.Notes, n)
	}
}

// usable tells whether both sides of a pair can be measured.
func (m *measurement) usable(p frames.Pair) bool { return p.Reference != nil || !m.result.Reference }

func (r *Result) flip(f Flip) {
	if f.Lost {
		r.Lost++
	} else {
		r.Gained++
	}
	r.Flipped = append(r.Flipped, f)
}

// judge says what the first metric shows, and sorts what flipped.
func (r *Result) judge() {
	slices.SortStableFunc(r.Flipped, func(a, b Flip) int {
		switch {
		case a.Lost == b.Lost:
			return 0
		case a.Lost:
			return -1
		}
		return 1
	})
	r.Flipped = r.Flipped[:min(len(r.Flipped), maxFlipped)]
	switch {
	case !r.Reference || len(r.Metrics) == 0:
		r.Verdict = OneSide
	case r.Metrics[0].High < 0:
		r.Verdict = Worse
	case r.Metrics[0].Low > 0:
		r.Verdict = Better
	default:
		r.Verdict = Same
	}
}

func nameOf(f *frames.Frame) string {
	name, _ := f.Name()
	return name
}
