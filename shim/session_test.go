package shim

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// testSession is a session without the shim: its records come from a producer.
func testSession(t testing.TB, mode uint32, create newSink) (*session, string) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	s, err := newSession(&Options{Output: out, Buffer: minBuffer, Recorder: "test"}, mode)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	if err := s.create(create); err != nil {
		t.Fatal(err)
	}
	if err := s.start(exec.Command("true")); err != nil {
		t.Fatal(err)
	}
	<-s.command.exited
	return s, out.Name()
}

// example is what a process with one CONV_2D says, up to its invokes.
func example() [][]byte {
	tensor := func(index int32, name string, scales []float32, zeroPoints []int32) []byte {
		dims := []int32{1, 4}
		r := tensorRecord{
			header: recordHeader{type_: recordTensor}, subgraph: 3, index: index, type_: 9, allocation: 2, bytes: 4, address: 0x1000,
			dims: uint32(len(dims)), scales: uint32(len(scales)), zeroPoints: uint32(len(zeroPoints)), nameBytes: uint32(len(name)),
		}
		return encode(&r, dims, scales, zeroPoints, name)
	}
	subgraph := subgraphRecord{
		header: recordHeader{type_: recordSubgraph}, id: 3, context: 0x10, interpreter: 0x20, nodes: 1, tensors: 2, inputs: 1, outputs: 1,
	}
	node := nodeRecord{header: recordHeader{type_: recordNode}, id: 9, subgraph: 3, code: 3, opVersion: 2, inputs: 2, outputs: 1}
	return [][]byte{
		encode(&processRecord{header: recordHeader{type_: recordProcess}, parent: 1, pointerBytes: 8, timeNs: 5}),
		encode(&moduleRecord{header: recordHeader{type_: recordModule}, id: 1, records: 9, base: 4096, textStart: 1, textEnd: 2, pathBytes: 4}, "/lib"),
		encode(&subgraph, []int32{0}, []int32{1}),
		tensor(0, "in", []float32{0.5}, []int32{-1}),
		tensor(1, "out\xff", []float32{0.25, 0.75}, []int32{3, 4}),
		encode(&node, []int32{0, -1}, []int32{1}),
	}
}

func captureRecordOf(tensor int32, role snapshot.Role, bytes int, piece []byte) []byte {
	r := captureRecord{
		header: recordHeader{type_: recordCapture}, node: 9, tensor: tensor, role: uint32(role), invoke: 1, startNs: 100, durationNs: 7,
		capture: uint64(tensor) + 1, dataBytes: uint64(bytes), pieceBytes: uint32(len(piece)), dims: -1, type_: 9,
	}
	return encode(&r, piece)
}

// feed hands records to a session, through the ring.
func feed(t testing.TB, s *session, records ...[]byte) {
	t.Helper()
	p := newProducer(t, s.area.path())
	for _, r := range records {
		header, _, _ := fixed[recordHeader](r)
		p.send(header.type_, r)
	}
}

func TestSnapshotOfRecords(t *testing.T) {
	s, path := testSession(t, modeData, newTensorSink)
	dynamic := captureRecord{
		header: recordHeader{type_: recordCapture}, node: 9, tensor: 1, invoke: 2, around: 4, capture: 9, dims: 2, dim: [8]int32{2, 8}, type_: 1,
		missing: missingNoMemory, status: 1,
	}
	statistics := statisticsRecord{capture: dynamic, elements: 4, nans: 1, min: -1, max: 2, mean: 0.5, rms: 1}
	statistics.capture.header.type_ = recordStatistics
	statistics.capture.missing = missingNothing
	feed(t, s, example()...)
	feed(t, s,
		captureRecordOf(0, snapshot.Role_INPUT, 4, []byte("abcd")),
		captureRecordOf(1, snapshot.Role_OUTPUT, 6, []byte("efg")),
		encode(&moreRecord{header: recordHeader{type_: recordMore}, capture: 2, offset: 3, pieceBytes: 3}, "hij"),
		encode(&dynamic), encode(&statistics),
		captureRecordOf(1, snapshot.Role_OUTPUT, 6, []byte("xyz")), // never complete
	)
	s.area.counters[lostTensors] = 3
	s.area.counters[waitedNs] = 12e8
	summary, err := s.finish()
	if err != nil {
		t.Fatal(err)
	}
	f, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []snapshot.Captured
	for _, c := range f.Captures {
		c.Thread = 0
		got = append(got, c)
	}
	described := &snapshot.Tensor{Type: 1, Shape: []int32{2, 8}}
	histogram := make([]uint32, buckets)
	want := []snapshot.Captured{
		{Capture: &snapshot.Capture{Node: 1, Tensor: 0, Role: snapshot.Role_INPUT, Invoke: 1, StartNs: 100, DurationNs: 7}, Data: []byte("abcd")},
		{Capture: &snapshot.Capture{Node: 1, Tensor: 1, Invoke: 1, StartNs: 100, DurationNs: 7}, Data: []byte("efghij")},
		{Capture: &snapshot.Capture{Node: 1, Tensor: 1, Invoke: 2, Around: 4, Status: 1, Described: described, Missing: "it has no memory"}},
		{Capture: &snapshot.Capture{Node: 1, Tensor: 1, Invoke: 2, Around: 4, Status: 1, Described: described, Statistics: &snapshot.Statistics{
			Elements: 4, Nans: 1, Min: -1, Max: 2, Mean: 0.5, Rms: 1, Histogram: histogram}}},
		{Capture: &snapshot.Capture{Node: 1, Tensor: 1, Invoke: 1, StartNs: 100, DurationNs: 7, Missing: "the recording ended before all of it had come"}},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	wantNode := &trace.Node{
		Id: 1, Subgraph: 1, OpCode: 3, Op: "CONV_2D", Version: 2,
		Inputs: []*trace.Tensor{
			{Index: 0, Name: "in", Type: 9, Shape: []int32{1, 4}, Scale: 0.5, ZeroPoint: -1, Channels: 1, Allocation: 2, Bytes: 4, Address: 0x1000},
			{Index: -1},
		},
		Outputs: []*trace.Tensor{{
			Index: 1, Name: "out\uFFFD", Type: 9, Shape: []int32{1, 4}, Scale: 0.25, ZeroPoint: 3, Channels: 2, Allocation: 2, Bytes: 4,
			Address: 0x1000, Scales: []float32{0.25, 0.75}, ZeroPoints: []int64{3, 4},
		}},
	}
	if diff := cmp.Diff(wantNode, f.Nodes[1], protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	g := f.Subgraphs[1]
	if !g.GetEndsKnown() || !slices.Equal(g.Inputs, []int32{0}) || !slices.Equal(g.Outputs, []int32{1}) || g.Interpreter != 1 {
		t.Errorf("subgraph %v", g)
	}
	if f.Losses["tensors_dropped"] != 3 || f.End.GetOps() != 5 || !f.End.HasExitStatus || len(summary.Losses) != 1 {
		t.Errorf("losses %v, end %v, summary %v", f.Losses, f.End, summary.Losses)
	}
	if p := f.Processes[1]; p.GetPid() != int32(os.Getpid()) || p.CommandLine[0] != os.Args[0] {
		t.Errorf("process %v", p)
	}
	if !slices.ContainsFunc(summary.Notes, func(n string) bool { return strings.Contains(n, "waited 1.2s") }) {
		t.Errorf("notes %q", summary.Notes)
	}
}

func TestTraceOfRecords(t *testing.T) {
	s, path := testSession(t, modeTiming, newOpSink)
	op := opRecord{header: recordHeader{type_: recordOp}, node: 9, invoke: 1, startNs: s.started + 1000, durationNs: 50}
	feed(t, s, example()...)
	feed(t, s, encode(&op), encode(&op))
	s.drain()
	feed(t, s, example()...) // another program of the process: the same numbers are other things
	feed(t, s, encode(&op))
	summary, err := s.finish()
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r, err := trace.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	var nodes []uint32
	described := make(map[uint32]*trace.Node)
	for r.Next() {
		for _, n := range r.Block().Nodes {
			described[n.Id] = n
		}
		for _, batch := range r.Block().Ops {
			nodes = append(nodes, batch.Node...)
		}
	}
	if r.Err() != nil || summary.Ops != 3 || summary.Invokes != 2 || len(described) != 2 {
		t.Errorf("%v, %d ops of %d invokes, %d nodes", r.Err(), summary.Ops, summary.Invokes, len(described))
	}
	slices.Sort(nodes)
	if !slices.Equal(nodes, []uint32{1, 1, 2}) || described[2].Outputs[0].Scales != nil {
		t.Errorf("ops of nodes %v, the last one %v", nodes, described[2])
	}
}

// A process that ends within an op leaves word of it, and its place to others.
func TestLastWords(t *testing.T) {
	s, path := testSession(t, modeTiming, newOpSink)
	p := newProducer(t, s.area.path())
	gone := exec.Command("true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	p.pid = uint32(gone.Process.Pid)
	for _, r := range example() {
		header, _, _ := fixed[recordHeader](r)
		p.send(header.type_, r)
	}
	s.area.open[4] = openOp{pid: p.pid, tid: p.pid, phase: phasePrepare, index: 64, code: 25, subgraph: 3}
	s.area.open[9] = openOp{pid: p.pid, tid: p.pid + 1, phase: phaseNone}
	s.area.open[10] = openOp{pid: 1, tid: 1, phase: phaseInvoke}
	summary, err := s.finish()
	if err != nil || len(summary.LastWords) != 1 || !strings.Contains(summary.LastWords[0], "ended inside the preparation of SOFTMAX (node 64 of subgraph 0)") {
		t.Errorf("%v, %q", err, summary.LastWords)
	}
	if s.area.open[4].tid != 0 || s.area.open[9].tid != 0 || s.area.open[10].tid != 1 {
		t.Error("its places are taken, or somebody else's is not")
	}
	content, err := os.ReadFile(path)
	if err != nil || len(content) == 0 {
		t.Error(err)
	}
}

// Whatever is in the records, they don't bring the recorder down, and it goes on.
func FuzzRecords(f *testing.F) {
	for _, r := range append(example(), captureRecordOf(0, snapshot.Role_INPUT, 100, []byte("abcd")),
		encode(&moreRecord{header: recordHeader{type_: recordMore}, capture: 1, offset: 4, pieceBytes: 3}, "hij"),
		encode(&statisticsRecord{capture: captureRecord{header: recordHeader{type_: recordStatistics}, node: 9}}),
		encodeMarker(markerRecordOf(1, 100, ""), "key", "", "abc"), encodeMarker(marked(trace.MarkerKind_METRIC, 1), "key", "text", ""),
		encode(&moreRecord{header: recordHeader{type_: recordMore}, capture: markerCapture | 1, offset: unreadable}),
		encode(&opRecord{header: recordHeader{type_: recordOp}, node: 9}), []byte{1}) {
		f.Add(r)
	}
	tensors, _ := testSession(f, modeData, newTensorSink)
	ops, _ := testSession(f, modeTiming, newOpSink)
	f.Fuzz(func(t *testing.T, record []byte) {
		for _, s := range []*session{tensors, ops} {
			for _, r := range append(example()[1:], record) {
				r = bytes.Clone(r)
				if len(r) >= 24 {
					copy(r[16:], encode(&recordHeader{pid: uint32(os.Getpid()), tid: 1})[16:])
				}
				s.record(r)
			}
			if s.writeErr != nil {
				t.Fatal(s.writeErr)
			}
		}
	})
}
