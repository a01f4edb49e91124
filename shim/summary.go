package shim

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/trace"
)

// Summary is what a run came to.
type Summary struct {
	Duration time.Duration
	Reason   string // why it ended: "command exited", "interrupt", "duration" or "write error"

	Invokes     uint64 // of which something was taken, those that ops ran not counted
	Ops         uint64 // op records (Record)
	Tensors     uint64 // captures (Snapshot)
	WithoutData uint64 // of these, although there should be some
	TensorBytes uint64
	Markers     uint64     // of the app
	Replayed    []Replayed // of what was to be played: what the app asked for, or the user named; all when it asked for nothing
	FileBytes   int64

	Losses    []*trace.Loss
	Notes     []string
	LastWords []string // of processes that ended in an op
	Models    []string
	Processes int           // that the shim was loaded into
	Runtimes  int           // libraries whose kernels were replaced
	CPU       time.Duration // of the recorder
	MaxRSS    uint64        // bytes

	CommandPID    int // of a command that goes on
	HasExitStatus bool
	ExitStatus    int // of the command, if it has ended, as a shell reports it

	timing bool // by Record
}

func (s *session) summarize(end *trace.End) {
	m := &s.summary
	_, m.timing = s.sink.(opSink)
	m.Duration, m.Reason = time.Duration(end.DurationNs), end.Reason
	m.Losses = s.losses()
	if unwritten := s.sink.unwritten(); unwritten.Count > 0 {
		m.Losses = append(m.Losses, unwritten)
	}
	m.Models = s.models.Used()
	m.CPU, m.MaxRSS = time.Duration(end.CpuNs), end.MaxRss
	m.HasExitStatus, m.ExitStatus = end.HasExitStatus, int(end.ExitStatus)
	m.Runtimes = int(s.files.runtime)
	m.FileBytes = s.sink.Bytes()
	if !end.HasExitStatus {
		m.CommandPID = s.command.pid
	}
}

// Nothing returns why nothing was taken, nil when something was.
func (m *Summary) Nothing() error {
	switch {
	case m.Ops+m.Tensors+m.Markers > 0:
		return nil
	case m.Processes == 0:
		return fmt.Errorf("the shim was loaded into no process: %w (does a wrapper clear the environment, or start a static or privileged program?)", ErrUnreachable)
	case len(m.LastWords) > 0:
		return fmt.Errorf("%w: the app ended before its first op: %s", ErrNothing, m.LastWords[0])
	case m.Runtimes == 0:
		return fmt.Errorf("%w: no TFLite runtime was loaded into the processes that the shim was in, which were %d "+
			"(edgexray discover PID shows what a process has; a wrapper that clears the environment, or starts a static or privileged program, loses the shim)",
			ErrNothing, m.Processes)
	default:
		return fmt.Errorf("%w: a TFLite runtime was there, but ran no op that was asked for (was there an invoke?)", ErrNothing)
	}
}

// Print writes the summary for a person. File is the file's path.
func (m *Summary) Print(w io.Writer, file string) {
	what := fmt.Sprintf("captured %d tensors, %s", m.Tensors, megabytes(m.TensorBytes))
	if m.timing {
		what = fmt.Sprintf("recorded %d ops", m.Ops)
	}
	if m.Markers > 0 {
		what += fmt.Sprintf(", and %d markers", m.Markers)
	}
	fmt.Fprintf(w, "%s, of %d invokes in %.1f s to %s (shim; ended: %s)\n", what, m.Invokes, m.Duration.Seconds(), file, m.Reason)
	if len(m.Losses) == 0 {
		fmt.Fprintln(w, "lost nothing")
	} else {
		var losses []string
		for _, l := range m.Losses {
			losses = append(losses, fmt.Sprintf("%s %d", l.Cause, l.Count))
		}
		fmt.Fprintf(w, "LOST: %s\n", strings.Join(losses, ", "))
	}
	for _, r := range m.Replayed {
		fmt.Fprintln(w, r)
	}
	if m.WithoutData > 0 {
		fmt.Fprintf(w, "%d tensors are there without data\n", m.WithoutData)
	}
	fmt.Fprintf(w, "the recorder used %.2f s of CPU time and %s of memory, the buffer included\n", m.CPU.Seconds(), megabytes(m.MaxRSS))
	if len(m.Models) > 0 {
		fmt.Fprintf(w, "models: %s\n", strings.Join(m.Models, ", "))
	}
	for _, words := range m.LastWords {
		fmt.Fprintln(w, words)
	}
	for _, note := range m.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	if m.CommandPID != 0 {
		fmt.Fprintf(w, "the command goes on as process %d, without being recorded\n", m.CommandPID)
	}
	if m.HasExitStatus {
		fmt.Fprintf(w, "the command's exit status is %d\n", m.ExitStatus)
	}
}

func megabytes(bytes uint64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

// show overwrites the live line.
func (s *session) show() {
	w, now := s.options.Progress, app.Now()
	if w == nil || now-s.shown < uint64(time.Second) {
		return
	}
	s.shown = now
	elapsed := time.Duration(now - s.started).Round(time.Second)
	if s.summary.Runtimes = int(s.files.runtime); s.summary.Runtimes == 0 && s.summary.Markers == 0 {
		fmt.Fprintf(w, "\r\033[K[%s] waiting for a TFLite runtime to be loaded", elapsed)
		return
	}
	fmt.Fprintf(w, "\r\033[K[%s] %d invokes, %d ops, %d tensors, %s", elapsed, s.summary.Invokes, s.summary.Ops, s.summary.Tensors,
		megabytes(s.summary.TensorBytes))
}
