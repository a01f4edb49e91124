package agent

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/trace"
)

// Summary is what a recording came to.
type Summary struct {
	Method    probes.Method
	Duration  time.Duration
	Reason    string // why it ended
	Ops       uint64 // op records in the trace
	Markers   uint64
	Losses    []*trace.Loss
	Notes     []string
	LastWords []string // of processes that ended in or after an op, without being asked to
	Runtimes  int      // libraries with kernels
	Models    []string
	CPU       time.Duration // of the recorder
	MaxRSS    uint64        // bytes

	Pauses    int           // how often a thread of the command was held to search new code
	PausedFor time.Duration // in all; not in the ops' times

	Budget  float64       // share of the app's time that it might cost; 0: any
	Gaps    time.Duration // in which nothing was recorded to keep to it
	Cost    time.Duration // that it took of the app's time by estimate
	Samples *SampleCounts // nil when none were taken

	CommandPID    int // of a command that goes on
	HasExitStatus bool
	ExitStatus    int // of the command, if it has ended

	costs        []*trace.ProbeCost
	unattributed uint64
	endsUnseen   uint64          // as bpf.EndsNotSeen
	excluded     uint64          // ops that were not asked for
	ops          map[string]bool // that interpreters have, when some ops only were asked for
	aggregated   uint64          // ops in sums instead of records
}

// Lost is the number of op records that are missing from the trace.
func (s *Summary) Lost() uint64 {
	var n uint64
	for _, l := range s.Losses {
		if l.Cause != causeDescriptions && l.Cause != causeSamples && !strings.HasPrefix(l.Cause, causeHeap) && !strings.HasPrefix(l.Cause, causeMarkers) {
			n += l.Count
		}
	}
	return n
}

// Causes of loss that are counted here and not by BPF. Lost descriptions make ops anonymous, they lose none; nor do lost samples.
const (
	causeUnattributed = "unattributed"
	causeDescriptions = "descriptions"
	causeHeap         = "heap_" // begins those of allocations, which lose no op
	causeSamples      = "samples"
)

// losses returns every way to lose something, with how often it happened so far.
func (s *Session) losses() []*trace.Loss {
	var losses []*trace.Loss
	for _, cause := range bpf.Causes {
		n, err := s.programs.Count(cause.Counter)
		if err != nil {
			s.note("losses", "%v", err)
			continue
		}
		if cause == bpf.EndsNotSeen {
			n += s.summary.endsUnseen
		}
		losses = append(losses, &trace.Loss{Cause: cause.Name, Count: n})
	}
	losses = append(losses, &trace.Loss{Cause: causeUnattributed, Count: s.summary.unattributed})
	if n, err := s.programs.Missed(); err == nil {
		losses = append(losses, &trace.Loss{Cause: "probe_missed", Count: n})
	}
	if n, err := s.programs.Count(bpf.DescriptionsLost); err == nil {
		losses = append(losses, &trace.Loss{Cause: causeDescriptions, Count: n})
	}
	if s.sampling.rate > 0 {
		losses = append(losses, &trace.Loss{Cause: causeSamples, Count: s.lostSamples()})
	}
	return slices.Concat(losses, s.heap.losses(), s.markers.losses())
}

// noteCounters tells of what BPF counted that lost no op.
func (s *Session) noteCounters() {
	for _, c := range bpf.Remarks {
		if n, err := s.programs.Count(c.Counter); err == nil && n > 0 {
			s.note("counter", "%d %s", n, c.Text)
		}
	}
}

func (s *Session) summarize(end *trace.End) {
	m := &s.summary
	m.Duration = time.Duration(end.DurationNs)
	m.Reason = end.Reason
	m.Budget, m.Gaps, m.Cost = s.options.Budget, time.Duration(end.GapsNs), time.Duration(end.CostNs)
	m.Ops, m.Markers = end.Ops+m.aggregated, s.markers.recorded
	m.Losses = s.losses()
	if n := s.writer.Unwritten(); n > 0 {
		m.Losses = append(m.Losses, &trace.Loss{Cause: trace.LossUnwritten, Count: n})
	}
	if s.sampling.rate > 0 {
		s.sampling.counts.Lost = s.lostSamples()
		m.Samples = &s.sampling.counts
	}
	m.Pauses, m.PausedFor = s.pauses.count, s.pauses.total
	m.HasExitStatus, m.ExitStatus = end.HasExitStatus, int(end.ExitStatus)
	m.CPU, m.MaxRSS = time.Duration(end.CpuNs), end.MaxRss
	if l := s.launcher; l != nil && !app.HasEnded(l.pid) {
		m.CommandPID = l.pid
	}
	for _, l := range s.libraries.files {
		if l != nil && len(l.kernels) > 0 {
			m.Runtimes++
		}
	}
	m.Models = s.models.Used()
	for _, p := range s.ended {
		if p.described.LastWords != "" {
			m.LastWords = append(m.LastWords, fmt.Sprintf("process %d (%s) %s", p.described.Pid, p.described.Name, p.described.LastWords))
		}
	}
}

// NothingRecorded says why there are no ops.
func (s *Summary) NothingRecorded() error {
	switch {
	case len(s.ops) > 0:
		return fmt.Errorf("record: no op ran that --only asks for; the models have %s", strings.Join(slices.Sorted(maps.Keys(s.ops)), ", "))
	case len(s.LastWords) > 0:
		return fmt.Errorf("record: the app ended before its first op: %s", s.LastWords[0])
	case s.Runtimes == 0:
		return fmt.Errorf("record: %w: no TFLite runtime was loaded while recording (edgexray discover PID shows what a process has)", probes.ErrNoKernels)
	case s.Lost() > 0:
		return fmt.Errorf("record: no op in the trace, %d lost (see above)", s.Lost())
	default:
		return fmt.Errorf("record: a TFLite runtime was there, but ran no op while recording (was the app idle?)")
	}
}

// Print writes the summary for a person. The trace is a file's path, or empty.
func (s *Summary) Print(w io.Writer, trace string) {
	if s.aggregated > 0 {
		fmt.Fprintf(w, "%d ops were summed up as they ran, by node\n", s.aggregated)
	}
	if s.excluded > 0 {
		fmt.Fprintf(w, "%d ops were not asked for and left out\n", s.excluded)
	}
	if trace != "" {
		trace = " to " + trace
	}
	fmt.Fprintf(w, "recorded %d ops in %.1f s%s (%s; ended: %s)\n", s.Ops, s.Duration.Seconds(), trace, s.Method, s.Reason)
	if lost := s.Lost(); lost == 0 {
		fmt.Fprintln(w, "lost 0 ops")
	} else {
		fmt.Fprintf(w, "LOST %d ops:", lost)
		for _, l := range s.Losses {
			if l.Count > 0 {
				fmt.Fprintf(w, " %s %d", l.Cause, l.Count)
			}
		}
		fmt.Fprintln(w)
	}
	if s.Markers > 0 {
		fmt.Fprintf(w, "recorded %d markers of the app's (edgexray markers shows them)\n", s.Markers)
	}
	var costs []string
	for _, c := range s.costs {
		costs = append(costs, fmt.Sprintf("%s %.2f us", c.InstructionClass, float64(c.TotalNs)/1000))
	}
	if len(costs) > 0 {
		fmt.Fprintf(w, "cost of the probe per op, by instruction: %s\n", strings.Join(costs, ", "))
	}
	fmt.Fprintf(w, "the recorder used %.2f s of CPU time and %.1f MiB of memory\n", s.CPU.Seconds(), float64(s.MaxRSS)/(1<<20))
	if s.Budget > 0 {
		fmt.Fprintf(w, "recorded %.1f of %.1f s, to cost the app at most %.2g%% of its time: %.2f%% by estimate\n",
			(s.Duration - s.Gaps).Seconds(), s.Duration.Seconds(), 100*s.Budget, 100*s.Cost.Seconds()/s.Duration.Seconds())
	}
	if s.Samples != nil {
		s.Samples.print(w)
	}
	if s.Pauses > 0 {
		within := "the ops' times are without that"
		if s.aggregated > 0 {
			within = "sums of ops hold what of that fell within them"
		}
		fmt.Fprintf(w, "the command's threads were held %d times, %.1f ms in all, while new code was searched: %s\n",
			s.Pauses, float64(s.PausedFor)/1e6, within)
	}
	if len(s.Models) > 0 {
		fmt.Fprintf(w, "models: %s\n", strings.Join(s.Models, ", "))
	}
	for _, words := range s.LastWords {
		fmt.Fprintln(w, words)
	}
	for _, note := range s.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	if !s.Method.Together() {
		fmt.Fprintf(w, "removing the probes: that takes Linux a while without uprobe_multi; the trace is complete\n")
	}
	if s.HasExitStatus {
		fmt.Fprintf(w, "the command's exit status is %d\n", s.ExitStatus)
	}
}
