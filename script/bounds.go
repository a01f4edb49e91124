package script

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"time"

	"go.starlark.net/starlark"
)

// Limits are what one call of a script may take. Zero is the default.
type Limits struct {
	Steps  uint64        // of Starlark's interpreter; 100 million
	Time   time.Duration // 20 s
	Memory uint64        // that the program grows by, in bytes; 1 GiB
}

func (l Limits) withDefaults() Limits {
	if l.Steps == 0 {
		l.Steps = 100_000_000
	}
	if l.Time == 0 {
		l.Time = 20 * time.Second
	}
	if l.Memory == 0 {
		l.Memory = 1 << 30
	}
	return l
}

const (
	// watched is how often time and memory are looked at.
	watched = 5 * time.Millisecond
	// grace is how long a script that was stopped may go on within one step.
	grace = time.Second
)

// run runs a part of the script within its limits. What doesn't end in spite of them is left behind: the program is of no use then.
func (p *Program) run(part func(*starlark.Thread) (starlark.Value, error)) (starlark.Value, error) {
	if p.abandoned != nil {
		return nil, fmt.Errorf("not run, as an earlier call would not end: %w", p.abandoned)
	}
	thread := &starlark.Thread{Name: p.Name, Print: func(_ *starlark.Thread, text string) { p.Print(text) }}
	thread.SetMaxExecutionSteps(p.limits.Steps)
	thread.OnMaxSteps = func(thread *starlark.Thread) {
		thread.Cancel(fmt.Sprintf("it takes more than %d steps (does it end?)", p.limits.Steps))
	}
	type result struct {
		value starlark.Value
		err   error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if fault := recover(); fault != nil {
				r = result{nil, fmt.Errorf("%s: the interpreter failed: %v", p.Name, fault)}
			}
			done <- r
		}()
		r.value, r.err = part(thread)
	}()
	stopped := make(chan string, 1)
	finished := make(chan struct{})
	defer close(finished)
	go p.watch(thread, stopped, finished)
	select {
	case r := <-done:
		return r.value, explained(r.err)
	case reason := <-stopped:
		select {
		case r := <-done:
			return r.value, explained(r.err)
		case <-time.After(grace):
			p.abandoned = &Error{At: p.Name, Reason: reason}
			return nil, p.abandoned
		}
	}
}

// Given runs a part of a function that was given to the script, which is to be called by that function only. What it takes is within no
// limit of the script's.
func (p *Program) Given(part func()) {
	p.given.Store(true)
	defer p.given.Store(false)
	part()
}

// watch stops a script that takes too long or too much memory.
func (p *Program) watch(thread *starlark.Thread, stopped chan<- string, finished <-chan struct{}) {
	taken, last, before := time.Duration(0), time.Now(), heap()
	ticks := time.NewTicker(watched)
	defer ticks.Stop()
	for {
		select {
		case <-finished:
			return
		case <-ticks.C:
		}
		now := time.Now()
		since := now.Sub(last)
		last = now
		if p.given.Load() {
			before = heap()
			continue
		}
		taken += since
		reason := ""
		if taken > p.limits.Time {
			reason = fmt.Sprintf("it takes longer than %v (does it end?)", p.limits.Time)
		} else if heap() > before+p.limits.Memory {
			if runtime.GC(); heap() > before+p.limits.Memory {
				reason = fmt.Sprintf("it takes more than %d MB of memory", p.limits.Memory>>20)
			}
		}
		if reason != "" {
			thread.Cancel(reason)
			stopped <- reason
			return
		}
	}
}

// heap is what objects take, garbage that wasn't collected yet among them.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
