package traceexport

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
)

// Chrome writes a trace in the Trace Event Format, for chrome://tracing, speedscope and many others. Its times are us since the
// recording began.
//
// Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
func Chrome(w io.Writer, s Source) error {
	c := &chrome{
		w:         bufio.NewWriterSize(w, 1<<16),
		startNS:   s.Ops.Recording.StartNS,
		processes: make(map[int32]bool),
		threads:   make(map[*analyze.Thread]*chromeThread),
		ops:       make(map[*analyze.Op]*chromeOp),
	}
	c.begin(s.Ops)
	err := s.Ops.Executions(s.Trace, analyze.Visitor{
		Invoke: c.invoke,
		Gap: func(g *trace.Gap) error {
			c.slice(chromeEvent{tid: gapThread, category: "recording", name: quote(gapText)}, g.StartNs, g.EndNs)
			return c.err
		},
		Loss:   func(l analyze.Loss) error { return c.instant(0, l.ToNS, lossText(l)) },
		Marker: c.marker,
		Exit: func(e analyze.Exit) error {
			c.process(e.Process.PID, e.Process.Name)
			return c.instant(e.Process.PID, e.NS, exitText(e))
		},
	})
	if err != nil {
		return err
	}
	return c.end(s.Ops)
}

// gapThread is the thread of process 0, which stands for the recording, that gaps are on; ops of threads that aren't known are on 0.
const gapThread = 1

// chrome writes events, until the first error.
type chrome struct {
	w   *bufio.Writer
	err error

	processes map[int32]bool
	threads   map[*analyze.Thread]*chromeThread
	ops       map[*analyze.Op]*chromeOp
	startNS   uint64 // of the recording
	lastNS    uint64

	line, args []byte // reused
	paid       []named[int64]
}

type chromeThread struct {
	live, grown string // names of its counters
	counts      bool   // live tensors
	resident    int64  // bytes by which its ops let memory grow
}

// chromeOp is what is the same for all executions of an op, as JSON.
type chromeOp struct {
	category, name string
	about          []byte // members of args, each after a comma
}

// chromeEvent is what an event has beside its times.
type chromeEvent struct {
	pid, tid int32
	category string
	name     string // as JSON
	args     []byte // members, each after a comma
}

func (c *chrome) begin(ops *analyze.OpsResult) {
	r := &ops.Recording
	_, c.err = fmt.Fprintf(c.w, `{"displayTimeUnit":"ns","otherData":{"recorder":%s,"linux":%s,"architecture":%s,"start_ns":%d,"start_unix_ns":%d},"traceEvents":[`+"\n",
		quote(printable(r.Recorder)), quote(printable(r.Linux)), quote(printable(r.Architecture)), r.StartNS, r.StartUnixNS)
	if c.err == nil { // the first event; the others come after a comma
		_, c.err = c.w.WriteString(`{"ph":"M","pid":0,"name":"process_name","args":{"name":"edgexray recording"}}`)
	}
}

// end says what isn't in the trace, and completes the JSON.
func (c *chrome) end(ops *analyze.OpsResult) error {
	for _, text := range missing(ops) {
		c.instant(0, c.lastNS, text)
	}
	if c.err == nil {
		_, c.err = c.w.WriteString("\n]}\n")
	}
	if c.err == nil {
		c.err = c.w.Flush()
	}
	return c.err
}

func (c *chrome) invoke(inv *analyze.Invoke) error {
	t := c.thread(inv.Thread)
	pid, tid := inv.Thread.PID, inv.Thread.TID
	if inv.Number != 0 {
		args := fmt.Appendf(nil, `,"invoke":%d,"interpreter":%d`, inv.Number, inv.Interpreter)
		c.slice(chromeEvent{pid, tid, "invoke", quote(invokeName(inv)), args}, inv.StartNS, inv.EndNS)
	}
	for i := range inv.Executions {
		e := &inv.Executions[i]
		op := c.op(e.Op)
		c.args = append(c.args[:0], op.about...)
		c.paid = paid(c.paid[:0], e)
		for _, n := range c.paid {
			c.args = append(append(append(c.args, `,"`...), n.name...), `":`...)
			c.args = strconv.AppendInt(c.args, n.value, 10)
		}
		c.slice(chromeEvent{pid, tid, op.category, op.name, c.args}, e.StartNS, e.StartNS+e.DurationNS)
		c.count(t, pid, e)
	}
	if inv.Number != 0 && t.counts {
		c.counter(pid, t.live, inv.EndNS, "bytes", 0)
	}
	return c.err
}

// count writes what changed with an op, as the Perfetto trace has it.
func (c *chrome) count(t *chromeThread, pid int32, e *analyze.Execution) {
	end := e.StartNS + e.DurationNS
	if m := e.Op.Memory; m != nil && m.Live != nil {
		t.counts = true
		c.counter(pid, t.live, e.StartNS, "bytes", int64(*m.Live))
	}
	if e.Depth == 0 && e.Paid.Resident != 0 {
		t.resident += e.Paid.Resident
		c.counter(pid, t.grown, end, "bytes", t.resident)
	}
	if e.Paid.KHz != 0 {
		c.counter(0, fmt.Sprintf("core %d frequency", e.Paid.Core), end, "kHz", int64(e.Paid.KHz))
	}
}

func (c *chrome) process(pid int32, name string) {
	if !c.processes[pid] {
		c.processes[pid] = true
		c.write(fmt.Appendf(nil, `{"ph":"M","pid":%d,"name":"process_name","args":{"name":%s}}`, pid, quote(printable(name))))
	}
}

func (c *chrome) thread(t *analyze.Thread) *chromeThread {
	known := c.threads[t]
	if known == nil {
		c.process(t.PID, t.Process)
		c.write(fmt.Appendf(nil, `{"ph":"M","pid":%d,"tid":%d,"name":"thread_name","args":{"name":%s}}`, t.PID, t.TID, quote(printable(t.Name))))
		known = &chromeThread{live: fmt.Sprintf("live tensors, thread %d", t.TID), grown: fmt.Sprintf("resident memory, grown during ops, thread %d", t.TID)}
		c.threads[t] = known
	}
	return known
}

func (c *chrome) op(op *analyze.Op) *chromeOp {
	known := c.ops[op]
	if known == nil {
		known = &chromeOp{category: "op", name: quote(opName(op))}
		if op.Mapping != "" {
			known.category = "operator"
		}
		for _, a := range about(op) {
			known.about = fmt.Appendf(known.about, `,%q:%s`, a.name, quote(a.value))
		}
		c.ops[op] = known
	}
	return known
}

// write writes an event after the others.
func (c *chrome) write(event []byte) {
	if c.err == nil {
		_, c.err = c.w.WriteString(",\n")
	}
	if c.err == nil {
		_, c.err = c.w.Write(event)
	}
}

// slice writes an event that lasts. The outer one of two comes first, as viewers leave those of the same time as they are.
func (c *chrome) slice(e chromeEvent, start, end uint64) {
	b := append(c.appendPlace(c.line[:0], "X", e.pid, e.tid, start), `,"dur":`...)
	b = append(appendTicks(b, c.ticks(end)-min(c.ticks(start), c.ticks(end))), `,"cat":"`...)
	b = append(append(b, e.category...), `","name":`...)
	b = append(append(b, e.name...), `,"args":{`...)
	if len(e.args) > 0 {
		b = append(b, e.args[1:]...)
	}
	c.line = append(b, "}}"...)
	c.write(c.line)
	c.lastNS = max(c.lastNS, end)
}

// appendPlace begins an event with what it is, where it belongs and when it was.
func (c *chrome) appendPlace(b []byte, phase string, pid, tid int32, ns uint64) []byte {
	b = append(append(append(b, `{"ph":"`...), phase...), `","pid":`...)
	b = strconv.AppendInt(b, int64(pid), 10)
	b = strconv.AppendInt(append(b, `,"tid":`...), int64(tid), 10)
	return appendTicks(append(b, `,"ts":`...), c.ticks(ns))
}

// Viewers add up a time and how long something lasted as floating-point numbers, and then look what is within what. In decimal us
// the sums would be off by a hair: an op could end after what is around it. So times are in ticks of 1/2048 us, which add
// up exactly; they are within 0.25 ns, so that times and durations round to the ns that they were.
const (
	tickBits     = 11
	tickDecimals = 48828125 // in units of 1e-11: 1/2048 is 0.00048828125
	mostNS       = 1 << 52  // 52 days, which is no overflow either
)

// ticks returns a time since the recording began.
func (c *chrome) ticks(ns uint64) uint64 {
	since := min(ns-min(c.startNS, ns), mostNS)
	return (since<<tickBits + 500) / 1000
}

func appendTicks(b []byte, ticks uint64) []byte {
	b = strconv.AppendUint(b, ticks>>tickBits, 10)
	if fraction := ticks & (1<<tickBits - 1); fraction != 0 {
		b = append(b, '.')
		for rest, place := fraction*tickDecimals, uint64(1e10); rest != 0; place /= 10 {
			b = append(b, byte('0'+rest/place))
			rest %= place
		}
	}
	return b
}

func (c *chrome) counter(pid int32, name string, ns uint64, unit string, value int64) {
	b := c.appendPlace(c.line[:0], "C", pid, 0, ns)
	b = append(append(append(b, `,"name":"`...), name...), `","args":{"`...)
	b = append(append(b, unit...), `":`...)
	c.line = append(strconv.AppendInt(b, value, 10), "}}"...)
	c.write(c.line)
}

// instant marks a moment for all threads to see.
func (c *chrome) instant(pid int32, ns uint64, text string) error {
	b := c.appendPlace(c.line[:0], "i", pid, 0, ns)
	c.line = append(append(append(b, `,"s":"g","name":`...), quote(text)...), '}')
	c.write(c.line)
	return c.err
}

// marker marks a moment of a thread, or counts a number.
func (c *chrome) marker(m *trace.Marker, t *analyze.Thread) error {
	c.thread(t)
	if value, ok := counted(m); ok {
		b := c.appendPlace(c.line[:0], "C", t.PID, 0, m.TimeNs)
		b = append(append(append(b, `,"name":`...), quote(printable(m.Key))...), `,"args":{"value":`...)
		c.line = append(strconv.AppendFloat(b, value, 'g', -1, 64), "}}"...)
	} else {
		b := c.appendPlace(c.line[:0], "i", t.PID, t.TID, m.TimeNs)
		c.line = append(append(append(b, `,"s":"t","cat":"marker","name":`...), quote(markerText(m))...), '}')
	}
	c.write(c.line)
	return c.err
}

// quote returns the text as JSON.
func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always can be
	}
	return string(b)
}
