package pprofexport

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/trace"
)

// sampledTrace has two samples of an op's own thread and one of a worker at whole stacks, a broken one, and one in Linux.
func sampledTrace(t *testing.T, period uint64) *trace.Reader {
	t.Helper()
	var file bytes.Buffer
	w, err := trace.NewWriter(&file, &trace.Header{SamplePeriodNs: period})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []trace.Description{
		&trace.Process{Id: 1, Pid: 7, Name: "app"},
		&trace.Thread{Id: 1, Process: 1, Tid: 7, Name: "main"}, &trace.Thread{Id: 2, Process: 1, Tid: 8, Name: "pool"},
		&trace.Runtime{Id: 1, Path: "/lib/tflite.so"}, &trace.Kernel{Id: 1, Runtime: 1, Address: 0x100, Symbol: "Eval"},
		&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1}, &trace.Node{Id: 1, Subgraph: 1, Op: "CONV_2D", Kernel: 1},
		&trace.Frame{Id: 1, Runtime: 1, Address: 0x110, Function: 0x100, Symbol: "Eval"},
		&trace.Frame{Id: 2, Runtime: 1, Address: 0x210, Function: 0x200, Symbol: "gemm"},
		&trace.Frame{Id: 3, Runtime: 1, Address: 0x310, Function: 0x300, Symbol: "thread_main"},
		&trace.SampleStack{Thread: 1, Nodes: []uint32{1}, Frames: []uint32{2, 1}, Count: 1},
		&trace.SampleStack{Thread: 1, Nodes: []uint32{1}, Frames: []uint32{2, 1}, Count: 1},
		&trace.SampleStack{Thread: 2, Nodes: []uint32{1}, Frames: []uint32{2, 3}, Count: 1, Worker: true},
		&trace.SampleStack{Thread: 1, Nodes: []uint32{1}, Frames: []uint32{2}, Count: 1, Broken: "no file's code"},
		&trace.SampleStack{Thread: 1, Nodes: []uint32{1}, Frames: []uint32{2, 1}, Count: 1, Kernel: true},
		&trace.SampleStack{Count: 5},
	} {
		if err := w.Describe(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.AddOp(trace.Op{Thread: 1, Node: 1, Start: 10, Duration: 100}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(&trace.End{DurationNs: 1000}); err != nil {
		t.Fatal(err)
	}
	r, err := trace.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestSamples(t *testing.T) {
	p, err := Samples(sampledTrace(t, 1000))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.CheckValid(); err != nil {
		t.Error(err)
	}
	got := make(map[string][2]int64)
	for _, s := range p.Sample {
		var names []string
		for i := len(s.Location) - 1; i >= 0; i-- {
			names = append(names, s.Location[i].Line[0].Function.Name)
		}
		key := strings.Join(names[3:], " > ") // beneath model, subgraph and op
		if len(s.Label["worker"]) > 0 {
			key += " (worker)"
		}
		got[key] = [2]int64{s.Value[0], s.Value[1]}
	}
	want := map[string][2]int64{
		"CONV_2D #0 > Eval > gemm":                                          {2, 2000},
		"CONV_2D #0 > Eval > thread_main > gemm (worker)":                   {1, 1000},
		"CONV_2D #0 > Eval > [unwinding broke here: no file's code] > gemm": {1, 1000},
		"CONV_2D #0 > Eval > gemm > [kernel]":                               {1, 1000},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	comments := strings.Join(p.Comments, "\n")
	for _, part := range []string{"5 samples in ops, 5 outside of any", "unwinding broke in 1 samples: no file's code"} {
		if !strings.Contains(comments, part) {
			t.Errorf("the comments have no %q:\n%s", part, comments)
		}
	}
}

func TestNoSamples(t *testing.T) {
	if _, err := Samples(sampledTrace(t, 0)); !errors.Is(err, ErrNoSamples) {
		t.Errorf("error %v", err)
	}
}
