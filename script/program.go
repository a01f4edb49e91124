// Package script runs what users write in Starlark (https://github.com/bazelbuild/starlark): checks, metrics, how outputs are
// read. A script sees what it is given and nothing else: it has no files, no network, no clock. What it may take is bounded.
package script

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// maxFile is how long a script may be, in bytes: reading it takes a stack that grows with how deep it is nested.
const maxFile = 64 << 10

// dialect is Starlark as its specification has it, without recursion and endless loops, with sets.
var dialect = &syntax.FileOptions{Set: true, TopLevelControl: true, GlobalReassign: true}

// Program is a script that was read, with its functions.
type Program struct {
	Name      string // of the file, for messages
	Print     func(text string)
	limits    Limits
	globals   starlark.StringDict
	functions []*starlark.Function // in the order of the file
	abandoned error                // what it was when a call would not end
	given     atomic.Bool          // what runs isn't the script's own; see Given
}

// Open reads the script in a file and runs what isn't in functions. Predeclared are names that it can use beside Starlark's
// own and those of this package.
func Open(path string, predeclared starlark.StringDict, limits Limits) (*Program, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	source, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Read(path, source, predeclared, limits)
}

// Read reads a script as Open does; name is what errors call it.
func Read(name string, source []byte, predeclared starlark.StringDict, limits Limits) (*Program, error) {
	if len(source) > maxFile {
		return nil, fmt.Errorf("%s: it is longer than %d bytes (split it in two)", name, maxFile)
	}
	p := &Program{Name: name, Print: func(string) {}, limits: limits.withDefaults()}
	names := starlark.StringDict{}
	for _, set := range []starlark.StringDict{bounded, functions, predeclared} {
		for name, value := range set {
			names[name] = value
		}
	}
	_, err := p.run(func(thread *starlark.Thread) (starlark.Value, error) {
		file, err := dialect.Parse(name, source, 0)
		if err != nil {
			return nil, err
		}
		bound(file)
		program, err := starlark.FileProgram(file, names.Has)
		if err != nil {
			return nil, err
		}
		p.globals, err = program.Init(thread, names)
		p.globals.Freeze()
		return nil, err
	})
	if err != nil {
		return nil, err
	}
	for _, global := range p.globals {
		if f, ok := global.(*starlark.Function); ok && f.Position().Filename() == name {
			p.functions = append(p.functions, f)
		}
	}
	slices.SortFunc(p.functions, func(a, b *starlark.Function) int { return cmp.Compare(a.Position().Line, b.Position().Line) })
	return p, nil
}

// Functions are the names of functions with a prefix, in the order of the file.
func (p *Program) Functions(prefix string) []string {
	var list []string
	for _, f := range p.functions {
		if strings.HasPrefix(f.Name(), prefix) {
			list = append(list, f.Name())
		}
	}
	return list
}

// Global returns what a name of the script stands for, nil when it has none of that name.
func (p *Program) Global(name string) starlark.Value { return p.globals[name] }

// Parameters are the names of a function's parameters.
func (p *Program) Parameters(function string) []string {
	f, ok := p.globals[function].(*starlark.Function)
	if !ok {
		return nil
	}
	names := make([]string, f.NumParams())
	for i := range names {
		names[i], _ = f.Param(i)
	}
	return names
}

// Call calls a function with arguments by their names. Those that have no parameter are left out. The error is a *Failure when the
// function called fail, an *Error for everything else.
func (p *Program) Call(function string, arguments starlark.StringDict) (starlark.Value, error) {
	f, ok := p.globals[function].(*starlark.Function)
	if !ok {
		return nil, fmt.Errorf("%s: it has no function %s", p.Name, function)
	}
	var named []starlark.Tuple
	for i := range f.NumParams() {
		name, position := f.Param(i)
		value, ok := arguments[name]
		switch {
		case ok:
			named = append(named, starlark.Tuple{starlark.String(name), value})
		case f.ParamDefault(i) == nil && !(f.HasVarargs() || f.HasKwargs()):
			return nil, &Error{At: position.String(), In: function, Reason: fmt.Sprintf("there is nothing to give for %q (there is %s)", name, strings.Join(arguments.Keys(), ", "))}
		}
	}
	return p.run(func(thread *starlark.Thread) (starlark.Value, error) { return starlark.Call(thread, f, nil, named) })
}

// Failure is what a script says by calling fail.
type Failure struct {
	At     string // file:line:column
	Reason string
}

func (f *Failure) Error() string { return f.At + ": " + f.Reason }

// Error is what is wrong with a script, or what it may not do.
type Error struct {
	At     string // file:line:column
	In     string // function; empty outside of one
	Reason string
	Cause  error // what a function that was given to the script returned; nil when it was none
}

func (e *Error) Unwrap() error { return e.Cause }

func (e *Error) Error() string {
	if e.In == "" || e.In == "<toplevel>" {
		return e.At + ": " + e.Reason
	}
	return fmt.Sprintf("%s: in %s: %s", e.At, e.In, e.Reason)
}

// explained makes an error of this package of one of Starlark's.
func explained(err error) error {
	var evaluated *starlark.EvalError
	var resolved resolve.ErrorList
	var parsed syntax.Error
	switch {
	case errors.As(err, &evaluated):
		at, in := where(evaluated.CallStack)
		var failed *Failure
		if errors.As(evaluated.Unwrap(), &failed) {
			return &Failure{at, failed.Reason}
		}
		reason := strings.TrimPrefix(evaluated.Msg, "Starlark computation cancelled: ")
		return &Error{at, in, reason, evaluated.Unwrap()}
	case errors.As(err, &resolved):
		return &Error{At: resolved[0].Pos.String(), Reason: resolved[0].Msg}
	case errors.As(err, &parsed):
		return &Error{At: parsed.Pos.String(), Reason: parsed.Msg}
	}
	return err
}

// where returns the place in the script that is being run, and in which function it is.
func where(stack starlark.CallStack) (at, in string) {
	for _, frame := range slices.Backward(stack) {
		if frame.Pos.Filename() != "<builtin>" {
			return frame.Pos.String(), frame.Name
		}
	}
	return "", ""
}
