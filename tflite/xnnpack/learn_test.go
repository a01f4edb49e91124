package xnnpack

import (
	"errors"
	"slices"
	"testing"
)

// read returns the sample of a release's memory, after change.
func (r release) read(t *testing.T, change func(slots []slot)) Sample {
	t.Helper()
	g := testGraph()
	memory, operators := r.memory(g)
	runtime, err := Read(memory, base, operators)
	if err != nil {
		t.Fatal(err)
	}
	for i := range runtime.slots {
		runtime.slots[i].memory = slices.Clone(runtime.slots[i].memory)
	}
	if change != nil {
		change(runtime.slots)
	}
	return Sample{Runtime: runtime, Graph: g}
}

// An operator without a bias has no value in its place.
func TestWithoutBias(t *testing.T) {
	r := releases[0]
	s := r.read(t, func(slots []slot) { le.PutUint32(slots[3].memory[r.inputs+4:], noValue) })
	l, err := Learn([]Sample{s})
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range s.Map(l) {
		if m.Confidence == Unknown {
			t.Errorf("operator %d is unknown", i)
		}
	}
}

// A delegate node that holds something else where others have ids doesn't keep them from being mapped.
func TestSetAside(t *testing.T) {
	for _, r := range releases {
		good := r.read(t, nil)
		bad := r.read(t, func(slots []slot) {
			for _, at := range []int{r.inputs - r.first, r.outputs - r.first} {
				le.PutUint32(slots[3].memory[at:], 1<<20)
			}
		})
		want, _ := Learn([]Sample{good})
		if got, err := Learn([]Sample{bad, good}); err != nil || got != want {
			t.Errorf("%s: learned %+v (%v), want %+v", r.name, got, err, want)
		}
		if l, err := Learn([]Sample{bad, bad, good}); err == nil && l != want {
			t.Errorf("%s: learned %+v though most contradict it", r.name, l)
		}
	}
}

func TestNotLearned(t *testing.T) {
	r := releases[1]
	few := r.read(t, nil)
	few.Runtime.slots = few.Runtime.slots[:1]
	if _, err := Learn([]Sample{few}); !errors.Is(err, ErrFew) {
		t.Errorf("one operator: %v", err)
	}
	unlike := r.read(t, func(slots []slot) {
		for i := range slots {
			clear(slots[i].memory)
		}
	})
	elsewhere := r.read(t, nil)
	clear(elsewhere.Runtime.values)
	other := r.read(t, nil)
	other.Names = slices.Repeat([]string{"Max Pooling (NHWC, F32)"}, len(other.Runtime.slots)) // no node does that
	said := make(map[string]bool)
	for _, s := range []Sample{unlike, elsewhere, other} {
		_, err := Learn([]Sample{s})
		if err == nil || errors.Is(err, ErrFew) || said[err.Error()] {
			t.Errorf("8 operators: %v", err)
			continue
		}
		said[err.Error()] = true
	}
}
