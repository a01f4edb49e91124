// Package frames reads a snapshot as what an app did from frame to frame: what it fed its model, what the model made of it,
// and what the app marked meanwhile.
package frames

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"

	"github.com/edgexray/edgexray/analyze/markers"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// ErrNone is the error when a snapshot has no invoke whose tensors were captured.
var ErrNone = errors.New("no invoke was captured")

// Log is the frames of one model in a snapshot, to which it refers: the file must stay open.
type Log struct {
	File     *snapshot.File
	Model    string // the file's base name, or else the process's
	SHA256   string // of the model file; empty when it isn't known
	Frames   []*Frame
	Problems []Problem

	elements map[*trace.Marker][]byte // of arrays
}

// Problem is something that is wrong with the frames of a log.
type Problem struct {
	What  string `json:"what"`
	Count int    `json:"count"`
	First string `json:"first"` // where it is seen first
}

func (p Problem) String() string {
	return fmt.Sprintf("%s: %d, the first is %s", p.What, p.Count, p.First)
}

// Frame is an invoke of a model's main subgraph with all that belongs to it.
type Frame struct {
	Number  int             // counted from 1 in the log
	Invoke  uint64          // of its subgraph, as recorded
	StartNS uint64          // CLOCK_MONOTONIC
	Inputs  []*Tensor       // in the order of the model's, as far as that is known
	Outputs []*Tensor       // the same
	Markers []*trace.Marker // in the order of their times

	subgraph *trace.Subgraph
	process  uint32
	thread   uint32
	captures []snapshot.Captured
	log      *Log
}

// Read reads the frames of a snapshot's model: those of the interpreter with a number or, with 0, those of the model that was
// run most often. Frames of all of its interpreters are one list, in the order of time.
func Read(f *snapshot.File, interpreter uint32) (*Log, error) {
	byModel := make(map[string][]*Frame)
	for _, frame := range invokes(f) {
		if n := frame.subgraph.GetInterpreter(); interpreter == 0 || n == interpreter {
			id := modelOf(f, frame.subgraph)
			byModel[id] = append(byModel[id], frame)
		}
	}
	if len(byModel) == 0 {
		return nil, errNone(f, interpreter)
	}
	id := mostOften(byModel)
	log := &Log{File: f, Frames: byModel[id], elements: make(map[*trace.Marker][]byte, len(f.Markers))}
	s := log.Frames[0].subgraph
	log.Model, log.SHA256 = nameOf(f, s), f.Models[s.GetModel()].GetSha256()
	if len(byModel) > 1 {
		log.Problems = append(log.Problems, Problem{
			"the snapshot has other models, whose frames aren't looked at (choose with --interpreter)", len(byModel) - 1, otherModel(f, byModel, id)})
	}
	for i, frame := range log.Frames {
		frame.Number, frame.log = i+1, log
		frame.ends()
	}
	log.tie(byModel)
	log.look()
	return log, nil
}

func errNone(f *snapshot.File, interpreter uint32) error {
	switch {
	case interpreter != 0:
		return fmt.Errorf("%w of interpreter %d (edgexray tensors lists what was)", ErrNone, interpreter)
	case len(f.Captures) == 0 && len(f.Markers) > 0:
		return fmt.Errorf("%w, only %d markers (was the model run while the snapshot was taken?)", ErrNone, len(f.Markers))
	}
	return fmt.Errorf("%w (did the app run a model, and was anything of it selected?)", ErrNone)
}

// modelOf identifies a model: interpreters with the same one belong together.
func modelOf(f *snapshot.File, s *trace.Subgraph) string {
	if sum := f.Models[s.GetModel()].GetSha256(); sum != "" {
		return sum
	}
	return fmt.Sprintf("%d/%d", s.GetProcess(), s.GetInterpreter())
}

func nameOf(f *snapshot.File, s *trace.Subgraph) string {
	if m := f.Models[s.GetModel()]; m.GetPath() != "" {
		return path.Base(m.GetPath())
	}
	return cmp.Or(f.Processes[s.GetProcess()].GetName(), "a model")
}

// mostOften returns the model with the most frames, of equals the one that ran first.
func mostOften(byModel map[string][]*Frame) string {
	return slices.MinFunc(slices.Sorted(maps.Keys(byModel)), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(byModel[b]), len(byModel[a])), cmp.Compare(byModel[a][0].StartNS, byModel[b][0].StartNS))
	})
}

func otherModel(f *snapshot.File, byModel map[string][]*Frame, but string) string {
	for _, id := range slices.Sorted(maps.Keys(byModel)) {
		if id != but {
			s := byModel[id][0].subgraph
			return fmt.Sprintf("%s, interpreter %d", nameOf(f, s), s.GetInterpreter())
		}
	}
	return ""
}

// invokes returns those of main subgraphs, in the order of time.
func invokes(f *snapshot.File) []*Frame {
	var found []*Frame
	for _, v := range f.Invokes() {
		if v.Subgraph.GetIndex() <= 0 {
			found = append(found, &Frame{Invoke: v.Number, StartNS: v.StartNS, subgraph: v.Subgraph, process: v.Subgraph.GetProcess(), thread: v.Thread, captures: v.Captures})
		}
	}
	slices.SortFunc(found, func(a, b *Frame) int {
		return cmp.Or(cmp.Compare(a.StartNS, b.StartNS), cmp.Compare(a.subgraph.GetId(), b.subgraph.GetId()), cmp.Compare(a.Invoke, b.Invoke))
	})
	return found
}

// tie gives frames the markers that belong to them. Invokes of other models take theirs, too.
func (l *Log) tie(byModel map[string][]*Frame) {
	var frames []*Frame
	for _, id := range slices.Sorted(maps.Keys(byModel)) {
		frames = append(frames, byModel[id]...)
	}
	began := make([]markers.Invoke, len(frames))
	for i, f := range frames {
		began[i] = markers.Invoke{Process: f.process, Thread: f.thread, StartNS: f.StartNS}
	}
	all := make([]*trace.Marker, len(l.File.Markers))
	for i, m := range l.File.Markers {
		all[i] = m.Marker
		l.elements[m.Marker] = m.Data
	}
	alone := make(map[frameOf]*trace.Marker)
	for i, at := range markers.Tie(began, all) {
		m := all[i]
		if at >= 0 {
			frames[at].Markers = append(frames[at].Markers, m)
		} else if of := (frameOf{m.GetThread(), m.GetFrame()}); m.GetFrame() != 0 && alone[of] == nil {
			alone[of] = m
		}
	}
	for _, f := range frames {
		slices.SortStableFunc(f.Markers, func(a, b *trace.Marker) int { return cmp.Compare(a.GetTimeNs(), b.GetTimeNs()) })
	}
	l.withoutInvoke(alone)
}

// frameOf is a frame as the app counts it.
type frameOf struct {
	thread uint32
	frame  uint64
}

func (l *Log) withoutInvoke(alone map[frameOf]*trace.Marker) {
	if len(alone) == 0 {
		return
	}
	first := slices.MinFunc(slices.Collect(maps.Values(alone)), func(a, b *trace.Marker) int { return cmp.Compare(a.GetTimeNs(), b.GetTimeNs()) })
	l.Problems = append(l.Problems, Problem{"frames of the app in which the model wasn't run", len(alone), fmt.Sprintf("its frame %d", first.GetFrame())})
}

// look finds what is wrong with frames.
func (l *Log) look() {
	count := func(what string, wrong func(*Frame) bool) {
		var p *Problem
		for _, f := range l.Frames {
			if !wrong(f) {
				continue
			}
			if p == nil {
				p = &Problem{What: what, First: fmt.Sprintf("frame %d (invoke %d)", f.Number, f.Invoke)}
			}
			p.Count++
		}
		if p != nil {
			l.Problems = append(l.Problems, *p)
		}
	}
	framed, marked, labelled := l.have()
	count("inputs that have no data", func(f *Frame) bool { return slices.ContainsFunc(f.Inputs, (*Tensor).lacks) || len(f.Inputs) == 0 })
	count("outputs that have no data", func(f *Frame) bool { return slices.ContainsFunc(f.Outputs, (*Tensor).lacks) })
	if framed {
		count("invokes outside of any frame of the app", func(f *Frame) bool {
			return !slices.ContainsFunc(f.Markers, func(m *trace.Marker) bool { return m.GetFrame() != 0 })
		})
	}
	if marked {
		count("frames without raw data, which others have", func(f *Frame) bool { return len(f.RawKeys()) == 0 })
		count("frames whose raw data is missing", func(f *Frame) bool {
			return slices.ContainsFunc(f.Markers, func(m *trace.Marker) bool { return m.GetKind() == trace.MarkerKind_BEFORE && m.GetMissing() != "" })
		})
	}
	if labelled {
		count("frames without a label, which others have", func(f *Frame) bool { _, ok := f.Label(); return !ok })
	}
}

// have tells what apps have marked in some frame: frames, raw data, labels.
func (l *Log) have() (framed, marked, labelled bool) {
	for _, f := range l.Frames {
		for _, m := range f.Markers {
			framed = framed || m.GetFrame() != 0
		}
		_, has := f.Label()
		marked, labelled = marked || len(f.RawKeys()) > 0, labelled || has
	}
	return
}

// Label returns the right answer as the app marked it.
func (f *Frame) Label() (string, bool) {
	for _, m := range f.Markers {
		if m.GetKind() == trace.MarkerKind_LABEL {
			if m.GetText() == "" && len(m.GetNumbers()) > 0 {
				return strconv.FormatFloat(m.GetNumbers()[0], 'f', -1, 64), true
			}
			return m.GetText(), true
		}
	}
	return "", false
}
