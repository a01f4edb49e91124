package test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/trace"
)

// sampled is what a trace's samples come to.
type sampled struct {
	inOps, whole int            // samples during ops; of these, with a stack that is whole
	own, right   int            // whole ones of threads with ops; of these, whose last frame is in the op's own kernel
	workers      int            // of threads that work for such
	broken       map[string]int // by reason
	outside      int
	nodes        map[int32]int // of the model's nodes
	leaves       map[string]int
}

// readSamples sums up a trace's samples. An op is the right one if unwinding leads to the very function that its node runs:
// the op was told by the probes, that function by the stack.
func readSamples(t testing.TB, path string) sampled {
	t.Helper()
	r, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	nodes, kernels, frames := make(map[uint32]*trace.Node), make(map[uint32]*trace.Kernel), make(map[uint32]*trace.Frame)
	runtimes := make(map[uint32]*trace.Runtime)
	s := sampled{broken: make(map[string]int), nodes: make(map[int32]int), leaves: make(map[string]int)}
	for r.Next() {
		for _, n := range r.Block().Nodes {
			nodes[n.Id] = n
		}
		for _, k := range r.Block().Kernels {
			kernels[k.Id] = k
		}
		for _, m := range r.Block().Runtimes {
			runtimes[m.Id] = m
		}
		for _, f := range r.Block().Frames {
			frames[f.Id] = f
		}
		for _, stack := range r.Block().Samples {
			count := int(stack.Count)
			if len(stack.Nodes) == 0 {
				s.outside += count
				continue
			}
			s.inOps += count
			node := nodes[stack.Nodes[len(stack.Nodes)-1]]
			s.nodes[node.Index] += count
			if stack.Worker {
				s.workers += count
			}
			if stack.Broken != "" {
				s.broken[stack.Broken] += count
				continue
			}
			s.whole += count
			if len(stack.Frames) == 0 || stack.Worker {
				continue
			}
			s.own += count
			s.leaves[frames[stack.Frames[0]].Symbol] += count
			entry, kernel := frames[stack.Frames[len(stack.Frames)-1]], kernels[node.Kernel]
			if entry.Runtime == kernel.GetRuntime() && (entry.Function == kernel.GetAddress() || jumpsTo(t, runtimes[entry.Runtime].Path, kernel.GetAddress(), entry.Function)) {
				s.right += count
			} else {
				t.Logf("%d of %s: %s (%#x), not %s (%#x)", count, node.Op, entry.Symbol, entry.Function, kernel.GetSymbol(), kernel.GetAddress())
			}
		}
	}
	return s
}

// jumpsTo tells whether a function has a jump to the beginning of another one: then that one returns in its place.
func jumpsTo(t testing.TB, path string, function, other uint64) bool {
	t.Helper()
	f, err := symbolize.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	extent, _ := f.FunctionAt(function)
	code, err := f.Code(extent.Start, int(extent.End-extent.Start))
	if err != nil {
		t.Fatal(err)
	}
	const size = 5 // e9 and a distance
	for at := range max(len(code)-size+1, 0) {
		distance := int64(int32(binary.LittleEndian.Uint32(code[at+1:])))
		if code[at] == 0xe9 && extent.Start+uint64(at)+size+uint64(distance) == other {
			return true
		}
	}
	return false
}

// Samples carry the op at work, and their stacks reach its own kernel or XNNPACK's run function; those of workers their
// thread's first function.
func TestSamples(t *testing.T) {
	for _, app := range []struct {
		name    string
		command []string
		workers bool
	}{
		{"LiteRT built-in", litert(t, model(t, "face_landmark"), "--invokes", "200", "--resolver", "builtin"), false},
		{"LiteRT built-in, 2 threads", litert(t, model(t, "face_landmark"), "--invokes", "200", "--resolver", "builtin", "--threads", "2"), true},
		{"LiteRT XNNPACK", litert(t, model(t, "face_landmark"), "--invokes", "500"), false},
		{"LiteRT XNNPACK int8, 2 threads", litert(t, model(t, "mobilenet_v2_int8"), "--invokes", "150", "--threads", "2"), true},
		{"TFLite 2.17.1", capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_float"), "--invokes", "40"), false},
		{"TFLite 2.17.1, 2 threads", capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_int8"), "--invokes", "40", "--workers", "2"), true},
		{"TFLite 2.17.1 XNNPACK", capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_float"), "--invokes", "150", "--xnnpack", "1"), false},
		{"TFLite 2.17.1 XNNPACK, 2 threads", capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_float"), "--invokes", "150", "--xnnpack", "2"), true},
	} {
		t.Run(app.name, func(t *testing.T) {
			r := recordCommand(t, app.command, "--sample", "999")
			s := readSamples(t, r.trace)
			t.Logf("%d samples in ops (%d of workers), %d outside; %d whole; of %d of threads with ops %d lead to the op's kernel or what that jumps to; broken: %v",
				s.inOps, s.workers, s.outside, s.whole, s.own, s.right, s.broken)
			if s.inOps < 100 {
				t.Fatalf("%d samples", s.inOps)
			}
			if s.whole*100 < s.inOps*95 {
				t.Errorf("%d of %d stacks are whole, want 95 %%", s.whole, s.inOps)
			}
			if s.right*100 < s.own*99 {
				t.Errorf("%d of %d stacks lead to the kernel of their op, want 99 %%", s.right, s.own)
			}
			if app.workers != (s.workers > 0) {
				t.Errorf("%d samples of workers", s.workers)
			}
			wantSamplesProfile(t, r, s)
		})
	}
}

// wantSamplesProfile checks that `edgexray pprof --samples` says what the trace does.
func wantSamplesProfile(t *testing.T, r recording, s sampled) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "samples.pb.gz")
	if got := finish(t, edgexray(t, "pprof", "--samples", r.trace, "-o", path)); got.status != 0 {
		t.Fatalf("pprof --samples: exit status %d\n%s", got.status, got.stderr)
	}
	e := parseProfile(t, path)
	total, broken := 0, 0
	for _, sample := range e.profile.Sample {
		total += int(sample.Value[0])
		if strings.Contains(strings.Join(frames(sample), "\n"), "[unwinding broke here: ") {
			broken += int(sample.Value[0])
		}
	}
	if total != s.inOps || broken != s.inOps-s.whole {
		t.Errorf("the profile has %d samples, %d of them broken, the trace %d and %d", total, broken, s.inOps, s.inOps-s.whole)
	}
	ops := 0
	for _, m := range r.ops(t).Models {
		for _, op := range append(m.Ops, m.Operators...) {
			ops += op.Samples
		}
	}
	if ops*100 < s.inOps*95 { // some belong to an op that did not end
		t.Errorf("`edgexray ops` has %d samples of %d", ops, s.inOps)
	}
	if top := e.tool(t, "-top", "-cum"); !strings.Contains(top, "Type: cpu\n") {
		t.Errorf("pprof doesn't show CPU time first:\n%s", top)
	}
}

// Where the unwind table is gone or wrong, a stack says that it is broken. None that is taken for whole leads anywhere but
// to its op's kernel.
func TestDamagedUnwindTable(t *testing.T) {
	for _, test := range []struct {
		name   string
		damage func([]byte)
	}{
		{"gone", func(table []byte) { clear(table) }},
		// DW_CFA_def_cfa_offset 16, as after one push, becomes 24.
		{"wrong", func(table []byte) { copy(table, bytes.ReplaceAll(table, []byte{0x0e, 0x10}, []byte{0x0e, 0x18})) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			library := damageSections(t, library(t, "2.17.1"), test.damage)
			app := capi(t, "2.17.1", "--library", library, "--model", model(t, "mobilenet_v2_float"), "--invokes", "30")
			s := readSamples(t, recordCommand(t, app, "--sample", "999").trace)
			t.Logf("%d samples, %d whole, broken: %v", s.inOps, s.whole, s.broken)
			if s.inOps < 100 || (s.inOps-s.whole)*2 < s.inOps {
				t.Errorf("of %d samples %d have stacks that are taken for whole", s.inOps, s.whole)
			}
			if s.right*100 < s.own*99 {
				t.Errorf("of %d stacks that are taken for whole %d lead to their op's kernel", s.own, s.right)
			}
		})
	}
}

// damageSections returns a copy of a library with a changed unwind table.
func damageSections(t *testing.T, path string, damage func([]byte)) string {
	t.Helper()
	b := read(t, path)
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".eh_frame", ".eh_frame_hdr"} {
		s := f.Section(name)
		damage(b[s.Offset : s.Offset+s.Size])
	}
	damaged := filepath.Join(t.TempDir(), "libtensorflowlite_c.so")
	if err := os.WriteFile(damaged, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return damaged
}

// Without samples there is no profile of them, and the reason is told.
func TestNoSamples(t *testing.T) {
	r := recordCommand(t, capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op"))
	got := finish(t, edgexray(t, "pprof", "--samples", r.trace, "-o", filepath.Join(t.TempDir(), "p")))
	if got.status == 0 || !strings.Contains(got.stderr, "--sample 999") {
		t.Errorf("exit status %d\n%s", got.status, got.stderr)
	}
}
