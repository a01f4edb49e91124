package test

import (
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/trace"
)

// What an op reads from a variable is judged by what another assigned to it, and handles are not missed.
func TestVariables(t *testing.T) {
	s := newSuspect(t, "okay_nabu")
	command := append(edge(t, s.path), "--invokes", "3")
	healthy := snapshotCommand(t, command)
	if strings.Contains(healthy.stderr, "without data") {
		t.Errorf("data is missed that isn't there:\n%s", healthy.stderr)
	}
	if listed := finish(t, edgexray(t, "tensors", healthy.file)); strings.Contains(strings.ToLower(listed.stdout), "missing") ||
		!strings.Contains(listed.stdout, "a handle, which has no data") {
		t.Errorf("it lists\n%s", listed.stdout)
	}
	r := s.compare(t, healthy.whole(t))
	if v := r.Verdict; v.Status != compare.WithinTolerance || v.NotAlone != 0 {
		t.Errorf("%v, %d of %d ops not judged alone: %v", v.Status, v.NotAlone, v.NotAlone+v.Right, r.Problems)
	}

	victim := s.breakable(func(n *trace.Node) bool { return n.Op == "READ_VARIABLE" })[2]
	for _, command := range [][]string{command, edge(t, s.path)} { // the first invoke reads what the model begins with
		run := breaking(t, command, "LD_PRELOAD="+brokenLibrary(t), "EDGEXRAY_BREAK=overflow "+victim.String())
		if v := s.compare(t, run.whole(t)).Verdict; len(v.Guilty) != 1 || v.Guilty[0].Node != victim.node {
			t.Errorf("%v was broken, guilty are %+v", victim, v.Guilty)
		}
	}
}
