// Package checks asserts what must be true of a deployed model: built-in checks of its inputs, its layers and its run, and those that
// users write in Starlark. docs/validate.md describes them.
package checks

import (
	"fmt"
	"slices"
)

// Verdict is what a check finds.
type Verdict string

// The verdicts.
const (
	Pass       Verdict = "pass"
	Fail       Verdict = "FAIL"
	NotChecked Verdict = "not checked" // what it needs isn't there
	Broken     Verdict = "error"       // the check itself doesn't work
)

// Outcome is what one check found.
type Outcome struct {
	Check    string  `json:"check"`
	Of       string  `json:"of"` // "inputs", "layers", "run", or the check file
	Verdict  Verdict `json:"verdict"`
	Evidence string  `json:"evidence"`         // why, with the values
	Advice   string  `json:"advice,omitempty"` // what to change
	Frames   int     `json:"frames"`           // looked at; 0 when that means nothing
	Failed   int     `json:"failed"`           // of these
	First    int     `json:"first"`            // frame that failed, counted from 1; 0: none
}

// Result is what `edgexray validate --json` prints; docs/validate-json.md is its contract.
type Result struct {
	Verdict    Verdict   `json:"verdict"`
	Edge       string    `json:"edge"` // the snapshot's path, and so on; empty when there is none
	Reference  string    `json:"reference"`
	Trace      string    `json:"trace"`
	Pipeline   string    `json:"pipeline"`
	Model      string    `json:"model"` // the one that was run
	Frames     int       `json:"frames"`
	Checks     []Outcome `json:"checks"`
	Passed     int       `json:"passed"`
	Failures   int       `json:"failures"`
	NotChecked int       `json:"not_checked"`
	Errors     int       `json:"errors"`
	Printed    []string  `json:"printed"`  // by check files
	Problems   []string  `json:"problems"` // what is wrong with what was given
}

// Run runs checks: the built-in ones but those to skip, then those of check files.
func Run(s *Subject, files []*File, skip []string) (*Result, error) {
	r := &Result{Checks: []Outcome{}, Printed: []string{}, Problems: []string{}}
	for _, name := range skip {
		if !slices.ContainsFunc(BuiltIn, func(b Check) bool { return b.Name == name }) {
			return nil, fmt.Errorf("there is no built-in check %q to skip (edgexray validate --list)", name)
		}
	}
	for _, b := range BuiltIn {
		if !slices.Contains(skip, b.Name) && (b.applies == nil || b.applies(s)) {
			r.add(b.run(s, arguments{}))
		}
	}
	for _, f := range files {
		for _, o := range f.run(s) {
			r.add(o)
		}
		r.Printed = append(r.Printed, f.printed...)
	}
	r.Problems = append(r.Problems, s.Problems()...)
	if s.Edge != nil {
		r.Model, r.Frames = s.Edge.Model, len(s.Edge.Frames)
	}
	r.Verdict = r.sum()
	return r, nil
}

func (r *Result) add(o Outcome) {
	r.Checks = append(r.Checks, o)
	switch o.Verdict {
	case Pass:
		r.Passed++
	case Fail:
		r.Failures++
	case NotChecked:
		r.NotChecked++
	case Broken:
		r.Errors++
	}
}

// sum is the verdict of all checks: nothing is right because nothing was checked.
func (r *Result) sum() Verdict {
	switch {
	case r.Failures > 0:
		return Fail
	case r.Errors > 0:
		return Broken
	case r.Passed == 0:
		return NotChecked
	}
	return Pass
}

// Check is a built-in check.
type Check struct {
	Name  string
	Of    string
	About string // in one line
	Takes string // arguments in a check file, as they are written there

	applies func(s *Subject) bool // nil: always
	check   func(s *Subject, a arguments) Outcome
}

// arguments are those of a check that a file calls: numbers by name.
type arguments map[string]float64

func (a arguments) get(name string, otherwise float64) float64 {
	if v, ok := a[name]; ok {
		return v
	}
	return otherwise
}

func (c *Check) run(s *Subject, a arguments) Outcome {
	o := c.check(s, a)
	o.Check, o.Of = c.Name, c.Of
	return o
}

func pass(format string, args ...any) Outcome {
	return Outcome{Verdict: Pass, Evidence: fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) Outcome {
	return Outcome{Verdict: Fail, Evidence: fmt.Sprintf(format, args...)}
}

func notChecked(format string, args ...any) Outcome {
	return Outcome{Verdict: NotChecked, Evidence: fmt.Sprintf(format, args...)}
}

func broken(format string, args ...any) Outcome {
	return Outcome{Verdict: Broken, Evidence: fmt.Sprintf(format, args...)}
}

// over adds how many frames were looked at, and how many failed from which one on.
func (o Outcome) over(frames, failed, first int) Outcome {
	o.Frames, o.Failed, o.First = frames, failed, first
	return o
}

// One makes a built-in check; false when there is none of that name, or nothing that it could look at.
func One(s *Subject, name string) (Outcome, bool) {
	for _, b := range BuiltIn {
		if b.Name == name && (b.applies == nil || b.applies(s)) {
			return b.run(s, arguments{}), true
		}
	}
	return Outcome{}, false
}
