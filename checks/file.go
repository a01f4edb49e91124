package checks

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/script"
)

// prefix is how the names of a file's checks begin.
const prefix = "check_"

// maxPrinted bounds how many lines of what files print are kept.
const maxPrinted = 100

// File is a file of checks: functions whose names begin with check_. One that takes edge or ref is called for each frame, with
// the frame; one that takes edges, refs or trace only is called once, with all frames and the trace.
type File struct {
	program *script.Program
	printed []string
	subject *Subject // that it is run on
}

// Open reads a file of checks.
func Open(path string, limits script.Limits) (*File, error) {
	f := &File{}
	var err error
	if f.program, err = script.Open(path, starlark.StringDict{"check": f.builtIn()}, limits); err != nil {
		return nil, err
	}
	f.program.Print = func(text string) {
		if len(f.printed) < maxPrinted {
			f.printed = append(f.printed, text)
		}
	}
	if len(f.program.Functions(prefix)) == 0 {
		return nil, fmt.Errorf("%s: it has no function whose name begins with %s", path, prefix)
	}
	return f, nil
}

// errUnchecked is what a built-in check says that can't be done, to the check that called it.
type errUnchecked struct{ why string }

func (e *errUnchecked) Error() string { return e.why }

// builtIn is what files have as check: the built-in checks. Each fails when it finds something wrong.
func (f *File) builtIn() *starlarkstruct.Module {
	m := &starlarkstruct.Module{Name: "check", Members: starlark.StringDict{}}
	for _, c := range BuiltIn {
		m.Members[c.Name] = starlark.NewBuiltin(c.Name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			a, err := c.arguments(args, kwargs)
			if err != nil {
				return nil, err
			}
			if f.subject == nil {
				return nil, errors.New("it can be called in functions only")
			}
			if c.applies != nil && !c.applies(f.subject) {
				return nil, &errUnchecked{fmt.Sprintf("%s: there is nothing it could look at", c.Name)}
			}
			var o Outcome
			f.program.Given(func() { o = c.run(f.subject, a) })
			switch o.Verdict {
			case Fail:
				return nil, &script.Failure{Reason: o.Evidence}
			case NotChecked:
				return nil, &errUnchecked{c.Name + ": " + o.Evidence}
			case Broken:
				return nil, errors.New(o.Evidence)
			}
			return starlark.None, nil
		})
	}
	return m
}

// errMissing is that a frame doesn't have what a check asks for. Other frames may.
type errMissing struct{ what string }

func (e *errMissing) Error() string { return e.what }

// arguments reads those of a call.
func (c *Check) arguments(args starlark.Tuple, kwargs []starlark.Tuple) (arguments, error) {
	if len(args) > 0 {
		return nil, fmt.Errorf("%s: write its arguments as %s", c.Name, c.takes())
	}
	a := arguments{}
	for _, kv := range kwargs {
		name, _ := starlark.AsString(kv[0])
		number, ok := starlark.AsFloat(kv[1])
		if !ok || !slices.Contains(argumentNames(c.Takes), name) {
			return nil, fmt.Errorf("%s: it takes %s, not %s=%s", c.Name, c.takes(), name, kv[1].Type())
		}
		a[name] = number
	}
	return a, nil
}

func (c *Check) takes() string {
	if c.Takes == "" {
		return "no arguments"
	}
	return c.Takes
}

// run runs all checks of the file.
func (f *File) run(s *Subject) []Outcome {
	f.subject = s
	var list []Outcome
	for _, name := range f.program.Functions(prefix) {
		o := f.one(s, name)
		o.Check, o.Of = name[len(prefix):], filepath.Base(f.program.Name)
		list = append(list, o)
	}
	return list
}

// one runs a check: frame by frame, or once.
func (f *File) one(s *Subject, name string) Outcome {
	takes := f.program.Parameters(name)
	switch {
	case slices.Contains(takes, "trace") && s.Trace == nil:
		return notChecked("%v", errNoTrace)
	case (slices.Contains(takes, "edge") || slices.Contains(takes, "edges")) && s.Edge == nil:
		return notChecked("there is no snapshot of the edge (--edge)")
	case (slices.Contains(takes, "ref") || slices.Contains(takes, "refs")) && s.Reference == nil:
		return notChecked("%v", errNoReference)
	}
	given := starlark.StringDict{}
	if s.Trace != nil {
		given["trace"] = traceValue(s.Trace)
	}
	if s.Edge != nil {
		given["edges"] = logValue(s.Edge)
	}
	if s.Reference != nil {
		given["refs"] = logValue(s.Reference)
	}
	if !slices.Contains(takes, "edge") && !slices.Contains(takes, "ref") {
		_, err := f.program.Call(name, given)
		return outcomeOf(err)
	}
	return f.frames(s, name, slices.Contains(takes, "ref"), given)
}

// frames runs a check on each frame. What is wrong with the check itself ends it; a built-in check that it calls and that can't be
// done hides no failure of another frame.
func (f *File) frames(s *Subject, name string, needsReference bool, given starlark.StringDict) Outcome {
	var x finding
	left, why := 0, "" // frames that don't have what it asks for
	var unchecked *Outcome
	for _, p := range s.Pairs() {
		if needsReference && p.Reference == nil {
			continue
		}
		given["edge"], given["ref"] = &frameValue{s.Edge, p.Edge}, starlark.None
		if p.Reference != nil {
			given["ref"] = &frameValue{s.Reference, p.Reference}
		}
		_, err := f.program.Call(name, given)
		var missing *errMissing
		if errors.As(err, &missing) {
			if left++; left == 1 {
				why = err.Error()
			}
			continue
		}
		switch o := outcomeOf(err); o.Verdict {
		case Pass:
			x.add(p.Edge, "")
		case Fail:
			x.add(p.Edge, o.Evidence)
		case NotChecked:
			unchecked = cmp.Or(unchecked, &o)
		default:
			return o.over(x.frames, x.failed, p.Edge.Number)
		}
	}
	switch {
	case unchecked != nil && x.failed == 0:
		return *unchecked
	case x.frames == 0 && left > 0:
		return Outcome{Verdict: Broken, Evidence: why}
	case x.frames == 0:
		return notChecked("no frame of the edge has one of the reference")
	}
	o := x.outcome("nothing is wrong")
	if left > 0 {
		o.Evidence += fmt.Sprintf("; %d frames were left out: %s", left, why)
	}
	return o
}

// outcomeOf is the outcome of a call.
func outcomeOf(err error) Outcome {
	var failure *script.Failure
	var unchecked *errUnchecked
	switch {
	case err == nil:
		return pass("nothing is wrong")
	case errors.As(err, &unchecked):
		return notChecked("%s", unchecked.why)
	case errors.As(err, &failure):
		return failed("%s (%s)", failure.Reason, failure.At)
	}
	return Outcome{Verdict: Broken, Evidence: err.Error()}
}

// logValue is a log in a check: its frames.
func logValue(l *frames.Log) starlark.Value {
	list := make(starlark.Tuple, len(l.Frames))
	for i, f := range l.Frames {
		list[i] = &frameValue{l, f}
	}
	return list
}
