package test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/edgexray/edgexray/test/apps"
)

// heapTruth is what a node's ops allocated, as a preloaded library counted it.
type heapTruth struct {
	Subgraph, Node           int
	Bytes, Count, Kept, Peak uint64
}

func preload(t testing.TB, name string) string {
	t.Helper()
	return builds.Once(t, name, func(t testing.TB) string { return apps.Preload(t, name) })
}

// withPreload has a command load a library before all others.
func withPreload(library string, command []string) []string {
	return append([]string{"env", "LD_PRELOAD=" + library}, command...)
}

// countMallocs runs the app with the library that counts, and no profiler.
func countMallocs(t *testing.T, app []string) map[place]heapTruth {
	t.Helper()
	command := withPreload(preload(t, "mallocs.c"), app)
	got := finish(t, exec.Command(command[0], command[1:]...))
	if got.status != 0 {
		t.Fatalf("run %q: exit status %d\n%s", command, got.status, got.stderr)
	}
	truth := make(map[place]heapTruth)
	for line := range strings.Lines(got.stdout) {
		if text, ok := strings.CutPrefix(line, "mallocs "); ok {
			var one heapTruth
			decode(t, text, &one)
			at := place{one.Subgraph, one.Node}
			one.Subgraph, one.Node = 0, 0
			truth[at] = one
		}
	}
	return truth
}

// heap returns what nodes allocated, those that allocated nothing left out.
func (r recording) heap(t *testing.T) map[place]heapTruth {
	t.Helper()
	result := r.ops(t)
	wantNothingLost(t, result)
	got := make(map[place]heapTruth)
	for _, op := range result.model(t).Ops {
		if op.Heap == nil {
			t.Fatalf("%s at %d:%d has no heap", op.Op, op.Subgraph, op.Node)
		}
		if op.Heap.Allocations == 0 {
			continue
		}
		at := place{op.Subgraph, op.Node}
		sum := got[at] // over its shapes
		got[at] = heapTruth{0, 0, sum.Bytes + op.Heap.Allocated, sum.Count + op.Heap.Allocations,
			sum.Kept + op.Heap.Kept, max(sum.Peak, op.Heap.Peak)}
	}
	return got
}

func wantHeap(t *testing.T, got, want map[place]heapTruth) {
	t.Helper()
	if len(want) == 0 {
		t.Error("nothing was allocated in any op")
	}
	for at, truth := range want {
		if got[at] != truth {
			t.Errorf("node %d:%d: %+v, want %+v", at.subgraph, at.index, got[at], truth)
		}
	}
	for at, one := range got {
		if _, known := want[at]; !known {
			t.Errorf("node %d:%d: %+v, want nothing", at.subgraph, at.index, one)
		}
	}
}

// What ops allocate is what a library that is preloaded instead of the recorder counts: with the allocator of libc, with
// another one, and where one calls the other.
func TestHeap(t *testing.T) {
	custom := []string{"--custom-op", "--allocate"}
	for _, test := range []struct {
		model string
		args  []string
	}{
		{"custom", custom}, {"dynamic", nil}, {"if", []string{"--invokes", "8"}}, {"while", nil},
		{"mobilenet_v3_small_int8", nil}, {"mobilenet_v2_float", []string{"--xnnpack", "1"}},
	} {
		for _, version := range []string{"2.9.0", "2.17.1"} {
			t.Run(test.model+"/"+version, func(t *testing.T) {
				app := capi(t, version, append([]string{"--model", model(t, test.model), "--invokes", "20", "--mallocs"}, test.args...)...)
				want := countMallocs(t, app)
				wantHeap(t, recordCommand(t, app, "--heap").heap(t), want)
				wantHeap(t, recordCommand(t, withPreload(preload(t, "allocator.c"), app), "--heap").heap(t), want)
			})
		}
	}
}

// Of two threads, each with an interpreter of its own, each op gets what its own thread allocated.
func TestHeapOfTwoThreads(t *testing.T) {
	for _, name := range []string{"custom", "dynamic"} {
		app := capi(t, "2.17.1", "--model", model(t, name), "--custom-op", "--allocate", "--mallocs", "--threads", "2", "--invokes", "200")
		want := make(map[place]heapTruth)
		for at, one := range countMallocs(t, app) { // it numbers the interpreters' subgraphs on
			at.subgraph = 0
			sum := want[at]
			want[at] = heapTruth{0, 0, sum.Bytes + one.Bytes, sum.Count + one.Count, sum.Kept + one.Kept, max(sum.Peak, one.Peak)}
		}
		wantHeap(t, recordCommand(t, app, "--heap").heap(t), want)
	}
}

// An app that runs already is attached to as one that is started.
func TestHeapOfRunningApp(t *testing.T) {
	const invokes = 5
	app := startApp(t, capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op", "--allocate", "--steps", "--invokes", fmt.Sprint(invokes)))
	app.step(t)
	recorder, r := startRecord(t, "--heap", "-p", app.pid())
	app.step(t)
	if got := recorder.stop(t); got.status != 0 {
		t.Fatalf("record: exit status %d\n%s", got.status, got.stdout)
	}
	if said := app.end(t); said.status != 0 {
		t.Fatalf("the app ended with %d:\n%s", said.status, said.stdout)
	}
	// As in capi.c.
	one := heapTruth{Bytes: 1065753 * invokes, Count: 8 * invokes, Kept: 77 * invokes, Peak: 1056453}
	wantHeap(t, r.heap(t), map[place]heapTruth{{0, 1}: one})
}

// The profile's samples say who asked, and add up to what the ops allocated.
func TestHeapProfile(t *testing.T) {
	app := capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op", "--allocate", "--invokes", "20")
	r := recordCommand(t, app, "--heap")
	var want heapTruth
	for _, one := range r.heap(t) {
		want.Bytes, want.Count, want.Kept = want.Bytes+one.Bytes, want.Count+one.Count, want.Kept+one.Kept
	}
	path := filepath.Join(t.TempDir(), "run.memory.pb.gz")
	if got := finish(t, edgexray(t, "pprof", "--memory", r.trace, "-o", path)); got.status != 0 {
		t.Fatalf("exit status %d\n%s", got.status, got.stderr)
	}
	p, err := profile.ParseData(read(t, path))
	if err != nil {
		t.Fatal(err)
	}
	types := make(map[string]int)
	for i, sampleType := range p.SampleType {
		types[sampleType.Type] = i
	}
	var sum heapTruth
	for _, s := range p.Sample {
		bytes := s.Value[types["alloc_space"]]
		sum.Bytes += uint64(bytes)
		sum.Kept += uint64(s.Value[types["kept_space"]])
		sum.Count += uint64(s.Value[types["alloc_objects"]])
		stack := frames(s)
		if bytes > 0 && (stack[len(stack)-1] != "allocate" || !slices.Contains(stack, "EdgexrayTestCustom")) {
			t.Errorf("%d bytes asked for by %q", bytes, stack)
		}
	}
	if sum != want {
		t.Errorf("the profile adds up to %+v, the ops to %+v", sum, want)
	}
}

// Without --heap nothing is told, and nothing is probed for it.
func TestHeapOff(t *testing.T) {
	r := recordCommand(t, capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op", "--allocate"))
	for _, op := range r.ops(t).model(t).Ops {
		if op.Heap != nil {
			t.Errorf("%s has a heap: %+v", op.Op, op.Heap)
		}
	}
	if got := finish(t, edgexray(t, "ops", "--memory", r.trace)); got.status != 0 || strings.Contains(got.stdout, "allocated") {
		t.Errorf("exit status %d\n%s", got.status, got.stdout)
	}
}
