package analyze

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// tracer writes a trace of simple models: node i of a subgraph reads tensor i and writes tensor i+1.
type tracer struct {
	t    *testing.T
	file bytes.Buffer
	w    *trace.Writer
	now  uint64
}

func newTracer(t *testing.T) *tracer {
	tr := &tracer{t: t, now: 1000}
	w, err := trace.NewWriter(&tr.file, &trace.Header{})
	if err != nil {
		t.Fatal(err)
	}
	tr.w = w
	tr.describe(&trace.Process{Id: 1, Pid: 7, Name: "app"})
	return tr
}

func (tr *tracer) describe(all ...trace.Description) {
	tr.t.Helper()
	for _, d := range all {
		if err := tr.w.Describe(d); err != nil {
			tr.t.Fatal(err)
		}
	}
}

// chain describes an interpreter whose subgraph's nodes have the ids from id on.
func (tr *tracer) chain(interpreter, id uint32, nodes int) {
	tr.describe(&trace.Subgraph{Id: id, Process: 1, Interpreter: interpreter})
	for i := range nodes {
		tr.describe(chainNode(id, i))
	}
}

func chainNode(id uint32, i int) *trace.Node {
	return &trace.Node{Id: id + uint32(i), Subgraph: id, Index: int32(i), Op: "ADD",
		Inputs: []*trace.Tensor{{Index: int32(i)}}, Outputs: []*trace.Tensor{{Index: int32(i) + 1, Name: fmt.Sprint(i)}}}
}

// run adds ops of 100 ns, 10 ns apart.
func (tr *tracer) run(thread uint32, nodes ...uint32) {
	tr.t.Helper()
	for _, n := range nodes {
		tr.now += 10
		if err := tr.w.AddOp(trace.Op{Thread: thread, Node: n, Start: tr.now, Duration: 100}); err != nil {
			tr.t.Fatal(err)
		}
		tr.now += 100
	}
}

func (tr *tracer) ops() *OpsResult {
	tr.t.Helper()
	if err := tr.w.Close(&trace.End{}); err != nil {
		tr.t.Fatal(err)
	}
	return ops(tr.t, tr.file.Bytes(), Options{})
}

func TestInvokes(t *testing.T) {
	cases := []struct {
		name             string
		add              func(*tracer)
		invokes, partial uint64
		perInvoke        int
		wall             uint64 // ns, of every whole invoke
	}{
		{"one", func(tr *tracer) { tr.run(1, 1, 2, 3) }, 1, 0, 3, 320},
		{"several", func(tr *tracer) { tr.run(1, 1, 2, 3, 1, 2, 3, 1, 2, 3) }, 3, 0, 3, 320},
		{"one node", func(tr *tracer) { tr.run(1, 1, 1, 1) }, 3, 0, 1, 100},
		{"begins in the middle", func(tr *tracer) { tr.run(1, 2, 3, 1, 2, 3, 1, 2, 3) }, 3, 1, 3, 320},
		{"begins at the last", func(tr *tracer) { tr.run(1, 3, 1, 2, 3, 1, 2, 3) }, 3, 1, 3, 320},
		{"ends in the middle", func(tr *tracer) { tr.run(1, 1, 2, 3, 1, 2, 3, 1) }, 3, 1, 3, 320},
		{"loses ops across a boundary", func(tr *tracer) { tr.run(1, 1, 2, 3, 1, 2, 3, 1, 2 /* 3, 1 */, 2, 3, 1, 2, 3) }, 5, 2, 3, 320},
		{"two threads take turns", func(tr *tracer) {
			for range 3 {
				tr.run(1, 1, 2, 3)
				tr.run(2, 1, 2, 3)
			}
		}, 6, 0, 3, 320},
		{"another model in between", func(tr *tracer) {
			tr.chain(2, 11, 1)
			tr.run(1, 2, 3, 11, 1, 2, 3, 11, 1, 2, 3)
		}, 3, 1, 3, 320},
		{"a delegate takes over", func(tr *tracer) {
			tr.run(1, 1, 2, 3, 1, 2, 3)
			tr.describe(&trace.Node{Id: 9, Subgraph: 1, Index: 3, Op: "Delegate", Inputs: []*trace.Tensor{{Index: 0}}, Outputs: []*trace.Tensor{{Index: 2}}})
			tr.run(1, 9, 3, 9, 3, 9, 3)
		}, 5, 2, 2, 210},
		{"a resized node", func(tr *tracer) {
			tr.run(1, 1, 2, 3)
			resized := chainNode(1, 1)
			resized.Id, resized.Outputs[0].Shape = 9, []int32{2}
			tr.describe(resized)
			tr.run(1, 1, 9, 3, 1, 9, 3)
		}, 3, 0, 3, 320},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tr := newTracer(t)
			tr.chain(1, 1, 3)
			c.add(tr)
			m := tr.ops().Models[0]
			if m.Invokes != c.invokes || m.InvokesPartial != c.partial || m.OpsPerInvoke != c.perInvoke {
				t.Errorf("%d invokes, %d of them partial, of %d ops; want %d, %d, %d", m.Invokes, m.InvokesPartial, m.OpsPerInvoke, c.invokes, c.partial, c.perInvoke)
			}
			if m.InvokeWall.Min != c.wall || m.InvokeWall.Max != c.wall {
				t.Errorf("whole invokes took %d to %d ns, want %d", m.InvokeWall.Min, m.InvokeWall.Max, c.wall)
			}
			var order []int32
			for _, op := range m.Ops {
				if len(order) == 0 || order[len(order)-1] != op.Node {
					order = append(order, op.Node)
				}
			}
			if c.name != "a delegate takes over" && !slices.IsSorted(order) {
				t.Errorf("run order %v", order)
			}
		})
	}
}

// Interpreters made anew for each invoke are one model, with and without a file, and don't take memory each.
func TestManyInterpreters(t *testing.T) {
	for _, model := range []uint32{0, 1} {
		t.Run(fmt.Sprintf("model %d", model), func(t *testing.T) {
			const interpreters = 3000
			tr := newTracer(t)
			tr.describe(&trace.Model{Id: 1, Path: "/m.tflite", Sha256: "ab"})
			for i := range uint32(interpreters) {
				id := 1 + 10*i
				tr.chain(i+1, id, 3)
				tr.describe(&trace.Subgraph{Id: id, Process: 1, Interpreter: i + 1, Model: model})
				tr.run(1+i%2, id, id+1, id+2, id, id+1, id+2)
				if err := tr.w.Flush(tr.now); err != nil {
					t.Fatal(err)
				}
			}
			if err := tr.w.Close(&trace.End{}); err != nil {
				t.Fatal(err)
			}
			rec, err := readRecording(open(t, tr.file.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			result := rec.result(Options{})
			if len(result.Models) != 1 {
				t.Fatalf("%d models", len(result.Models))
			}
			m := result.Models[0]
			if m.Interpreters != interpreters || m.Invokes != 2*interpreters || m.InvokesPartial != 0 || len(m.Ops) != 3 || m.Threads != 2 {
				t.Errorf("%d interpreters, %d invokes (%d partial), %d ops, %d threads", m.Interpreters, m.Invokes, m.InvokesPartial, len(m.Ops), m.Threads)
			}
			for _, op := range m.Ops {
				if op.Count != 2*interpreters {
					t.Errorf("node %d ran %d times", op.Node, op.Count)
				}
			}
			if n := len(result.Stacks()); n != 6 {
				t.Errorf("%d stacks, want 3 nodes on 2 threads", n)
			}
		})
	}
}

// A description that comes again replaces what was known, also for ops before it.
func TestDescribedAgain(t *testing.T) {
	tr := newTracer(t)
	tr.describe(&trace.Subgraph{Id: 1, Process: 1, Index: -1}, &trace.Node{Id: 1, Subgraph: 1, Index: -1})
	tr.run(1, 1)
	tr.describe(&trace.Model{Id: 1, Path: "/m.tflite"},
		&trace.Subgraph{Id: 1, Process: 1, Interpreter: 5, Index: 0, Model: 1},
		&trace.Node{Id: 1, Subgraph: 1, Index: 4, Op: "CONV_2D"})
	tr.run(1, 1)
	result := tr.ops()
	if len(result.Models) != 1 || len(result.Models[0].Ops) != 1 {
		t.Fatalf("%d models", len(result.Models))
	}
	m := result.Models[0]
	if op := m.Ops[0]; op.Op != "CONV_2D" || op.Node != 4 || op.Subgraph != 0 || op.Count != 2 || m.Name != "m.tflite" || m.Interpreters != 1 {
		t.Errorf("%+v of %+v", op, m)
	}
}
