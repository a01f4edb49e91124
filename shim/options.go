// Package shim runs a command with a library preloaded that replaces the kernels of every TFLite runtime in it, and takes
// what that tells: tensors for a snapshot (Snapshot), or the ops' times for a trace (Record). It needs no privileges.
// What is shared with the library, which lib holds, is specified in lib/records.h; docs/decisions/0015 says why.
package shim

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/edgexray/edgexray/trace"
)

// Options says what to run and what to take from it.
type Options struct {
	Command []string
	Env     []string // of the command; nil: our own

	Stdin, Stdout, Stderr *os.File // the command's; nil: our own

	Output    *os.File // gets the file: empty, and for a snapshot a regular one. The caller closes it
	Selection Selection
	Replay    []string      // what is played to the app where it asks for that: snapshots, and KEY=PATH of raw bytes or a folder of such files
	Buffer    uint64        // size of the ring in bytes, a power of two; zero: DefaultBuffer
	Duration  time.Duration // zero: until the command exits or the context is done
	Progress  io.Writer     // gets a live line; nil for none
	Recorder  string        // name and version, for the file
	Notes     []*trace.Note // for a snapshot, to be written into it
	// Began is called when the command has been started: from then on there is something to lose. Nil for nothing.
	Began func() error
}

// The errors that decide how edgexray exits.
var (
	// ErrUnreachable says that Linux doesn't preload a library into a program.
	ErrUnreachable = errors.New("LD_PRELOAD has no effect on it")
	// ErrOtherMachine says that a program is for a processor that the shim wasn't built for.
	ErrOtherMachine = errors.New("no shim for this kind of program")
	// ErrNothing says that there was nothing to take.
	ErrNothing = errors.New("nothing to capture")
)

func (o *Options) env() []string {
	if o.Env == nil {
		return os.Environ()
	}
	return o.Env
}
