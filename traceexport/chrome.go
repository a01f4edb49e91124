package traceexport

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

// Chrome writes a trace in the Trace Event Format, for chrome://tracing, speedscope and many others. Its times are us of
// CLOCK_MONOTONIC, with three decimals.
//
// Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
func Chrome(w io.Writer, s Source) error {
	c := &chrome{
		w:         bufio.NewWriterSize(w, 1<<16),
		processes: make(map[int32]bool),
		threads:   make(map[*analyze.Thread]*chromeThread),
		ops:       make(map[*analyze.Op]*chromeOp),
	}
	c.begin(s.Ops)
	err := s.Ops.Executions(s.Trace, analyze.Visitor{
		Invoke: c.invoke,
		Gap: func(g *trace.Gap) error {
			c.open(chromeEvent{tid: gapThread, category: "recording", name: quote(gapText)}, g.StartNs)
			c.close(0, gapThread, quote(gapText), g.EndNs)
			return c.err
		},
		Loss: func(l analyze.Loss) error { return c.instant(0, l.ToNS, lossText(l)) },
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
	lastNS    uint64

	line, args []byte // reused
	paid       []named[int64]
	ends       endings
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
	_, c.err = fmt.Fprintf(c.w, `{"displayTimeUnit":"ns","otherData":{"recorder":%s,"linux":%s,"architecture":%s,"clock":"CLOCK_MONOTONIC","start_ns":%d,"start_unix_ns":%d},"traceEvents":[`+"\n",
		quote(report.Printable(r.Recorder)), quote(report.Printable(r.Linux)), quote(report.Printable(r.Architecture)), r.StartNS, r.StartUnixNS)
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
	var name string
	if inv.Number != 0 {
		name = quote(invokeName(inv))
		args := fmt.Appendf(nil, `,"invoke":%d,"interpreter":%d`, inv.Number, inv.Interpreter)
		c.open(chromeEvent{pid, tid, "invoke", name, args}, inv.StartNS)
	}
	end := func(open ending) { c.close(pid, tid, open.name, open.ns) }
	for i := range inv.Executions {
		e := &inv.Executions[i]
		op := c.op(e.Op)
		c.args = append(c.args[:0], op.about...)
		c.paid = paid(c.paid[:0], e)
		for _, n := range c.paid {
			c.args = append(append(append(c.args, `,"`...), n.name...), `":`...)
			c.args = strconv.AppendInt(c.args, n.value, 10)
		}
		c.ends.close(e.Depth, end)
		c.open(chromeEvent{pid, tid, op.category, op.name, c.args}, e.StartNS)
		c.ends.open(e, op.name)
		c.count(t, pid, e)
	}
	c.ends.close(0, end)
	if inv.Number != 0 {
		c.close(pid, tid, name, inv.EndNS)
		if t.counts {
			c.counter(pid, t.live, inv.EndNS, "bytes", 0)
		}
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
		c.write(fmt.Appendf(nil, `{"ph":"M","pid":%d,"name":"process_name","args":{"name":%s}}`, pid, quote(report.Printable(name))))
	}
}

func (c *chrome) thread(t *analyze.Thread) *chromeThread {
	known := c.threads[t]
	if known == nil {
		c.process(t.PID, t.Process)
		c.write(fmt.Appendf(nil, `{"ph":"M","pid":%d,"tid":%d,"name":"thread_name","args":{"name":%s}}`, t.PID, t.TID, quote(report.Printable(t.Name))))
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

// open begins a slice, which close ends. Events that say how long they last would save that, but readers add up times in
// floating point: what ends together would not do so any more, and not be within each other.
func (c *chrome) open(e chromeEvent, ns uint64) {
	b := append(c.line[:0], `{"ph":"B",`...)
	b = append(append(appendPlace(b, e.pid, e.tid, ns), `,"cat":"`...), e.category...)
	b = append(append(b, `","name":`...), e.name...)
	b = append(b, `,"args":{`...)
	if len(e.args) > 0 {
		b = append(b, e.args[1:]...)
	}
	c.line = append(b, "}}"...)
	c.write(c.line)
}

func (c *chrome) close(pid, tid int32, name string, ns uint64) {
	b := appendPlace(append(c.line[:0], `{"ph":"E",`...), pid, tid, ns)
	c.line = append(append(append(b, `,"name":`...), name...), '}')
	c.write(c.line)
	c.lastNS = max(c.lastNS, ns)
}

// appendPlace appends where an event belongs and when it was, in us.
func appendPlace(b []byte, pid, tid int32, ns uint64) []byte {
	b = strconv.AppendInt(append(b, `"pid":`...), int64(pid), 10)
	b = strconv.AppendInt(append(b, `,"tid":`...), int64(tid), 10)
	b = strconv.AppendUint(append(b, `,"ts":`...), ns/1000, 10)
	return append(b, '.', byte('0'+ns/100%10), byte('0'+ns/10%10), byte('0'+ns%10))
}

func (c *chrome) counter(pid int32, name string, ns uint64, unit string, value int64) {
	b := appendPlace(append(c.line[:0], `{"ph":"C",`...), pid, 0, ns)
	b = append(append(append(b, `,"name":"`...), name...), `","args":{"`...)
	b = append(append(b, unit...), `":`...)
	c.line = append(strconv.AppendInt(b, value, 10), "}}"...)
	c.write(c.line)
}

// instant marks a moment for all threads to see.
func (c *chrome) instant(pid int32, ns uint64, text string) error {
	b := appendPlace(append(c.line[:0], `{"ph":"i","s":"g",`...), pid, 0, ns)
	c.line = append(append(append(b, `,"name":`...), quote(text)...), '}')
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
