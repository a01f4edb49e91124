package traceexport

import (
	"fmt"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
)

// invoke writes an invoke as a slice around those of its ops, which a flow leads through. Perfetto sorts events by their
// times and leaves those of the same time as they are in the file: so what is around others begins before and ends after.
func (p *perfetto) invoke(inv *analyze.Invoke) error {
	t := p.thread(inv.Thread)
	whole := inv.Number != 0
	if whole {
		p.flow++
		p.beginInvoke(t.track, inv)
	}
	end := func(ns uint64) { p.close(t, ns) }
	last := lastOutermost(inv.Executions)
	for i := range inv.Executions {
		e := &inv.Executions[i]
		p.ends.close(e.Depth, end)
		switch event := p.slice(t, e); {
		case !whole || e.Depth != 0:
			p.emit(e.StartNS, event)
		case i == last:
			p.emit(e.StartNS, event.fixed(eventLastFlows, p.flow))
		default:
			p.emit(e.StartNS, event.fixed(eventFlows, p.flow))
		}
		p.ends.open(e)
		p.count(t, e)
	}
	p.ends.close(0, end)
	if whole {
		p.close(t, inv.EndNS)
		if t.live != 0 {
			p.counter(t.live, inv.EndNS, 0)
		}
	}
	return p.err
}

func lastOutermost(executions []analyze.Execution) int {
	for i := len(executions) - 1; i >= 0; i-- {
		if executions[i].Depth == 0 {
			return i
		}
	}
	return -1
}

// beginInvoke begins the slice of an invoke.
func (p *perfetto) beginInvoke(track uint64, inv *analyze.Invoke) {
	name := p.id(internedEventNames, p.names, invokeName(inv))
	event := message(nil).number(eventType, typeBegin).number(eventTrack, track).
		number(eventCategory, invokeCategory).number(eventName, name).fixed(eventFlows, p.flow)
	for _, n := range [...]named[int64]{{"invoke", int64(inv.Number)}, {"interpreter", int64(inv.Interpreter)}} {
		event = p.annotate(event, n)
	}
	p.emit(inv.StartNS, event)
}

// slice returns the event that begins the slice of an execution. It is valid until the next one.
func (p *perfetto) slice(t *perfettoThread, e *analyze.Execution) message {
	op := p.op(e.Op)
	event := p.event[:0].number(eventType, typeBegin).number(eventTrack, t.track).
		number(eventCategory, op.category).number(eventName, op.name).append(op.about)
	p.paid = paid(p.paid[:0], e)
	for _, n := range p.paid {
		event = p.annotate(event, n)
	}
	p.event = event
	return event
}

func (p *perfetto) annotate(event message, n named[int64]) message {
	name := p.id(internedAnnotations, p.notes, n.name)
	p.inner = p.inner[:0].number(annotationName, name).number(annotationInt, uint64(n.value))
	return event.message(eventAnnotations, p.inner)
}

func (p *perfetto) close(t *perfettoThread, ns uint64) {
	p.emit(ns, p.event[:0].number(eventType, typeEnd).number(eventTrack, t.track))
}

// count writes what changed with an op: the memory of tensors, as counted while its node ran; that of the process; and
// the frequency of its core.
func (p *perfetto) count(t *perfettoThread, e *analyze.Execution) {
	if m := e.Op.Memory; m != nil && m.Live != nil {
		if t.live == 0 {
			t.live = p.counterTrack(t.track, "live tensors", message(nil).number(counterUnit, unitBytes))
		}
		p.counter(t.live, e.StartNS, int64(*m.Live))
	}
	if e.Depth == 0 && e.Paid.Resident != 0 {
		if t.grown == 0 {
			t.grown = p.counterTrack(t.track, "resident memory, grown during ops", message(nil).number(counterUnit, unitBytes))
		}
		t.resident += e.Paid.Resident
		p.counter(t.grown, e.StartNS+e.DurationNS, t.resident)
	}
	if e.Paid.KHz != 0 {
		p.counter(p.core(e.Paid.Core), e.StartNS+e.DurationNS, int64(e.Paid.KHz))
	}
}

func (p *perfetto) core(core uint64) uint64 {
	if p.cores[core] == 0 {
		p.cores[core] = p.counterTrack(p.recording, fmt.Sprintf("core %d frequency", core), message(nil).text(counterUnitName, "kHz"))
	}
	return p.cores[core]
}

func (p *perfetto) counterTrack(parent uint64, name string, unit message) uint64 {
	return p.track(message(nil).number(descriptorParent, parent).text(descriptorName, name).message(descriptorCounter, unit))
}

func (p *perfetto) counter(track, ns uint64, value int64) {
	p.emit(ns, p.event[:0].number(eventType, typeCounter).number(eventTrack, track).number(eventCounter, uint64(value)))
}

// instant marks a moment.
func (p *perfetto) instant(track, ns uint64, text string) error {
	p.emit(ns, p.event[:0].number(eventType, typeInstant).number(eventTrack, track).text(eventText, text))
	return p.err
}

// gap writes a time in which nothing was recorded as a slice.
func (p *perfetto) gap(g *trace.Gap) error {
	p.emit(g.StartNs, p.event[:0].number(eventType, typeBegin).number(eventTrack, p.recording).text(eventText, gapText))
	p.emit(g.EndNs, p.event[:0].number(eventType, typeEnd).number(eventTrack, p.recording))
	return p.err
}
