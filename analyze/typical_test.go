package analyze

import (
	"bytes"
	"testing"

	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// writeInvokes writes invokes of two ops, the second of which takes these times, in turns on two threads; the last one lacks
// it.
func writeInvokes(t *testing.T, times []uint64) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := trace.NewWriter(&file, &trace.Header{})
	if err != nil {
		t.Fatal(err)
	}
	for id := range uint32(2) {
		base := 10 * id
		for _, d := range []trace.Description{
			&trace.Process{Id: 1, Pid: 100, Name: "app"}, &trace.Thread{Id: id + 1, Process: 1, Tid: int32(100 + id)}, &trace.Model{Id: 1, Path: "m.tflite", Sha256: "ab"},
			&trace.Subgraph{Id: id + 1, Process: 1, Interpreter: id + 1, Model: 1, Nodes: 2},
			&trace.Node{Id: base + 1, Subgraph: id + 1, Index: 0, Op: "ADD"}, &trace.Node{Id: base + 2, Subgraph: id + 1, Index: 1, Op: "MUL"},
		} {
			if err := w.Describe(d); err != nil {
				t.Fatal(err)
			}
		}
	}
	add := func(id uint32, node uint32, start, duration uint64) {
		if err := w.AddOp(trace.Op{Thread: id + 1, Node: 10*id + node, Start: start, Duration: duration}); err != nil {
			t.Fatal(err)
		}
	}
	for i, time := range times {
		start := uint64(i+1) * 10_000
		id := uint32(i % 2)
		add(id, 1, start, 100)
		if i+1 < len(times) {
			add(id, 2, start+100, time)
		}
	}
	if err := w.Close(&trace.End{DurationNs: 1e9}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestTypical(t *testing.T) {
	r := open(t, writeInvokes(t, []uint64{900, 12_000, 1100, 5000, 1000, 800, 10}))
	result, err := Ops(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	typical, err := result.Typical(r)
	if err != nil {
		t.Fatal(err)
	}
	chosen := typical[result.Models[0]]
	if len(chosen) == 0 {
		t.Fatal("no invoke was chosen")
	}
	// The whole ones take 900 to 12100 ns; 1100 is the median of six. It began at 50000, when the other thread was idle.
	if got := chosen[0]; got.StartNS != 50_000 || got.wall() != 1100 || len(got.Executions) != 2 || got.Partial {
		t.Errorf("chose %+v", got)
	}
	if len(chosen) != 1 {
		t.Errorf("%d invokes ran beside it, want none", len(chosen)-1)
	}
}

func TestTypicalBeside(t *testing.T) {
	r := open(t, writeInvokes(t, []uint64{11_000, 12_000, 11_000, 12_000, 11_000, 12_000, 11_000, 10}))
	result, err := Ops(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	typical, err := result.Typical(r)
	if err != nil {
		t.Fatal(err)
	}
	chosen := typical[result.Models[0]]
	if len(chosen) < 2 {
		t.Fatalf("%d invokes, want others beside it", len(chosen))
	}
	for _, v := range chosen[1:] {
		if v.Thread.TID == chosen[0].Thread.TID || v.StartNS >= chosen[0].EndNS || v.EndNS <= chosen[0].StartNS {
			t.Errorf("from %d to %d on thread %d doesn't run beside %d to %d on thread %d", v.StartNS, v.EndNS, v.Thread.TID,
				chosen[0].StartNS, chosen[0].EndNS, chosen[0].Thread.TID)
		}
	}
}

// Of every model of a recording there is one, each a whole invoke.
func TestTypicalOfSample(t *testing.T) {
	var file bytes.Buffer
	if err := tracetest.Sample(&file); err != nil {
		t.Fatal(err)
	}
	r := open(t, file.Bytes())
	result, err := Ops(r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	typical, err := result.Typical(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range result.Models {
		if len(typical[m]) == 0 || typical[m][0].Model != m || typical[m][0].Partial {
			t.Errorf("%s: %d invokes", m.Name, len(typical[m]))
		}
	}
}
