package traceexport

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/edgexray/edgexray/analyze"
)

// Perfetto writes a trace for ui.perfetto.dev and Perfetto's trace processor: of each thread its invokes, with the ops
// within them. Its clock is CLOCK_MONOTONIC, which a system trace of the same time has, too.
func Perfetto(w io.Writer, s Source) error {
	p := newPerfetto(w)
	p.begin(s.Ops)
	err := s.Ops.Executions(s.Trace, analyze.Visitor{
		Invoke: p.invoke,
		Gap:    p.gap,
		Marker: p.marker,
		Loss:   func(l analyze.Loss) error { return p.instant(p.recording, l.ToNS, lossText(l)) },
		Exit: func(e analyze.Exit) error {
			return p.instant(p.process(e.Process.PID, e.Process.Name), e.NS, exitText(e))
		},
	})
	if err != nil {
		return err
	}
	return p.end(s.Ops)
}

// perfetto writes packets, until the first error. Everything that has a name is described once, before it is used.
type perfetto struct {
	w   *bufio.Writer
	err error

	uuid      uint64 // of the latest track
	recording uint64 // track of what concerns all threads
	processes map[int32]uint64
	marked    map[markedKey]uint64 // tracks of numbers that the app marks
	threads   map[*analyze.Thread]*perfettoThread
	cores     map[uint64]uint64
	ops       map[*analyze.Op]*perfettoOp
	names     map[string]uint64 // of events
	texts     map[string]uint64 // values of annotations
	notes     map[string]uint64 // names of annotations
	flow      uint64            // latest
	lastNS    uint64

	packet, event, inner message // reused
	paid                 []named[int64]
	ends                 endings
}

type perfettoThread struct {
	track, live, grown uint64 // of slices; and of counters, 0 while there is nothing to count
	resident           int64  // bytes by which its ops let memory grow
}

// perfettoOp is what is the same for all slices of an op.
type perfettoOp struct {
	category uint64
	name     uint64
	about    message // annotations
}

// The categories of slices, by their interned ids.
const (
	invokeCategory = iota + 1
	opCategory
	operatorCategory
)

var perfettoCategories = []string{invokeCategory: "invoke", opCategory: "op", operatorCategory: "operator"}

// Tracks' numbers begin here, so that they are others than those of traces that this one is put together with.
const firstTrack = 0x65646765_00000000 // "edge"

// The sequence of all packets; any number does but 0.
const perfettoSequence = 1

func newPerfetto(w io.Writer) *perfetto {
	return &perfetto{
		w:         bufio.NewWriterSize(w, 1<<16),
		uuid:      firstTrack,
		processes: make(map[int32]uint64),
		marked:    make(map[markedKey]uint64),
		threads:   make(map[*analyze.Thread]*perfettoThread),
		cores:     make(map[uint64]uint64),
		ops:       make(map[*analyze.Op]*perfettoOp),
		names:     make(map[string]uint64),
		texts:     make(map[string]uint64),
		notes:     make(map[string]uint64),
	}
}

// write writes a packet with these fields.
func (p *perfetto) write(fields message) {
	p.packet = p.packet[:0].number(packetSequence, perfettoSequence).append(fields)
	if p.err == nil {
		_, p.err = p.w.Write(protowire.AppendTag(p.w.AvailableBuffer(), tracePacket, protowire.BytesType))
	}
	if p.err == nil {
		_, p.err = p.w.Write(protowire.AppendVarint(p.w.AvailableBuffer(), uint64(len(p.packet))))
	}
	if p.err == nil {
		_, p.err = p.w.Write(p.packet)
	}
}

// emit writes an event at a time. What goes with it has been described before.
func (p *perfetto) emit(ns uint64, event message) {
	p.inner = p.inner[:0].number(packetTimestamp, ns).number(packetSequenceFlags, sequenceNeedsCleared).message(packetTrackEvent, event)
	p.write(p.inner)
	p.lastNS = max(p.lastNS, ns)
}

func (p *perfetto) begin(ops *analyze.OpsResult) {
	clock := func(id, ns uint64) message { return message(nil).number(clockID, id).number(clockTimestamp, ns) }
	snapshot := message(nil).
		message(snapshotClocks, clock(clockMonotonic, ops.Recording.StartNS)).
		message(snapshotClocks, clock(clockRealtime, uint64(ops.Recording.StartUnixNS))).
		number(snapshotPrimary, clockMonotonic)
	p.write(message(nil).number(packetFirst, 1).
		number(packetSequenceFlags, sequenceCleared).
		message(packetDefaults, message(nil).number(defaultsClock, clockMonotonic)).
		number(packetTimestamp, ops.Recording.StartNS).
		message(packetClockSnapshot, snapshot))
	for id, name := range perfettoCategories {
		if name != "" {
			p.intern(internedCategories, uint64(id), name)
		}
	}
	p.recording = p.track(message(nil).text(descriptorName, "edgexray recording"))
	p.instant(p.recording, ops.Recording.StartNS, printable(fmt.Sprintf("recorded by %s on Linux %s (%s): %s",
		ops.Recording.Recorder, ops.Recording.Linux, ops.Recording.Architecture, strings.Join(ops.Recording.CommandLine, " "))))
}

// end says what isn't in the trace.
func (p *perfetto) end(ops *analyze.OpsResult) error {
	for _, text := range missing(ops) {
		p.instant(p.recording, p.lastNS, text)
	}
	if p.err == nil {
		p.err = p.w.Flush()
	}
	return p.err
}

// intern gives a text a number in one of InternedData's lists.
func (p *perfetto) intern(list protowire.Number, id uint64, text string) {
	entry := message(nil).number(internedID, id).text(internedValue, text)
	p.write(message(nil).number(packetSequenceFlags, sequenceNeedsCleared).message(packetInterned, message(nil).message(list, entry)))
}

// id returns the number of a text, from 1 on.
func (p *perfetto) id(list protowire.Number, known map[string]uint64, text string) uint64 {
	id := known[text]
	if id == 0 {
		id = uint64(len(known) + 1)
		known[text] = id
		p.intern(list, id, text)
	}
	return id
}

// track describes a track and returns its number.
func (p *perfetto) track(descriptor message) uint64 {
	p.uuid++
	p.write(message(nil).message(packetDescriptor, message(nil).number(descriptorUUID, p.uuid).append(descriptor)))
	return p.uuid
}

func (p *perfetto) process(pid int32, name string) uint64 {
	if p.processes[pid] == 0 {
		process := message(nil).number(processPID, uint64(pid)).text(processName, printable(name))
		p.processes[pid] = p.track(message(nil).message(descriptorProcess, process))
	}
	return p.processes[pid]
}

func (p *perfetto) thread(t *analyze.Thread) *perfettoThread {
	known := p.threads[t]
	if known == nil {
		process := p.process(t.PID, t.Process)
		thread := message(nil).number(threadPID, uint64(t.PID)).number(threadTID, uint64(t.TID)).text(threadName, printable(t.Name))
		known = &perfettoThread{track: p.track(message(nil).number(descriptorParent, process).message(descriptorThread, thread))}
		p.threads[t] = known
	}
	return known
}

func (p *perfetto) op(op *analyze.Op) *perfettoOp {
	known := p.ops[op]
	if known == nil {
		known = &perfettoOp{category: opCategory, name: p.id(internedEventNames, p.names, opName(op))}
		if op.Mapping != "" {
			known.category = operatorCategory
		}
		for _, a := range about(op) {
			annotation := message(nil).number(annotationName, p.id(internedAnnotations, p.notes, a.name)).
				number(annotationText, p.id(internedTexts, p.texts, a.value))
			known.about = known.about.message(eventAnnotations, annotation)
		}
		p.ops[op] = known
	}
	return known
}
