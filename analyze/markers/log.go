package markers

import (
	"cmp"
	"errors"
	"path"
	"slices"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// Log is the markers of a trace or a snapshot in order of time, each with the invoke that it belongs to. It is held in
// memory: a few hundred bytes a marker.
type Log struct {
	Recorder    string
	CommandLine []string
	Linux       string
	Hostname    string
	StartNS     uint64 // CLOCK_MONOTONIC
	StartUnixNS int64  // the same moment
	DurationNS  uint64
	Cut         string // why the file ends early; empty when it doesn't
	Lost        map[string]uint64
	Notes       []analyze.Note
	NoInvokes   string // why invokes aren't known; empty when they are

	Invokes   int // in which markers could be
	Markers   []Marked
	Processes map[uint32]*trace.Process
	Threads   map[uint32]*trace.Thread
}

// Marked is a marker and its invoke.
type Marked struct {
	*trace.Marker
	Invoke *Run // nil for none
}

// Run is one run of a model.
type Run struct {
	Model    string // name of its file, or empty
	Subgraph int32
	Number   uint64 // counted from 1 on, as `edgexray export` and snapshots do
	Invoke
}

// ReadTrace reads the markers of a trace, which it reads up to three times.
func ReadTrace(r *trace.Reader) (*Log, error) {
	ops, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		return nil, err
	}
	l := &Log{
		Recorder: ops.Recording.Recorder, CommandLine: ops.Recording.CommandLine, Linux: ops.Recording.Linux, Hostname: ops.Recording.Hostname,
		StartNS: ops.Recording.StartNS, StartUnixNS: ops.Recording.StartUnixNS, DurationNS: ops.DurationNS,
		Cut: ops.Truncated, Lost: ops.Lost, Notes: ops.Notes,
		Processes: make(map[uint32]*trace.Process), Threads: make(map[uint32]*trace.Thread),
	}
	if err := r.Rewind(); err != nil {
		return nil, err
	}
	var markers []*trace.Marker
	for r.Next() {
		b := r.Block()
		for _, p := range b.Processes {
			l.Processes[p.Id] = p
		}
		for _, t := range b.Threads {
			l.Threads[t.Id] = t
		}
		markers = append(markers, b.Markers...)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	var runs []*Run
	if len(markers) > 0 {
		runs, err = l.runs(r, ops)
	}
	if errors.Is(err, analyze.ErrSummedUp) {
		l.NoInvokes, err = err.Error(), nil
	}
	l.tie(runs, markers)
	return l, err
}

// runs reads the trace for its invokes.
func (l *Log) runs(r *trace.Reader, ops *analyze.OpsResult) ([]*Run, error) {
	var runs []*Run
	err := ops.Executions(r, analyze.Visitor{Invoke: func(v *analyze.Invoke) error {
		if v.Number == 0 {
			return nil
		}
		thread := v.Thread.ID
		runs = append(runs, &Run{v.Model.Name, v.Subgraph, uint64(v.Number), Invoke{l.Threads[thread].GetProcess(), thread, v.StartNS}})
		return nil
	}})
	return runs, err
}

// ReadSnapshot reads the markers of a snapshot. An invoke begins there with its first op that was captured.
func ReadSnapshot(f *snapshot.File) *Log {
	h := f.Beginning.GetHeader()
	l := &Log{
		Recorder: h.GetRecorder(), CommandLine: h.GetCommandLine(), Linux: h.GetLinux(), Hostname: h.GetHostname(),
		StartNS: h.GetStartNs(), StartUnixNS: h.GetStartUnixNs(), DurationNS: f.End.GetDurationNs(),
		Cut: f.Cut, Lost: f.Losses, Processes: f.Processes, Threads: f.Threads,
	}
	for _, n := range f.Notes {
		l.Notes = append(l.Notes, analyze.Note{Kind: n.GetKind(), Text: n.GetText()})
	}
	markers := make([]*trace.Marker, len(f.Markers))
	for i, m := range f.Markers {
		markers[i] = m.Marker
	}
	l.tie(capturedRuns(f), markers)
	return l
}

// capturedRuns are the invokes of which something was captured.
func capturedRuns(f *snapshot.File) []*Run {
	var runs []*Run
	for _, v := range f.Invokes() {
		model := ""
		if m := f.Models[v.Subgraph.Model]; m != nil {
			model = path.Base(m.Path)
		}
		runs = append(runs, &Run{model, v.Subgraph.Index, v.Number, Invoke{v.Subgraph.Process, v.Thread, v.StartNS}})
	}
	return runs
}

// tie puts the markers in order, with their invokes.
func (l *Log) tie(runs []*Run, markers []*trace.Marker) {
	slices.SortStableFunc(markers, func(a, b *trace.Marker) int { return cmp.Compare(a.TimeNs, b.TimeNs) })
	invokes := make([]Invoke, len(runs))
	for i, r := range runs {
		invokes[i] = r.Invoke
	}
	l.Invokes, l.Markers = len(runs), make([]Marked, len(markers))
	for i, at := range Tie(invokes, markers) {
		l.Markers[i] = Marked{Marker: markers[i]}
		if at >= 0 {
			l.Markers[i].Invoke = runs[at]
		}
	}
}
