package agent

import (
	"cmp"
	"errors"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
)

// Options says what to record. One of PID, Name, Library and Command is set.
type Options struct {
	PID     int
	Name    string   // of processes, running or yet to start
	Library string   // or an APK: every process that maps it
	Command []string // is started; its children are followed

	Stdin, Stdout, Stderr *os.File // the command's; nil: our own

	Duration time.Duration // zero: until the target ends or the context is done
	Output   io.Writer     // gets the trace; truncated back to whole blocks on a write error if it is a file
	Method   probes.Method // zero: the best that works
	Follow   Follow
	// EntryOnly leaves return probes away where the start of the next op tells as much.
	EntryOnly bool
	// Aggregate sums ops up in the kernel: bpf.AggregateToo is for comparing the sums with the ops.
	Aggregate bpf.Aggregate
	// Budget is the share of the app's time that recording may cost; 0 is any.
	Budget     float64
	Only       Only
	Heap       bool // what ops allocate
	NoMarkers  bool // what apps mark themselves is left out
	Cache      *probes.Cache
	Progress   io.Writer // gets a live line; nil for none
	Recorder   string    // name and version, for the trace
	SampleRate int       // samples a second and core of what ops are at; zero: none
	// Began is called when the target is found and the probes are in place: from then on there is something to lose.
	Began func() error
	// Finished is called when the trace is complete. Removing the probes may take Linux minutes after that, unless it has
	// uprobe_multi.
	Finished func(*Summary)
}

// clashes are ways to record that don't go together.
var clashes = []struct {
	asked func(*Options) bool
	why   string
}{
	{func(o *Options) bool { return o.Heap && o.EntryOnly }, "--heap needs the ends of all ops: leave --entry-only away"},
	{func(o *Options) bool { return o.Heap && o.Aggregate == bpf.AggregateInstead },
		"--heap records each op that allocates: leave --aggregate away"},
	{func(o *Options) bool { return o.Heap && o.Budget > 0 }, "what --heap costs is in no budget: leave --budget away"},
	{func(o *Options) bool { return o.SampleRate > 0 && o.Budget > 0 },
		"what --sample costs is in no budget: leave --budget away, and take fewer samples"},
	{func(o *Options) bool { return o.Aggregate == bpf.AggregateInstead && o.Budget > 0 },
		"a budget is kept by what each op says, and --aggregate records none: leave one of them away"},
	{func(o *Options) bool { return o.EntryOnly && o.Only.Restricts() },
		"with --entry-only an op ends where the next one begins, which --only doesn't show: leave --entry-only away"},
	{func(o *Options) bool { return len(o.Only.Processes) > 0 && o.Library == "" },
		"--only process=... restricts --library PATH: with another target the processes are named already"},
}

// check tells whether what is asked for goes together.
func (o *Options) check() error {
	for _, c := range clashes {
		if c.asked(o) {
			return errors.New("record: " + c.why)
		}
	}
	return nil
}

// command returns the command, ready to start.
func (o *Options) command() *exec.Cmd {
	c := exec.Command(o.Command[0], o.Command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = cmp.Or(o.Stdin, os.Stdin), cmp.Or(o.Stdout, os.Stdout), cmp.Or(o.Stderr, os.Stderr)
	return c
}
