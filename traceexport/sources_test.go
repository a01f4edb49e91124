package traceexport

import (
	"bytes"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

type madeSource struct {
	name string
	make func(t testing.TB) []byte
}

// The traces that formats are tested with, by what is special about them.
var sources = []madeSource{
	{"one of everything", sample},
	{"cut off", func(t testing.TB) []byte { file := sample(t); return file[:len(file)*3/4] }},
	{"hostile names", func(t testing.TB) []byte { return namedAll(t, hostile, strings.Repeat("long", 10_000)) }},
	{"no names", func(t testing.TB) []byte { return namedAll(t, "", "") }},
	{"operators and what they paid", operators},
	{"markers", func(t testing.TB) []byte { return marked(t, "") }},
	{"markers with hostile texts", func(t testing.TB) []byte { return marked(t, hostile) }},
	{"a gap", func(t testing.TB) []byte {
		return traceOf(t, []trace.Description{&trace.Node{Id: 1, Subgraph: 1}, &trace.Gap{StartNs: 10, EndNs: 30}}, []trace.Op{{Thread: 1, Node: 1, Start: 40, Duration: 2}})
	}},
}

const hostile = "a;b,\"c\"\n<script>alert(1)</script>\x1b[2J\u202e\xff\x00{}%s \u2028'`=1+1"

func marked(t testing.TB, tag string) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := tracetest.Marked(&file, tag); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func sample(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := tracetest.Sample(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// traceOf writes a trace.
func traceOf(t testing.TB, descriptions []trace.Description, ops []trace.Op) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := trace.NewWriter(&file, &trace.Header{StartNs: 1, StartUnixNs: 1_000_000_001})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range descriptions {
		if err := w.Describe(d); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range ops {
		if err := w.AddOp(op); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(&trace.End{DurationNs: 1000}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// namedAll writes a trace in which everything that can has that name, and an op a tensor with the long one.
func namedAll(t testing.TB, name, long string) []byte {
	t.Helper()
	tensors := []*trace.Tensor{{Name: name, Type: 99, Shape: []int32{-1, 0}}, {Name: long}}
	return traceOf(t, []trace.Description{
		&trace.Runtime{Id: 1, Path: name, Entry: name, BuildId: name},
		&trace.Kernel{Id: 1, Runtime: 1, Symbol: name},
		&trace.Process{Id: 1, Pid: 7, Name: name, CommandLine: []string{name}, Exited: true, LastWords: name},
		&trace.Thread{Id: 1, Process: 1, Tid: 8, Name: name},
		&trace.Model{Id: 1, Path: name, Sha256: name},
		&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Model: 1, Name: name},
		&trace.Node{Id: 1, Subgraph: 1, Index: 0, Op: name, Kernel: 1, Delegate: name, Inputs: tensors, Outputs: tensors},
		&trace.Node{Id: 2, Subgraph: 1, Index: 1, Op: name, Operator: &trace.Operator{Name: name, Node: 1, Mapping: name, Nodes: []int32{1, 0}, Ops: []string{name, name}}},
		&trace.Note{Kind: name, Text: name},
	}, []trace.Op{{Thread: 1, Node: 2, Start: 10, Duration: 5, Depth: 1}, {Thread: 1, Node: 1, Start: 10, Duration: 5}, {Thread: 1, Node: 1, Start: 20, Duration: 0}})
}

// operators is of a delegate node with operators, one of them fused and one for which no node is known, that paid for all there is.
func operators(t testing.TB) []byte {
	t.Helper()
	operator := func(id uint32, node int32, op string, o *trace.Operator) *trace.Node {
		o.Node, o.Place, o.DelegateIndex = 10, id-11, 3
		return &trace.Node{Id: id, Subgraph: 1, Index: node, Op: op, Operator: o, Outputs: []*trace.Tensor{{Index: node, Name: "x", Type: 1, Shape: []int32{1, 4}}}}
	}
	all := trace.Paid{OffCPU: 1, Preempted: 2, Workers: 3, MinorFaults: 4, MajorFaults: 5, Migrations: 6, Threads: 7, Core: 8, Resident: 9, KHz: 10}
	return traceOf(t, []trace.Description{
		&trace.Process{Id: 1, Pid: 7, Name: "app"}, &trace.Thread{Id: 1, Process: 1, Tid: 8, Name: "main"},
		&trace.Model{Id: 1, Path: "/m.tflite", Sha256: "ab"},
		&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Model: 1, Name: "main"},
		&trace.Node{Id: 10, Subgraph: 1, Index: 3, Op: "TfLiteXNNPackDelegate", Delegate: "TfLiteXNNPackDelegate", Replaced: []uint32{0, 1, 2}},
		operator(11, 1, "CONV_2D", &trace.Operator{Name: "Convolution", Mapping: "fused", Nodes: []int32{1, 0}, Ops: []string{"CONV_2D", "PAD"}}),
		operator(12, 2, "ADD", &trace.Operator{Name: "Add", Mapping: "exact", Nodes: []int32{2}, Ops: []string{"ADD"}}),
		operator(13, -1, "Copy", &trace.Operator{Name: "Copy", Mapping: "unknown"}),
	}, []trace.Op{
		{Thread: 1, Node: 11, Start: 1000, Duration: 4000, Depth: 1, ToNext: 1},
		{Thread: 1, Node: 12, Start: 5000, Duration: 3000, Depth: 1, ToNext: 1},
		{Thread: 1, Node: 13, Start: 8000, Duration: 2000, Depth: 1, ToNext: 1},
		{Thread: 1, Node: 10, Start: 1000, Duration: 10_000, Paid: all},
	})
}

// source reads a trace so that it can be written.
func source(t testing.TB, file []byte) Source {
	t.Helper()
	r, err := trace.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	ops, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return Source{Ops: ops, Trace: r}
}

// written returns the trace in a format.
func written(t testing.TB, write func(w *bytes.Buffer) error) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := write(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// A text that comes with every op is not as long as a device makes it.
func TestLongTexts(t *testing.T) {
	s := source(t, namedAll(t, strings.Repeat("ä", 20_000), ""))
	for _, format := range Formats {
		if file := written(t, func(w *bytes.Buffer) error { return format.Write(w, s) }); len(file) > 150_000 && format.Name != "benchfmt" {
			t.Errorf("%s: %d bytes", format.Name, len(file))
		}
	}
}
