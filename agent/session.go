// Package agent is a recording session on the device: it attaches probes, drains what they emit, resolves it to
// processes, models, ops and kernels, and writes the trace.
package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/trace"
)

const (
	drainEvery    = 10 * time.Millisecond // a 4 MiB ring holds half a second of 200 000 ops/s
	flushEvery    = 500 * time.Millisecond
	progressEvery = time.Second
	lookEvery     = 250 * time.Millisecond // for targets that ended, and at interpreters that ran nothing
	namesEvery    = 50 * time.Millisecond  // for targets that started: Python needs longer to load a runtime
)

// Session is a running recording. All of it belongs to the goroutine in run; the launcher hands its questions over.
type Session struct {
	options     Options
	method      probes.Method
	programs    *bpf.Programs
	ring        *ringbuf.Reader
	tracepoints tracepoints
	followed    followed
	aggregates  aggregates
	budget      budget
	period      uint32 // odd while recording pauses
	heap        heap
	sampling    sampling
	markers     markers
	writer      *trace.Writer
	writeErr    error

	libraries libraries
	processes map[uint64]*process // by the id that BPF gave them
	byPID     map[int]*process    // the current program of each
	ended     []*process          // with last words
	nodes     map[uint64]*node
	subgraphs map[uint64]*subgraph
	nextID    struct{ process, thread, interpreter, subgraph, node uint32 }
	models    app.Models

	launcher *launcher
	requests chan request // from the launcher's thread
	pauses   pauses
	progress progress
	started  uint64 // CLOCK_MONOTONIC, ns
	reason   string // why it ended
	notes    map[string]bool
	looks    int         // for names
	asked    map[int]int // how often a process was asked for its name
	summary  Summary
}

// request is the launcher's: a thread stands still and has something new.
type request struct {
	pid  int // the thread's number; after an exec, the process's
	exec bool
	done chan struct{}
}

// Record records until the target ends, the duration is over or the context is done. On an error the trace up to then is
// readable, and its summary tells about it; if recording could not even begin, there is neither.
func Record(ctx context.Context, options Options) error {
	if err := options.check(); err != nil {
		return err
	}
	s := &Session{
		options:   options,
		processes: make(map[uint64]*process),
		byPID:     make(map[int]*process),
		nodes:     make(map[uint64]*node),
		subgraphs: make(map[uint64]*subgraph),
		requests:  make(chan request),
		pauses:    newPauses(),
		notes:     make(map[string]bool),
		summary:   Summary{ops: make(map[string]bool)},
		asked:     make(map[int]int),
	}
	s.models = app.Models{Describe: s.describe, Note: s.note, Nodes: true}
	s.aggregates = aggregates{session: s, written: make(map[uint64]*bpf.AggregateValue)}
	s.budget = budget{session: s, share: options.Budget, threads: make(map[uint32]uint64)}
	s.libraries = libraries{session: s, files: make(map[app.FileKey]*library)}
	s.heap = newHeap(s)
	s.markers = newMarkers(s)
	if err := s.open(); err != nil {
		return errors.Join(err, s.close())
	}
	if err := s.begin(); err != nil {
		return errors.Join(err, s.close())
	}
	err := s.options.Began()
	if err == nil {
		err = s.run(ctx)
	}
	return errors.Join(err, s.finish())
}

// open prepares everything that doesn't touch the target.
func (s *Session) open() error {
	options := bpf.Options{
		OnlyTargets: s.options.Library == "" || len(s.options.Only.Processes) > 0,
		EntryOnly:   s.options.EntryOnly || s.options.Budget > 0, // which asks for what an entry alone costs
		Aggregate:   s.options.Aggregate,
		Sample:      s.options.SampleRate > 0,
	}
	if len(s.options.Command) > 0 {
		options.StopSignal = stopSignal
	}
	s.tracepoints.mappings = s.options.Library == "" // with a library there is nothing to wait for
	s.followed.wanted = s.options.Follow
	s.followed.plan()
	options.Follow, s.tracepoints.follow = s.followed.bpf, s.followed.bpf
	options.Heap = s.heap.wanted
	method, programs, costs, err := probes.Open(s.options.Method, options, s.tracepoints.attach)
	if err != nil && options.Heap {
		s.heap.refused, options.Heap = err, false
		method, programs, costs, err = probes.Open(s.options.Method, options, s.tracepoints.attach)
	}
	if err != nil {
		return err
	}
	s.method, s.programs = method, programs
	if err := s.budget.possible(method); err != nil {
		return err
	}
	if s.ring, err = ringbuf.NewReader(s.programs.Ring); err != nil {
		return fmt.Errorf("open ring buffer: %w", err)
	}
	s.followed.attach(programs)
	header := app.NewHeader(s.options.Recorder)
	s.started = header.StartNs
	header.AttachMethod = string(method)
	header.ProbeCosts = costs
	header.Followed = append(s.followed.describe(&s.tracepoints), s.heap.describe())
	header.MinorFaultNs = s.followed.minorFaultNS()
	header.SamplePeriodNs = samplePeriod(s.options.SampleRate)
	header.EntryOnly = s.options.EntryOnly
	header.Only = s.options.Only.Said
	header.Budget = s.options.Budget
	if s.options.Aggregate != bpf.AggregateOff {
		header.AggregateOctave = bpf.AggregateOctave
	}
	s.summary.costs = costs
	s.summary.Method = method
	if s.writer, err = trace.NewWriter(s.options.Output, header); err != nil {
		return err
	}
	for _, part := range header.Followed {
		if part.Missing != "" && part.Missing != notAskedFor && part.Part != frequencyPart {
			s.note("follow", "%s not told: %s", part.Part, part.Missing)
		}
	}
	for _, tp := range s.tracepoints.tried {
		if tp.err != nil {
			s.note("attach", "tracepoint %s: %v: %s", tp.name, tp.err, tp.without)
		}
	}
	s.startSampling()
	return nil
}

// begin finds the target and attaches to what it has already.
func (s *Session) begin() error {
	switch {
	case s.options.Library != "":
		s.lookForNames()
		err := s.libraries.addPath(s.options.Library)
		if errors.Is(err, probes.ErrNoKernels) && s.markers.attached {
			return nil // a library of the app's own
		}
		return err
	case len(s.options.Command) > 0:
		return s.launch()
	case s.options.PID != 0:
		if err := unix.Kill(s.options.PID, 0); err != nil {
			return fmt.Errorf("record process %d: %w (see ps -A)", s.options.PID, err)
		}
		s.target(s.options.PID)
		return nil
	default:
		s.lookForNames()
		return nil
	}
}

func (s *Session) launch() error {
	follow := func(pid int) { s.programs.Targets.Put(uint32(pid), uint32(1)) }
	ask := func(pid int, exec bool) {
		r := request{pid, exec, make(chan struct{})}
		s.requests <- r
		<-r.done
	}
	launched := make(chan error, 1)
	go func() {
		l, err := launch(s.options.command(), follow, ask)
		s.launcher = l
		launched <- err
	}()
	return <-launched
}

// target makes a process one of those that are recorded.
func (s *Session) target(pid int) {
	if err := s.programs.Targets.Put(uint32(pid), uint32(1)); err != nil {
		s.note("process", "process %d: not recorded: %v", pid, err)
		return
	}
	p := s.processOf(pid, "")
	s.libraries.considerProcess(p)
	s.reachLive(p)
	s.models.Look(&p.Process) // it may end right after its next invoke
}

// run drains the ring buffer on a timer until the recording is over.
func (s *Session) run(ctx context.Context) error {
	drain := time.NewTicker(drainEvery)
	defer drain.Stop()
	wake := s.wakeups()
	var exited <-chan struct{}
	if s.launcher != nil {
		exited = s.launcher.exited
	}
	var over <-chan time.Time
	if s.options.Duration > 0 {
		over = time.After(s.options.Duration)
	}
	var flushed, shown, looked, named time.Time
	for {
		select {
		case <-ctx.Done():
			s.reason = "interrupt"
		case <-over:
			s.reason = "duration"
		case <-exited:
			s.reason = "command exited"
		case r := <-s.requests:
			s.arrived(r)
		case <-wake:
			s.drain()
		case t := <-drain.C:
			s.drain()
			s.budget.keep()
			s.aggregates.writeSometimes()
			if t.Sub(flushed) >= flushEvery {
				flushed = t
				s.flush()
			}
			if len(s.names()) > 0 && t.Sub(named) >= namesEvery {
				named = t
				s.lookForNames()
			}
			if t.Sub(looked) >= lookEvery {
				looked = t
				s.look()
			}
			if t.Sub(shown) >= progressEvery {
				shown = t
				s.progress.show(s.options.Progress, s)
			}
		}
		if s.writeErr != nil {
			s.reason = "write error"
			return s.writeErr
		}
		if s.reason != "" {
			return nil
		}
	}
}

// arrived serves a thread of the command's that stands still.
func (s *Session) arrived(r request) {
	defer close(r.done)
	seen := app.Now()
	defer func() { s.pauses.end(uint32(r.pid), seen) }()
	s.drain()
	if r.exec {
		s.forgetProgram(r.pid)
		s.libraries.considerProcess(s.processOf(r.pid, ""))
	}
}

// look notices a target that ended, and what changed without any probe noticing.
func (s *Session) look() {
	if pid := s.options.PID; pid != 0 && app.HasEnded(pid) {
		s.reason = "target exited"
	}
	s.reachAgain()
	s.scanQuiet()
	s.identifyModels()
}

// finish detaches, takes what is left in the ring buffer, and closes the trace. First all probes fall silent together:
// ops that are open then are not recorded, because one without all that is within it would be told wrong.
func (s *Session) finish() error {
	var errs []error
	if s.period&1 == 0 { // else it pauses
		errs = append(errs, s.nextPeriod())
	}
	if s.method.Together() { // the others take seconds: the trace is closed first
		errs = append(errs, s.libraries.detach(), s.markers.detach())
	}
	errs = append(errs, s.sampling.events.close())
	s.drain()
	for _, n := range s.nodes {
		s.releaseHeld(n)
	}
	s.aggregates.write()
	s.identifyModels()
	s.heap.write(time.Now().Add(heapEvery))
	s.flushSamples()
	s.noteCounters()
	s.noteAllUnmapped()
	end := &trace.End{DurationNs: app.Now() - s.started, Reason: s.reason}
	if l := s.launcher; l != nil && s.reason == "command exited" {
		end.HasExitStatus, end.ExitStatus = true, int32(l.status)
		if l.status != 0 {
			s.endedBadly()
		}
	}
	end.CpuNs, end.MaxRss = app.OwnCost()
	end.GapsNs, end.CostNs = s.budget.finish()
	s.writer.SetLosses(s.losses())
	if err := s.writer.Close(end); err != nil && s.writeErr == nil {
		errs = append(errs, err)
	}
	s.progress.clear(s.options.Progress)
	s.summarize(end)
	s.options.Finished(&s.summary)
	return errors.Join(append(errs, s.close())...)
}

func (s *Session) close() error {
	errs := []error{s.heap.detach(), s.markers.detach(), s.followed.close(), s.sampling.events.close(), s.sampling.images.close(), s.tracepoints.close(), s.libraries.close()}
	for _, p := range s.processes {
		p.close()
	}
	s.models.Close()
	if s.ring != nil {
		errs = append(errs, s.ring.Close())
	}
	if s.programs != nil {
		errs = append(errs, s.programs.Close())
	}
	return errors.Join(errs...)
}

// nextPeriod pauses recording, or goes on with it: probes are to be removed and put back in between only.
func (s *Session) nextPeriod() error {
	s.period++
	return s.programs.SetPeriod(s.period)
}

// describe writes a description to the trace. The first write error ends the recording.
func (s *Session) describe(d trace.Description) {
	if s.writer == nil {
		return
	}
	if err := s.writer.Describe(d); err != nil && s.writeErr == nil {
		s.writeErr = err
	}
}

// note tells the reader of the trace something, once.
func (s *Session) note(kind, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.notes[text] {
		return
	}
	s.notes[text] = true
	s.summary.Notes = append(s.summary.Notes, text)
	s.describe(&trace.Note{Kind: kind, Text: text})
}

func (s *Session) flush() {
	s.heap.write(time.Now())
	s.flushSamples()
	s.writer.SetLosses(s.losses())
	if err := s.writer.Flush(app.Now()); err != nil && s.writeErr == nil {
		s.writeErr = err
	}
}
