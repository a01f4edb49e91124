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
			return c.complete(chromeEvent{category: "recording", name: quote(gapText)}, g.StartNs, g.EndNs-min(g.StartNs, g.EndNs))
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
}

type chromeThread struct {
	live, grown string // names of its counters
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
	other, err := json.Marshal(map[string]string{
		"recorder": ops.Recording.Recorder, "linux": ops.Recording.Linux, "architecture": ops.Recording.Architecture,
		"hostname": ops.Recording.Hostname, "start_unix_ns": strconv.FormatInt(ops.Recording.StartUnixNS, 10),
		"start_ns": strconv.FormatUint(ops.Recording.StartNS, 10), "clock": "CLOCK_MONOTONIC"})
	if err != nil {
		c.err = err
		return
	}
	_, c.err = fmt.Fprintf(c.w, `{"displayTimeUnit":"ns","otherData":%s,"traceEvents":[`+"\n"+`{"ph":"M","pid":0,"name":"process_name","args":{"name":"edgexray recording"}}`, other)
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
	if inv.Number != 0 {
		args := fmt.Appendf(nil, `,"invoke":%d,"interpreter":%d`, inv.Number, inv.Interpreter)
		c.complete(chromeEvent{inv.Thread.PID, inv.Thread.TID, "invoke", quote(invokeName(inv)), args}, inv.StartNS, inv.EndNS-min(inv.StartNS, inv.EndNS))
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
		c.complete(chromeEvent{inv.Thread.PID, inv.Thread.TID, op.category, op.name, c.args}, e.StartNS, e.DurationNS)
		c.count(t, inv.Thread.PID, e)
	}
	return c.err
}

// count writes what changed with an op, as the Perfetto trace has it.
func (c *chrome) count(t *chromeThread, pid int32, e *analyze.Execution) {
	end := e.StartNS + e.DurationNS
	if m := e.Op.Memory; m != nil && m.Live != nil {
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

// complete writes an event that lasts.
func (c *chrome) complete(e chromeEvent, ns, duration uint64) error {
	b := append(c.line[:0], `{"ph":"X","pid":`...)
	b = strconv.AppendInt(b, int64(e.pid), 10)
	b = append(b, `,"tid":`...)
	b = strconv.AppendInt(b, int64(e.tid), 10)
	b = micros(append(b, `,"ts":`...), ns)
	b = append(b, `,"dur":`...)
	b = micros(b, duration)
	b = append(append(append(b, `,"cat":"`...), e.category...), `","name":`...)
	b = append(append(b, e.name...), `,"args":{`...)
	if len(e.args) > 0 {
		b = append(b, e.args[1:]...)
	}
	c.line = append(b, "}}"...)
	c.write(c.line)
	c.lastNS = max(c.lastNS, ns+duration)
	return c.err
}

func (c *chrome) counter(pid int32, name string, ns uint64, unit string, value int64) {
	b := append(c.line[:0], `{"ph":"C","pid":`...)
	b = strconv.AppendInt(b, int64(pid), 10)
	b = micros(append(b, `,"ts":`...), ns)
	b = append(append(append(b, `,"name":"`...), name...), `","args":{"`...)
	b = append(append(b, unit...), `":`...)
	b = strconv.AppendInt(b, value, 10)
	c.line = append(b, "}}"...)
	c.write(c.line)
}

// instant marks a moment for all threads to see.
func (c *chrome) instant(pid int32, ns uint64, text string) error {
	b := fmt.Appendf(c.line[:0], `{"ph":"i","s":"g","pid":%d,"tid":0,"name":%s,"ts":`, pid, quote(text))
	c.line = append(micros(b, ns), '}')
	c.write(c.line)
	return c.err
}

// micros appends ns as us.
func micros(b []byte, ns uint64) []byte {
	b = append(strconv.AppendUint(b, ns/1000, 10), '.')
	return append(b, byte('0'+ns/100%10), byte('0'+ns/10%10), byte('0'+ns%10))
}

// quote returns the text as JSON.
func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always can be
	}
	return string(b)
}
