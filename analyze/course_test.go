package analyze

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A course holds every run, whatever its length, and two of them merge as if all runs had come to one.
func TestCourse(t *testing.T) {
	var all, early, late Course
	for i := range uint64(1000) {
		at, took := i*i*100_000, 10+i
		all.add(at, took)
		if i < 100 {
			early.add(at, took)
		} else {
			late.add(at, took)
		}
	}
	if len(all.Slices) > courseSlices || len(all.Slices) <= courseSlices/2 {
		t.Errorf("%d slices", len(all.Slices))
	}
	var sum Slice
	for _, s := range all.Slices {
		sum.Count += s.Count
		sum.SumNS += s.SumNS
	}
	if want := (Slice{1000, 999*1000/2 + 10*1000}); sum != want {
		t.Errorf("holds %+v, want %+v", sum, want)
	}
	for _, merged := range []func() *Course{
		func() *Course { early.merge(&late); return &early },
		func() *Course { var empty Course; empty.merge(&early); return &empty },
		func() *Course { early.merge(new(Course)); return &early },
	} {
		if diff := cmp.Diff(all, *merged()); diff != "" {
			t.Error(diff)
		}
	}
}
