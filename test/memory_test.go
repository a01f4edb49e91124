package test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/tflite"
)

// memoryTruth is what the app itself says of its tensors while ops run, put
// together with the model's file: the same numbers by another way.
type memoryTruth struct {
	model *tflite.Model
	ops   map[place]*opTruth
	peak  uint64
	at    []place // ops that set it

	persistent map[place]uint64 // bytes of tensors
}

// place is a node, or a tensor, of a subgraph.
type place struct{ subgraph, index int }

type opTruth struct{ read, written, temporary, live uint64 }

// open is an op that is running, and where the tensors of its subgraph are.
type open struct {
	Subgraph, Node int
	Tensors        [][3]uint64 // address, bytes, allocation
	Temporaries    []int
}

func (o open) address(tensor int) uint64 { return o.Tensors[tensor][0] }
func (o open) bytes(tensor int) uint64   { return o.Tensors[tensor][1] }
func (o open) allocation(tensor int) tflite.AllocationType {
	return tflite.AllocationType(o.Tensors[tensor][2])
}

func (o open) isPersistent(tensor int) bool {
	return o.allocation(tensor) == tflite.ArenaRwPersistent || o.allocation(tensor) == tflite.PersistentRo
}

// truth reads what an app that was started with --tensors printed.
func truth(t *testing.T, path, stdout string) *memoryTruth {
	t.Helper()
	truth := &memoryTruth{model: parse(t, path), ops: make(map[place]*opTruth), persistent: make(map[place]uint64)}
	var states [][]open
	for line := range strings.Lines(stdout) {
		if text, ok := strings.CutPrefix(line, "tensors "); ok {
			var stack []open
			decode(t, text, &stack)
			states = append(states, stack)
		}
	}
	if len(states) == 0 {
		t.Fatalf("the app printed no tensors:\n%s", stdout)
	}
	for _, stack := range states {
		innermost := stack[len(stack)-1]
		for _, tensor := range truth.tensors(innermost) {
			if innermost.isPersistent(tensor) {
				truth.persistent[place{innermost.Subgraph, tensor}] = innermost.bytes(tensor)
			}
		}
	}
	for _, stack := range states {
		truth.add(stack)
	}
	return truth
}

// tensors are those of an op, each once.
func (m *memoryTruth) tensors(o open) []int {
	operator := m.model.Subgraphs[o.Subgraph].Operators[o.Node]
	seen := make(map[int]bool)
	for _, index := range slices.Concat(operator.Inputs, operator.Outputs) {
		if index >= 0 {
			seen[int(index)] = true
		}
	}
	for _, index := range o.Temporaries {
		seen[index] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// add adds what is live when the last op of the stack ends.
func (m *memoryTruth) add(stack []open) {
	var bytes uint64
	for _, size := range m.persistent {
		bytes += size
	}
	var ranges [][2]uint64
	for _, o := range stack {
		for tensor := range o.Tensors {
			constant := o.allocation(tensor) == tflite.MmapRo || o.isPersistent(tensor)
			if o.address(tensor) != 0 && !constant && m.isLive(o, tensor) {
				ranges = append(ranges, [2]uint64{o.address(tensor), o.address(tensor) + o.bytes(tensor)})
			}
		}
	}
	bytes += covered(ranges)
	for _, o := range stack {
		op := m.ops[place{o.Subgraph, o.Node}]
		if op == nil {
			op = &opTruth{}
			m.ops[place{o.Subgraph, o.Node}] = op
		}
		op.live = max(op.live, bytes)
	}
	innermost := stack[len(stack)-1]
	at := place{innermost.Subgraph, innermost.Node}
	m.traffic(innermost, m.ops[at])
	if bytes > m.peak {
		m.peak, m.at = bytes, nil
	}
	if bytes == m.peak {
		m.at = append(m.at, at)
	}
}

// isLive tells by the model's file whether a tensor is in use while an op runs.
func (m *memoryTruth) isLive(o open, tensor int) bool {
	s := &m.model.Subgraphs[o.Subgraph]
	if slices.Contains(o.Temporaries, tensor) {
		return true
	}
	first, last := len(s.Operators), -1
	for i, operator := range s.Operators {
		if slices.Contains(operator.Outputs, int32(tensor)) {
			first, last = min(first, i), max(last, i)
		}
		if slices.Contains(operator.Inputs, int32(tensor)) {
			last = max(last, i)
		}
	}
	if slices.Contains(s.Inputs, int32(tensor)) { // the planner never gives their memory to others
		first, last = 0, len(s.Operators)
	}
	if slices.Contains(s.Outputs, int32(tensor)) {
		last = len(s.Operators)
	}
	return first <= o.Node && o.Node <= last
}

// traffic sums up the op's own tensors.
func (m *memoryTruth) traffic(o open, op *opTruth) {
	s := &m.model.Subgraphs[o.Subgraph]
	operator := s.Operators[o.Node]
	sum := func(list []int32, count func(int) bool) (bytes uint64) {
		for i, index := range list {
			if index >= 0 && !slices.Contains(list[:i], index) && count(int(index)) {
				bytes += o.bytes(int(index))
			}
		}
		return bytes
	}
	op.read = max(op.read, sum(operator.Inputs, func(int) bool { return true }))
	op.written = max(op.written, sum(operator.Outputs, func(tensor int) bool { return o.address(tensor) != 0 })+
		sum(operator.Inputs, func(tensor int) bool { return s.Tensors[tensor].IsVariable }))
	var temporary uint64
	for _, tensor := range o.Temporaries {
		temporary += o.bytes(tensor)
	}
	op.temporary = max(op.temporary, temporary)
}

// weights sums up the ranges of the model's file that the ops read.
func (m *memoryTruth) weights() uint64 {
	var ranges [][2]uint64
	for at := range m.ops {
		s := &m.model.Subgraphs[at.subgraph]
		for _, index := range s.Operators[at.index].Inputs {
			if index < 0 {
				continue
			}
			b := m.model.Buffers[s.Tensors[index].Buffer]
			ranges = append(ranges, [2]uint64{uint64(b.Offset), uint64(b.Offset + b.Size)})
		}
	}
	return covered(ranges)
}

// covered returns how many bytes lie in at least one of the ranges.
func covered(ranges [][2]uint64) (bytes uint64) {
	deeper := make(map[uint64]int)
	for _, r := range ranges {
		deeper[r[0]]++
		deeper[r[1]]--
	}
	depth, before := 0, uint64(0)
	for _, at := range slices.Sorted(maps.Keys(deeper)) {
		if depth > 0 {
			bytes += at - before
		}
		depth, before = depth+deeper[at], at
	}
	return bytes
}

// recordTensors records a few invokes of an app that then tells the truth about them. The first invoke isn't among them:
// models may do more in it.
func recordTensors(t *testing.T, command []string) (recording, outcome) {
	t.Helper()
	app := startApp(t, append(command, "--steps", "--tensors"))
	app.step(t)
	recorder, r := startRecord(t, "-p", app.pid())
	app.step(t)
	app.step(t)
	if got := recorder.stop(t); got.status != 0 {
		t.Fatalf("record: exit status %d\n%s", got.status, got.stdout)
	}
	said := app.end(t)
	if said.status != 0 {
		t.Fatalf("the app ended with %d:\n%s", said.status, said.stdout)
	}
	return r, said
}

// What is live while each op runs, and at the peak, is what comes out of the model's file and of where the runtime says
// that its tensors are.
func TestMemory(t *testing.T) {
	for _, test := range []struct {
		model string
		args  []string
	}{
		{"mobilenet_v1_float", nil}, {"mobilenet_v2_int8", nil}, {"mobilenet_v3_small_float", nil},
		{"face_landmark", nil}, {"face_detection_full_range_sparse", nil}, {"face_detection_back", nil}, {"iris_landmark", nil},
		{"okay_nabu", nil}, {"hey_jarvis", nil},
		{"dynamic", []string{"--resize", "1,4,5,3"}}, {"if", []string{"--invokes", "8"}}, {"while", nil},
	} {
		for _, version := range []string{"2.9.0", "2.17.1"} {
			t.Run(test.model+"/"+version, func(t *testing.T) {
				path := model(t, test.model)
				r, said := recordTensors(t, capi(t, version, append([]string{"--model", path}, test.args...)...))
				result := r.ops(t)
				wantNothingLost(t, result)
				wantMemory(t, result.model(t), truth(t, path, said.stdout))
			})
		}
	}
}

func wantMemory(t *testing.T, m modelJSON, want *memoryTruth) {
	t.Helper()
	got := make(map[place]*opTruth)
	for _, op := range m.Ops {
		if op.Memory == nil || op.Memory.Live == nil || op.Memory.Unknown != 0 {
			t.Fatalf("%s at %d:%d has memory %+v", op.Op, op.Subgraph, op.Node, op.Memory)
		}
		at := place{op.Subgraph, op.Node}
		if got[at] == nil {
			got[at] = &opTruth{}
		}
		o := got[at] // with the largest of its shapes
		o.read, o.written = max(o.read, op.Memory.Read), max(o.written, op.Memory.Written)
		o.temporary, o.live = max(o.temporary, op.Memory.Temporary), max(o.live, *op.Memory.Live)
	}
	for at, op := range want.ops {
		if got[at] == nil || *got[at] != *op {
			t.Errorf("node %d:%d: %+v, want %+v", at.subgraph, at.index, got[at], op)
		}
	}
	if len(got) != len(want.ops) {
		t.Errorf("%d nodes, want %d", len(got), len(want.ops))
	}
	var persistent uint64
	for _, bytes := range want.persistent {
		persistent += bytes
	}
	memory := m.Memory
	if memory.Peak != want.peak || !slices.Contains(want.at, place{memory.PeakSubgraph, memory.PeakNode}) {
		t.Errorf("peak %d in %d:%d, want %d in one of %v", memory.Peak, memory.PeakSubgraph, memory.PeakNode, want.peak, want.at)
	}
	if memory.Persistent != persistent || memory.Weights != want.weights() {
		t.Errorf("%d bytes persistent and %d of weights, want %d and %d", memory.Persistent, memory.Weights, persistent, want.weights())
	}
	if resources := slices.ContainsFunc(m.Ops, func(op opJSON) bool { return op.Op == "VAR_HANDLE" }); memory.Complete == resources {
		t.Errorf("complete: %v, %q", memory.Complete, memory.Notes)
	}
}

// What is recorded of where tensors are is what LiteRT says itself.
func TestTensorAddresses(t *testing.T) {
	for _, name := range []string{"mobilenet_v2_int8", "face_landmark", "okay_nabu", "mobilenet_v3_small_float"} {
		t.Run(name, func(t *testing.T) {
			r := recordCommand(t, litert(t, model(t, name), "--resolver", "builtin", "--invokes", "2", "--addresses"))
			var said struct{ Addresses map[int][2]uint64 }
			decode(t, r.stdout, &said)
			result := r.ops(t)
			wantNothingLost(t, result)
			run := result.model(t).Memory.Runs[0]
			compared := 0
			for _, tensor := range run.Tensors {
				want, ok := said.Addresses[tensor.Index]
				if !ok || tensor.Address == "" { // a kernel's temporary, or allocated anew each time
					continue
				}
				compared++
				if got := fmt.Sprintf("%#x", want[0]); tensor.Address != got || tensor.Bytes != want[1] {
					t.Errorf("%s tensor %d is at %s with %d bytes, LiteRT says %s and %d", tensor.Kind, tensor.Index, tensor.Address, tensor.Bytes, got, want[1])
				}
			}
			if compared < len(run.Nodes) {
				t.Errorf("compared %d tensors of %d nodes", compared, len(run.Nodes))
			}
		})
	}
}

// Of a delegate only its nodes' inputs and outputs are seen, and that is said.
func TestMemoryOfDelegate(t *testing.T) {
	r := recordCommand(t, litert(t, model(t, "face_landmark"), "--invokes", "2"))
	memory := r.ops(t).model(t).Memory
	if memory.Complete || memory.DelegateNodes != 1 || memory.Peak == 0 || !strings.Contains(strings.Join(memory.Notes, "\n"), "delegate nodes") {
		t.Errorf("%d delegate nodes, peak %d, complete: %v, %q", memory.DelegateNodes, memory.Peak, memory.Complete, memory.Notes)
	}
	if got := finish(t, edgexray(t, "ops", "--memory", r.trace)); got.status != 0 || !strings.Contains(got.stdout, "Not all is known: delegate nodes") {
		t.Errorf("exit status %d\n%s%s", got.status, got.stderr, got.stdout)
	}
}

// pprof reads the peak, the weights and what ops read and wrote.
func TestMemoryPprof(t *testing.T) {
	r := recordCommand(t, capi(t, "2.17.1", "--model", model(t, "face_landmark"), "--invokes", "3", "--threads", "2"))
	path := filepath.Join(t.TempDir(), "memory.pb.gz")
	if got := finish(t, edgexray(t, "pprof", "--memory", r.trace, "-o", path)); got.status != 0 {
		t.Fatalf("exit status %d\n%s", got.status, got.stderr)
	}
	m := r.ops(t).model(t)
	want := map[string]uint64{"peak_live": m.Memory.Peak, "weights": m.Memory.Weights}
	for _, op := range m.Ops {
		want["read"] += op.Memory.Read * uint64(op.Count)
		want["written"] += op.Memory.Written * uint64(op.Count)
	}
	for sampleType, bytes := range want {
		top := exported{path: path}.tool(t, "-top", "-unit=b", "-sample_index="+sampleType)
		if total := fmt.Sprintf("of %dB total", bytes); bytes == 0 || !strings.Contains(top, total) {
			t.Errorf("the top isn't %q:\n%s", total, top)
		}
	}
}
