package shim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/trace"
)

const (
	idleFor   = time.Millisecond       // between looks at an empty ring, twice that after a while
	busyFor   = 5 * time.Millisecond   // taking records before anything else is looked at
	tickEvery = 500 * time.Millisecond // for what changes without a record
	patience  = 2 * time.Second        // at the end, for records that were begun before
)

// session runs a command and writes down what the shim in it tells. All of it belongs to one goroutine.
type session struct {
	options   *Options
	selection *selection
	area      *area
	player    *player // nil when nothing is played
	reader    reader
	command   *command
	sink      sink
	writeErr  error

	models    app.Models
	files     files
	processes map[uint32]*process
	nextID    struct{ process, thread, interpreter, subgraph, node uint32 }

	started, shown uint64 // CLOCK_MONOTONIC, ns
	notes          map[string]bool
	senseless      uint64 // records that refer to what was not described, or can't be
	summary        Summary
}

// Snapshot runs a command and writes the tensors of its ops. On an error the file up to then is readable, and the summary
// tells about it; if the command could not even be started, there is neither.
func Snapshot(ctx context.Context, options Options) (*Summary, error) {
	return run(ctx, &options, modeData, newTensorSink)
}

// Record runs a command and writes the times of its ops, as agent.Record does. What it does on an error is as with Snapshot.
// An op that finds no room is left out, and counted, unless Selection.WhenFull says otherwise.
func Record(ctx context.Context, options Options) (*Summary, error) {
	options.Selection.WhenFull = cmp.Or(options.Selection.WhenFull, "drop")
	return run(ctx, &options, modeTiming, newOpSink)
}

func run(ctx context.Context, options *Options, mode uint32, create newSink) (*Summary, error) {
	s, err := newSession(options, mode)
	if err != nil {
		return nil, err
	}
	defer s.close()
	command, err := options.prepare(s.area, s.player)
	if err != nil {
		return nil, err
	}
	if err := s.create(create); err != nil {
		return nil, err
	}
	if err := s.start(command); err != nil {
		return nil, err
	}
	s.follow(ctx)
	return s.finish()
}

// newSession makes what the command shares with us.
func newSession(options *Options, mode uint32) (*session, error) {
	selected, err := options.Selection.compile(mode)
	if err != nil {
		return nil, err
	}
	area, err := newArea(cmp.Or(options.Buffer, DefaultBuffer), selected)
	if err != nil {
		return nil, err
	}
	s := &session{options: options, selection: selected, area: area, processes: make(map[uint32]*process), notes: make(map[string]bool)}
	s.reader.area = area
	s.models = app.Models{Describe: s.describe, Note: s.note, Nodes: mode == modeTiming}
	s.files = files{session: s, known: make(map[app.FileKey]*file)}
	if len(options.Replay) > 0 {
		if s.player, err = newPlayer(options.Replay); err != nil {
			return nil, errors.Join(err, area.close())
		}
	}
	return s, nil
}

func (s *session) close() {
	s.models.Close()
	s.files.close()
	s.player.close()
	s.area.close()
}

// create begins the file.
func (s *session) create(create newSink) error {
	header := app.NewHeader(s.options.Recorder)
	header.AttachMethod = "shim"
	header.ProbeCosts = []*trace.ProbeCost{measureCost(s.area)}
	header.Only = s.options.Selection.Only
	s.started = header.StartNs
	var err error
	s.sink, err = create(s.options, header)
	return err
}

// start starts the command.
func (s *session) start(command *exec.Cmd) error {
	var err error
	if s.command, err = start(command); err != nil {
		return err
	}
	if s.options.Began != nil {
		s.failed(s.options.Began())
	}
	return nil
}

// follow takes records until the command has exited, or it is told to stop.
func (s *session) follow(ctx context.Context) {
	var over <-chan time.Time
	if s.options.Duration > 0 {
		over = time.After(s.options.Duration)
	}
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	for looks := 0; ; looks++ {
		idle := idleFor
		switch {
		case s.drain():
			idle, looks = 0, 0
		case looks > 100:
			idle = 2 * idleFor
		}
		select {
		case <-s.command.exited:
			s.summary.Reason = "command exited"
			return
		case <-ctx.Done():
			s.summary.Reason = "interrupt"
			return
		case <-over:
			s.summary.Reason = "duration"
			return
		case <-tick.C:
			s.tick()
		case <-time.After(idle):
		}
	}
}

// drain takes what is in the ring, for a short while. It tells whether there was anything.
func (s *session) drain() bool {
	began := time.Now()
	for n := 0; ; n++ {
		b := s.reader.next()
		if b == nil {
			return n > 0
		}
		s.record(b)
		s.reader.taken(uint64(len(b)))
		if n%64 == 63 && time.Since(began) > busyFor {
			return true
		}
	}
}

// takers are what becomes of records, by their type. They report false for one that makes no sense.
var takers = [...]func(*process, []byte) bool{
	recordProcess:    (*process).begin,
	recordModule:     (*process).addModule,
	recordSubgraph:   (*process).addSubgraph,
	recordTensor:     (*process).addTensor,
	recordNode:       (*process).addNode,
	recordOp:         (*process).addOp,
	recordCapture:    (*process).addCapture,
	recordMore:       (*process).addMore,
	recordStatistics: (*process).addStatistics,
	recordMarker:     (*process).addMarker,
}

// record takes one record.
func (s *session) record(b []byte) {
	header, _, ok := fixed[recordHeader](b)
	if !ok || header.type_ == 0 || header.type_ >= uint32(len(takers)) || int32(header.pid) <= 0 {
		s.senseless++
		return
	}
	p := s.processOf(int(header.pid), header.type_ == recordProcess)
	if take := takers[header.type_]; !take(p, b) {
		s.senseless++
	}
}

// tick looks at what changes without a record.
func (s *session) tick() {
	s.reader.unlock()
	s.lookForEnded()
	s.identifyModels()
	s.failed(s.sink.flush(s.losses()))
	s.show()
}

// finish takes what was begun before the end, and closes the file.
func (s *session) finish() (*Summary, error) {
	s.area.halt()
	s.drainRest()
	s.lookForEnded()
	for _, p := range s.processes {
		switch {
		case p.ended:
			p.exited()
			continue
		case p.described != nil:
			s.note("process", "process %d (%s) goes on: what it does from now on is not in the file", p.PID, p.described.Name)
		}
		p.forget("the recording ended before all of it had come")
	}
	s.remark()
	s.tellReplayed()
	s.files.hash()
	end := &trace.End{DurationNs: app.Now() - s.started, Reason: s.summary.Reason}
	if s.command.hasExited() {
		end.HasExitStatus, end.ExitStatus = true, int32(s.command.status)
	}
	if s.writeErr != nil {
		end.Reason = "write error"
	}
	end.CpuNs, end.MaxRss = app.OwnCost()
	s.failed(s.sink.end(s.losses(), end))
	s.summarize(end)
	if s.options.Progress != nil {
		fmt.Fprint(s.options.Progress, "\r\033[K")
	}
	return &s.summary, s.writeErr
}

// drainRest takes what was begun up to now, as far as it will still be completed.
func (s *session) drainRest() {
	since := time.Now()
	for end := s.reader.filled(); s.reader.position < end && time.Since(since) < patience; {
		if s.drain() {
			since = time.Now()
		} else {
			time.Sleep(idleFor)
		}
	}
}

// describe writes a description to the file. Texts and lists in an app's memory may be as long as they like.
func (s *session) describe(d trace.Description) {
	switch {
	case s.writeErr != nil:
	case proto.Size(d) <= maxContent:
		s.failed(s.sink.Describe(d))
	default:
		s.senseless++
	}
}

// maxContent is how long a description may be, in bytes; what it is wrapped in needs the rest.
const maxContent = trace.MaxDescription - 64

// failed keeps the first error of writing. The command goes on, without being held up.
func (s *session) failed(err error) {
	if err != nil && s.writeErr == nil {
		s.writeErr = err
		s.area.halt()
	}
}

// note tells the reader of the file something, once.
func (s *session) note(kind, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.notes[text] || len(s.notes) >= maxNotes {
		return
	}
	s.notes[text] = true
	s.summary.Notes = append(s.summary.Notes, text)
	s.describe(&trace.Note{Kind: kind, Text: text})
}

const maxNotes = 1000 // more than anybody reads
