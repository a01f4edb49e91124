package analyze

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/trace"
)

// counted is what executions add up to.
type counted struct {
	executions, wall, self, inferred uint64
	invokes, partial                 uint64
}

// checkExecutions checks that executions add up to what Ops sums up, and are in order.
func checkExecutions(t testing.TB, r *trace.Reader, result *OpsResult) {
	t.Helper()
	ops := make(map[*Op]counted)
	models := make(map[*Model]counted)
	latest := make(map[*Thread]uint64)
	err := result.Executions(r, Visitor{Invoke: func(inv *Invoke) error {
		if len(inv.Executions) == 0 || inv.Thread == nil || (inv.Model == nil) != (inv.Number == 0) {
			t.Errorf("invoke %+v", inv)
		}
		if inv.Model != nil && inv.Subgraph == inv.Model.Ops[0].Subgraph {
			m := models[inv.Model]
			m.invokes++
			if inv.Number != int(m.invokes) {
				t.Errorf("invoke %d of %s comes after %d", inv.Number, inv.Model.Name, m.invokes-1)
			}
			if inv.Partial {
				m.partial++
			}
			models[inv.Model] = m
		}
		for _, e := range inv.Executions {
			c := ops[e.Op]
			c.executions++
			c.wall += e.DurationNS
			c.self += e.SelfNS
			if e.EndInferred {
				c.inferred++
			}
			ops[e.Op] = c
			if e.StartNS < latest[inv.Thread] {
				t.Errorf("%s begins at %d, before the one before it in the order, at %d", e.Op.Op, e.StartNS, latest[inv.Thread])
			}
			latest[inv.Thread] = e.StartNS
		}
		return nil
	}})
	if result.Recording.AggregateError != 0 {
		if !errors.Is(err, ErrSummedUp) {
			t.Errorf("executions of sums: %v", err)
		}
		return
	}
	if err != nil {
		t.Error(err)
	}
	for _, m := range result.Models {
		if got, want := models[m], (counted{invokes: m.Invokes, partial: m.InvokesPartial}); got != want {
			t.Errorf("%s: %+v, want %+v", m.Name, got, want)
		}
		for _, op := range m.Ops {
			if got, want := ops[op], (counted{executions: op.Count, wall: op.Wall.Sum, self: op.SelfNS, inferred: op.EndsInferred}); got != want {
				t.Errorf("node %d %s: %+v, want %+v", op.Node, op.Op, got, want)
			}
		}
	}
}

// visited writes down what Executions visits.
func visited(t *testing.T, file []byte, spillAt int) string {
	t.Helper()
	r := open(t, file)
	result, err := Ops(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	p := newReplay(result, Visitor{
		Invoke: func(inv *Invoke) error {
			fmt.Fprintf(&b, "%d/%d", inv.Number, inv.Thread.TID)
			if inv.Partial {
				b.WriteString(" partial")
			}
			for _, e := range inv.Executions {
				fmt.Fprintf(&b, " %s%d", strings.Repeat(">", e.Depth), e.Op.Node)
			}
			b.WriteByte('\n')
			return nil
		},
		Gap: func(g *trace.Gap) error { fmt.Fprintf(&b, "gap %d-%d\n", g.StartNs, g.EndNs); return nil },
		Loss: func(l Loss) error {
			fmt.Fprintf(&b, "lost %d %s %d-%d\n", l.Count, l.Cause, l.FromNS, l.ToNS)
			return nil
		},
		Exit: func(e Exit) error { fmt.Fprintf(&b, "exit %d at %d\n", e.Process.PID, e.NS); return nil },
	})
	p.spillAt = spillAt
	if err := r.Rewind(); err != nil {
		t.Fatal(err)
	}
	for r.Next() {
		if err := p.add(r.Block()); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.interrupt(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestExecutions(t *testing.T) {
	nested := func(tr *tracer, node uint32, start, duration uint64, depth uint32) {
		if err := tr.w.AddOp(trace.Op{Thread: 1, Node: node, Start: start, Duration: duration, Depth: depth}); err != nil {
			t.Fatal(err)
		}
	}
	cases := []struct {
		name    string
		spillAt int
		add     func(*tracer)
		want    []string
	}{
		{"begins in the middle", maxWaiting, func(tr *tracer) { tr.run(1, 2, 3, 1, 2, 3, 1, 2, 3, 1) },
			[]string{"1/9 partial 1 2", "2/9 0 1 2", "3/9 0 1 2", "4/9 partial 0"}},
		{"nested", maxWaiting, func(tr *tracer) {
			tr.run(1, 1)
			nested(tr, 2, 2000, 10, 2)
			nested(tr, 2, 2010, 10, 2)
			nested(tr, 3, 2000, 100, 1)
			nested(tr, 2, 2000, 200, 0)
			tr.now = 3000
			tr.run(1, 1)
		}, []string{"1/9 0 1 >2 >>1 >>1", "2/9 partial 0"}},
		{"nested, the outermost lost", maxWaiting, func(tr *tracer) {
			nested(tr, 2, 2000, 10, 2)
			nested(tr, 3, 2000, 100, 1)
			tr.now = 3000
			tr.run(1, 1, 2, 3)
			nested(tr, 2, 5000, 10, 1)
		}, []string{"1/9 >2 >>1 0 1 2 >1"}},
		{"only nested", maxWaiting, func(tr *tracer) { nested(tr, 2, 2000, 10, 1) }, []string{"0/9 >1"}},
		{"more than can wait", 3, func(tr *tracer) {
			for i := range uint64(4) {
				nested(tr, 2, 2000+10*i, 10, 1)
			}
			nested(tr, 1, 2000, 200, 0)
		}, []string{"0/9 >1 >1 >1 >1", "1/9 0"}},
		{"a gap", maxWaiting, func(tr *tracer) {
			tr.run(1, 1, 2)
			if err := tr.w.Flush(tr.now); err != nil {
				t.Fatal(err)
			}
			tr.describe(&trace.Gap{StartNs: tr.now, EndNs: tr.now + 500})
			tr.now += 500
			tr.run(1, 1, 2)
		}, []string{"1/9 0 1", "gap 1220-1720", "2/9 0 1"}},
		{"losses", maxWaiting, func(tr *tracer) {
			tr.w.SetLosses([]*trace.Loss{{Cause: "ring full", Count: 2}})
			if err := tr.w.Flush(2000); err != nil {
				t.Fatal(err)
			}
			tr.w.SetLosses([]*trace.Loss{{Cause: "ring full", Count: 5}})
			if err := tr.w.Flush(3000); err != nil {
				t.Fatal(err)
			}
		}, []string{"lost 2 ring full 0-2000", "lost 3 ring full 2000-3000"}},
		{"a process that ended", maxWaiting, func(tr *tracer) {
			tr.run(1, 1)
			tr.describe(&trace.Process{Id: 1, Pid: 7, Exited: true})
			if err := tr.w.Flush(2000); err != nil {
				t.Fatal(err)
			}
		}, []string{"exit 7 at 2000", "1/9 0"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tr := newTracer(t)
			tr.describe(&trace.Thread{Id: 1, Process: 1, Tid: 9})
			tr.chain(1, 1, 3)
			c.add(tr)
			tr.ops() // ends the trace, and checks the sums
			got := strings.Split(strings.TrimSuffix(visited(t, tr.file.Bytes(), c.spillAt), "\n"), "\n")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An error of the visitor ends the visit at once.
func TestExecutionsStop(t *testing.T) {
	r := open(t, sample(t))
	result, err := Ops(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	full, calls := errors.New("disk full"), 0
	err = result.Executions(r, Visitor{Invoke: func(*Invoke) error { calls++; return full }})
	if !errors.Is(err, full) || calls != 1 {
		t.Errorf("%v after %d invokes", err, calls)
	}
}

// A trace that comes out of a pipe can't be read twice.
func TestExecutionsOfPipe(t *testing.T) {
	r, err := trace.NewReader(struct{ io.Reader }{bytes.NewReader(sample(t))})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	result, err := Ops(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Executions(r, Visitor{}); err == nil || !strings.Contains(err.Error(), "save it") {
		t.Errorf("%v", err)
	}
}
