package explain

import (
	"math"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Result is what is said of one input in one frame, as `edgexray explain --json` prints it (docs/explain-json.md).
type Result struct {
	Model       string       `json:"model"`
	Input       int          `json:"input"` // among the model's
	Name        string       `json:"name"`  // of the tensor
	Frame       int          `json:"frame"` // counted from 1
	Raw         string       `json:"raw"`   // where the raw data is from; empty: there is none
	Pipeline    string       `json:"pipeline,omitempty"`
	Explained   bool         `json:"explained"`
	Steps       []string     `json:"steps"`
	Same        [][]string   `json:"same"`
	Residual    *float64     `json:"residual"` // null: nothing was found
	Notes       []string     `json:"notes"`
	Healthy     *bool        `json:"healthy"`  // null: there was nothing to compare with
	Distance    *float64     `json:"distance"` // null as healthy, or because the sizes differ
	Differences []Difference `json:"differences"`
}

// Of fills a result with what is said of what was fed: with raw data, what the app did, and how a reference differs from that;
// without, what the elements prove. raw and reference may be nil.
func (r *Result) Of(raw *step.Value, fed *step.Array, reference []step.Step) error {
	r.Steps, r.Same, r.Notes, r.Differences = []string{}, [][]string{}, []string{}, []Difference{}
	switch {
	case raw == nil:
		r.Differences = append(r.Differences, Prove(fed, reference)...)
		return nil
	case reference == nil:
		e, err := Explain(*raw, fed)
		r.explained(e)
		return err
	}
	v, err := Judge(*raw, fed, reference)
	if err != nil {
		return err
	}
	r.explained(v.Explanation)
	r.Healthy, r.Distance = &v.Healthy, finite(v.Distance)
	r.Differences = append(r.Differences, v.Differences...)
	if !v.Healthy && !v.Explanation.Explained {
		r.Differences = append(r.Differences, Prove(fed, reference)...)
	}
	return nil
}

func (r *Result) explained(e Explanation) {
	r.Explained, r.Residual = e.Explained, finite(e.Residual)
	r.Steps = lines(e.Steps)
	for _, s := range e.Same {
		r.Same = append(r.Same, lines(s))
	}
	r.Notes = append(r.Notes, e.Notes...)
}

func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}
