// Package live shows a trace on a terminal while it is being written.
package live

import (
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
)

// Feed reads a trace as it is written, and keeps it summed up. Nothing that a screen does makes it wait: who writes the
// trace is never held up for longer than it takes to sum up a block or to make a snapshot.
type Feed struct {
	mu   sync.Mutex
	live *analyze.Live
	done chan struct{}
	err  error
}

// Follow reads the trace in until it ends. If it can't be read, in is closed with the reason, so that its writer ends.
func Follow(in *io.PipeReader, window time.Duration) *Feed {
	f := &Feed{live: analyze.NewLive(window), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		f.err = f.follow(in)
		in.CloseWithError(f.err)
	}()
	return f
}

func (f *Feed) follow(in io.Reader) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sum up the trace: %v (please report this)", p)
		}
	}()
	r, err := trace.NewReader(in)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		f.add(r.Block())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.live.End(r.Truncated())
	return r.Err()
}

func (f *Feed) add(b *trace.Block) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.live.Add(b)
}

// Snapshot sums up what was read until now.
func (f *Feed) Snapshot(recent bool, by analyze.By) *analyze.Snapshot {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.live.Snapshot(analyze.LiveOptions{NowNS: uint64(t.Nano()), Recent: recent, By: by})
}

// Wait waits for the end of the trace, and returns why it could not be read to there.
func (f *Feed) Wait() error {
	<-f.done
	return f.err
}
