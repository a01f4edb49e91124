package analyze

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/trace"
)

// heapTrace is a trace of two nodes: of 1 twice, first described with a shape that it didn't have when it returned, and
// of 2. missing is why allocations aren't told.
func heapTrace(t *testing.T, missing string) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := trace.NewWriter(&file, &trace.Header{Followed: []*trace.Followed{{Part: "heap", Missing: missing}}})
	if err != nil {
		t.Fatal(err)
	}
	output := func(shape ...int32) []*trace.Tensor { return []*trace.Tensor{{Index: 1, Shape: shape}} }
	frames := []*trace.StackFrame{{Runtime: 1, Address: 0x1234}, {Runtime: 1, Address: 0x5678, Symbol: "Eval"}, {Address: 0x7000}}
	described := []trace.Description{
		&trace.Process{Id: 1, Pid: 7, Name: "app"}, &trace.Thread{Id: 1, Process: 1}, &trace.Subgraph{Id: 1, Process: 1},
		&trace.Runtime{Id: 1, Path: "/lib/libapp.so"},
		&trace.Node{Id: 1, Subgraph: 1, Index: 0, Op: "WHERE", Outputs: output()},
		&trace.HeapSite{Id: 1, Node: 1, Frames: frames, Complete: true},
		&trace.HeapUse{Site: 1, Bytes: 10, Count: 1, Kept: 10}, // replaced later
		&trace.Node{Id: 2, Subgraph: 1, Index: 0, Op: "WHERE", Outputs: output(2)},
		&trace.HeapUse{Node: 2, Bytes: 100, Count: 1, Kept: 100, Peak: 100},
		&trace.Node{Id: 3, Subgraph: 1, Index: 0, Op: "WHERE", Outputs: output(2), Version: 2}, // of the same shape: one row
		&trace.HeapUse{Node: 3, Bytes: 30, Count: 2, Kept: 20, Peak: 25},
		&trace.Node{Id: 4, Subgraph: 1, Index: 1, Op: "ADD"},
		&trace.HeapSite{Id: 2, Node: 99}, // not described
		&trace.HeapUse{Site: 1, Bytes: 130, Count: 3, Kept: 120},
	}
	errs := []error{}
	for _, d := range described {
		errs = append(errs, w.Describe(d))
	}
	for i, node := range []uint32{2, 4, 3, 4} {
		errs = append(errs, w.AddOp(trace.Op{Thread: 1, Node: node, Start: uint64(i * 100), Duration: 50}))
	}
	errs = append(errs, w.Flush(1), w.Describe(&trace.HeapUse{Node: 2, Bytes: 1000, Count: 2, Kept: 100, Peak: 900}), w.Close(&trace.End{}))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestHeap(t *testing.T) {
	result := ops(t, heapTrace(t, ""), Options{})
	var got []*OpHeap
	for _, op := range result.Models[0].Ops {
		got = append(got, op.Heap)
	}
	want := []*OpHeap{{Allocated: 1030, Kept: 120, Peak: 900, Allocations: 4}, {}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	sites := result.HeapSites()
	if len(sites) != 1 {
		t.Fatalf("%d sites: %+v", len(sites), sites)
	}
	s := sites[0]
	if s.Op != result.Models[0].Ops[0] || !s.Complete || s.Allocated != 130 || s.Kept != 120 || s.Allocations != 3 {
		t.Errorf("site %+v", s)
	}
	var functions []string
	for _, f := range s.Frames {
		functions = append(functions, f.Function)
	}
	if want := []string{"libapp.so+0x1234", "Eval", "unknown+0x7000"}; !slices.Equal(functions, want) {
		t.Errorf("frames %q, want %q", functions, want)
	}
}

func TestHeapNotRecorded(t *testing.T) {
	result := ops(t, heapTrace(t, "not asked for"), Options{})
	for _, op := range result.Models[0].Ops {
		if op.Heap != nil || result.Recording.Follows(HeapPart) {
			t.Errorf("%s: %+v", op.Op, op.Heap)
		}
	}
}
