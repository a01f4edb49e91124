package test

import (
	"flag"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"testing"
)

var convictions = flag.Int("convictions", 0, "break so many nodes of each model in each way; 0: a few in all")

// experiments are models whose kernels are broken, and the ways in which a test breaks them; -convictions breaks them in all.
var experiments = []struct {
	model string
	ways  []string
}{
	{"mobilenet_v1_float", nil},
	{"mobilenet_v1_int8", nil},
	{"mobilenet_v1_int8_logits", nil},
	{"mobilenet_v2_float", []string{"tile", "overflow", "divisor"}},
	{"mobilenet_v2_int8", nil},
	{"mobilenet_v2_int8_logits", nil},
	{"mobilenet_v3_small_float", nil},
	{"mobilenet_v3_small_int8", nil},
	{"mobilenet_v3_small_int8_logits", []string{"zero-point", "rounding", "divisor", "channels"}},
	{"face_landmark", []string{"nan", "zeros", "channels"}},
	{"face_detection_short_range", nil},
	{"face_detection_full_range", nil},
	{"iris_landmark", nil},
	{"okay_nabu", []string{"saturation", "overflow", "tile"}},
	{"hey_jarvis", nil},
	{"if", nil},
	{"while", nil},
	{"dynamic", nil},
}

const wantConvicted = 0.98 // of the cases

// The node whose kernel is broken is named first, of all that its error spreads to.
func TestBrokenKernelsAreConvicted(t *testing.T) {
	counts := newTally()
	for _, e := range experiments {
		per, chosen := *convictions, e.ways
		if per == 0 && len(chosen) == 0 {
			continue
		}
		s := newSuspect(t, e.model)
		for _, way := range ways {
			if per == 0 && !slices.Contains(chosen, way.name) {
				continue
			}
			seed := fnv.New64()
			seed.Write([]byte(e.model + way.name))
			random := rand.New(rand.NewPCG(seed.Sum64(), 0))
			for _, p := range draw(s.breakable(way.fits), max(per, 1), random) {
				run, changed := s.broken(t, way.name, p)
				counts.add(e.model, way.name, p, changed, first(s.compare(t, run).Verdict))
				run.Close()
			}
		}
		t.Logf("%s done", e.model)
	}
	t.Logf("named first of cases that could be seen (and others):\n%v", counts)
	any := func(string, string) bool { return true }
	cases, convicted := total(counts.cases, any), total(counts.convicted, any)
	want := wantConvicted
	if *convictions == 0 {
		want = 1
	}
	if float64(convicted) < want*float64(cases) || cases == 0 {
		t.Errorf("%d of %d broken kernels were named first, want %g", convicted, cases, want)
	}
}
