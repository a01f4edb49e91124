package trace

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
)

// A small trace with every kind of record: two threads, nesting, a thread that pauses, losses that change.
func writeSmall(t testing.TB, out io.Writer) (ops []Op) {
	t.Helper()
	w, err := NewWriter(out, &Header{Recorder: "edgexray test", StartNs: 1000})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	add := func(op Op) {
		ops = append(ops, op)
		must(w.AddOp(op))
	}
	must(w.Describe(&Process{Id: 1, Pid: 42, Name: "bad\xffname"}))
	must(w.Describe(&Thread{Id: 1, Process: 1, Tid: 42}))
	must(w.Describe(&Node{Id: 1, Index: 0, Op: "IF", Outputs: []*Tensor{{Index: 1, Name: "y", Shape: []int32{1, 2}}}}))
	add(Op{Thread: 1, Node: 2, Start: 2100, Duration: 50, Depth: 1})
	add(Op{Thread: 1, Node: 1, Start: 2000, Duration: 400, Paid: Paid{30, 20, 1 << 40, 3, 1, 2, 4, 7, -4096, 1_800_000}})
	add(Op{Thread: 2, Node: 3, Start: 2200, Duration: 7})
	w.SetLosses([]*Loss{{Cause: "ring full", Count: 1}})
	must(w.Flush(3000))
	w.SetLosses([]*Loss{{Cause: "ring full", Count: 1}})
	must(w.Flush(4000)) // nothing new to write
	add(Op{Thread: 1, Node: 1, Start: 2500, Duration: 410, Paid: Paid{Core: 1}})
	add(Op{Thread: 1, Node: 1, Start: 3000, Duration: 390})
	must(w.Flush(5000))
	add(Op{Thread: 1, Node: 1, Start: 6000, Duration: 1 << 40})
	add(Op{Thread: 1, Node: 1, Start: 5000, Duration: 1<<64 - 1, Depth: 1<<32 - 1}) // nonsense comes through unchanged
	add(Op{Thread: 2, Node: 1<<32 - 1})
	w.SetLosses([]*Loss{{Cause: "ring full", Count: 5}})
	must(w.Close(&End{Reason: "duration"}))
	return ops
}

// readAll returns what can be read of a trace.
func readAll(t testing.TB, file []byte) (*Reader, []*Block, []Op) {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var blocks []*Block
	var ops []Op
	for r.Next() {
		blocks = append(blocks, r.Block())
		for _, batch := range r.Block().Ops {
			ops = slices.AppendSeq(ops, batch.All())
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return r, blocks, ops
}

// byThread sorts ops by thread, keeping each thread's order.
func byThread(ops []Op) []Op {
	ops = slices.Clone(ops)
	slices.SortStableFunc(ops, func(a, b Op) int { return int(a.Thread) - int(b.Thread) })
	return ops
}

func TestRoundTrip(t *testing.T) {
	var file bytes.Buffer
	want := writeSmall(t, &file)
	r, blocks, got := readAll(t, file.Bytes())
	if r.Truncated() != nil {
		t.Errorf("truncated: %v", r.Truncated())
	}
	if diff := cmp.Diff(byThread(want), byThread(got)); diff != "" {
		t.Error(diff)
	}
	if len(blocks) != 5 {
		t.Fatalf("%d blocks, want header, three flushed and the end", len(blocks))
	}
	wantDescribed := &Block{
		TimeNs:    3000,
		Processes: []*Process{{Id: 1, Pid: 42, Name: "bad\uFFFDname"}},
		Threads:   []*Thread{{Id: 1, Process: 1, Tid: 42}},
		Nodes:     []*Node{{Id: 1, Index: 0, Op: "IF", Outputs: []*Tensor{{Index: 1, Name: "y", Shape: []int32{1, 2}}}}},
		Losses:    []*Loss{{Cause: "ring full", Count: 1}},
	}
	if diff := cmp.Diff(wantDescribed, blocks[1], protocmp.Transform(), protocmp.IgnoreFields(&Block{}, "ops")); diff != "" {
		t.Error(diff)
	}
	if got := blocks[0].Header.GetRecorder(); got != "edgexray test" {
		t.Errorf("recorder %q", got)
	}
	last := blocks[len(blocks)-1]
	if last.End.GetOps() != uint64(len(want)) || last.Losses[0].Count != 5 {
		t.Errorf("end: %v", last)
	}
}

// However much is added between two flushes, blocks stay within their bounds.
func TestWriterFlushesItself(t *testing.T) {
	cases := []struct {
		name string
		add  func(*Writer) error
	}{
		{"longest ops", func(w *Writer) error {
			for i := range uint64(100_000) {
				if err := w.AddOp(Op{Thread: 1, Node: 1<<32 - 1, Start: i << 63, Duration: i << 62, Depth: 1<<32 - 1, Paid: Paid{OffCPU: i << 63, Preempted: i << 62, Workers: i << 63, Core: 1<<32 - 1}}); err != nil {
					return err
				}
			}
			return nil
		}},
		{"a thread an op", func(w *Writer) error {
			for i := range uint32(100_000) {
				if err := w.AddOp(Op{Thread: i, Node: i, Start: uint64(i) << 40, Duration: 1 << 63, Depth: 1}); err != nil {
					return err
				}
			}
			return nil
		}},
		{"descriptions", func(w *Writer) error {
			for range 100 {
				if err := w.Describe(&Note{Text: string(make([]byte, 100_000))}); err != nil {
					return err
				}
			}
			return nil
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var file bytes.Buffer
			w, err := NewWriter(&file, &Header{})
			if err != nil {
				t.Fatal(err)
			}
			if err := c.add(w); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(&End{}); err != nil {
				t.Fatal(err)
			}
			r, blocks, ops := readAll(t, file.Bytes())
			if r.Truncated() != nil {
				t.Error(r.Truncated())
			}
			if uint64(len(ops)) != w.Ops() || w.Unwritten() != 0 {
				t.Errorf("read %d ops, writer says %d, and %d unwritten", len(ops), w.Ops(), w.Unwritten())
			}
			if len(blocks) < 5 {
				t.Errorf("only %d blocks", len(blocks))
			}
		})
	}
}

func TestDescribeRefusesTooLarge(t *testing.T) {
	w, err := NewWriter(io.Discard, &Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Describe(&Note{Text: string(make([]byte, MaxDescription))}); err == nil {
		t.Error("no error")
	}
	if _, err := NewWriter(io.Discard, &Header{Hostname: string(make([]byte, MaxDescription+1))}); err == nil {
		t.Error("no error for the header")
	}
}

func TestAddOpDoesNotAllocate(t *testing.T) {
	w, err := NewWriter(io.Discard, &Header{})
	if err != nil {
		t.Fatal(err)
	}
	add := func() {
		mobileNet(1000, func(op Op) { w.AddOp(op) })
	}
	add()
	if perOp := testing.AllocsPerRun(3, add) / 67_000; perOp > 0.001 {
		t.Errorf("%v allocations an op", perOp)
	}
}

// BenchmarkWriter writes MobileNetV2 in blocks of one second.
func BenchmarkWriter(b *testing.B) {
	var ops []Op
	mobileNet(34, func(op Op) { ops = append(ops, op) })
	w, err := NewWriter(io.Discard, &Header{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, op := range ops {
			w.AddOp(op)
		}
		w.Flush(1)
	}
	b.ReportMetric(float64(w.Bytes())/float64(w.Ops()), "B/op-record")
	b.ReportMetric(67*float64(w.Bytes())/float64(w.Ops()), "B/invoke")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(w.Ops()), "ns/op-record")
}
