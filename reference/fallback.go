package reference

import (
	"context"
	"errors"
	"fmt"

	"github.com/edgexray/edgexray/reference/protocol"
)

// fell tells whether a run ended before its first invoke, so that nothing was captured.
func (r *Result) fell() bool {
	var died *Died
	var refused *Refused
	switch {
	case errors.As(r.Failure, &died):
		return died.Doing.Stage != protocol.Invoking
	case errors.As(r.Failure, &refused):
		return refused.Doing.Stage != protocol.Invoking
	}
	return false
}

// others returns what may be tried after a run that fell, among what was asked for: first other runners with their best kernels,
// then second best ones.
func (o *RunOptions) others(fell *Result) []Result {
	var others []Result
	tried := false
	for rank := range 2 {
		for _, kind := range runners {
			if rank >= len(kind.kernels) || o.Runner != "" && o.Runner != kind.name || o.Kernels != "" && o.Kernels != kind.kernels[rank] {
				continue
			}
			if tried {
				others = append(others, Result{Runner: kind.name, Kernels: kind.kernels[rank]})
			}
			tried = tried || kind.name == fell.Runner && kind.kernels[rank] == fell.Kernels
		}
	}
	return others
}

// instead returns the first of other runs that doesn't fall, or else the one that fell, and says what happened.
func (o *RunOptions) instead(ctx context.Context, fell *Result, request protocol.Request, dir string) (*Result, error) {
	last := fell
	for _, other := range o.others(fell) {
		sessions, _ := o.find(ctx, other.Runner, other.Kernels, false, dir) // one that doesn't work is none to go on with
		if len(sessions) == 0 {
			continue
		}
		sessions[0].end()
		o.Note(fmt.Sprintf("the %s kernels of %s captured nothing: it %v: going on with the %s kernels of %s",
			last.Kernels, last.Runtime, last.Failure, sessions[0].runner.kernels, sessions[0].runner.runtime))
		result, err := o.run(ctx, sessions[0].runner, request, dir)
		if err != nil {
			return nil, err
		}
		if !result.fell() {
			return result, nil
		}
		last = result
	}
	return last, nil
}
