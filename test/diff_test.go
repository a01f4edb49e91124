package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The parts of docs/diff-json.md that tests look at.
type diffJSON struct {
	Verdict struct{ Status, Why string }
	Models  []struct {
		MatchedBy string       `json:"matched_by"`
		Ops       []diffOpJSON `json:"ops"`
		BaseOnly  []sideOpJSON `json:"base_only"`
		NewOnly   []sideOpJSON `json:"new_only"`
		BaseRuns  []struct {
			Invokes int
			Clean   int `json:"clean_invokes"`
			Apart   map[string]int
		} `json:"base_runs"`
	}
}

type diffOpJSON struct {
	How       string
	Base, New []sideOpJSON
	BaseNS    float64 `json:"base_ns"`
	NewNS     float64 `json:"new_ns"`
}

type sideOpJSON struct {
	Node     int
	Nodes    []int
	Op       string
	Delegate string
}

// Ops of real runtimes find their counterparts: in another release of the library, in another one's kernels, and where a
// delegate took them over. What they took is not the question here.
func TestDiffMatches(t *testing.T) {
	invokes := []string{"--invokes", "8"}
	for _, c := range []struct {
		name      string
		base, new []string
		nodes     int
		how       []string // the rows' differences
	}{
		{"the same", capi(t, "2.17.1", "--model", model(t, "face_landmark")), capi(t, "2.17.1", "--model", model(t, "face_landmark")), 97, []string{""}},
		{"another version", capi(t, "2.9.0", "--model", model(t, "face_landmark")), capi(t, "2.17.1", "--model", model(t, "face_landmark")), 97, []string{""}},
		{"now delegated", litert(t, model(t, "mobilenet_v2_int8"), "--resolver", "builtin"), litert(t, model(t, "mobilenet_v2_int8")), 65, []string{"now delegated to TfLiteXNNPackDelegate", ""}},
		{"delegated in another version", litert140(t, model(t, "mobilenet_v2_int8")), litert(t, model(t, "mobilenet_v2_int8")), 65, []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, new := recordCommand(t, append(c.base, invokes...)), recordCommand(t, append(c.new, invokes...))
			var got diffJSON
			readJSON(t, edgexray(t, "diff", base.trace, new.trace, "--json"), &got)
			if got.Verdict.Status != "not enough data" || !strings.Contains(got.Verdict.Why, "it takes 5 a side") && !strings.Contains(got.Verdict.Why, "set apart") {
				t.Errorf("verdict %+v of one run a side", got.Verdict)
			}
			if len(got.Models) != 1 || got.Models[0].MatchedBy != "sha256" {
				t.Fatalf("models %+v", got.Models)
			}
			m := got.Models[0]
			var how []string
			done := make(map[string]bool) // nodes, on either side
			for _, o := range m.Ops {
				if !slices.Contains(how, o.How) {
					how = append(how, o.How)
				}
				if o.BaseNS <= 0 || o.NewNS <= 0 {
					t.Errorf("%v took %g and %g ns", o.Base, o.BaseNS, o.NewNS)
				}
				for side, ops := range map[string][]sideOpJSON{"base": o.Base, "new": o.New} {
					for _, of := range ops {
						for _, n := range of.Nodes {
							done[fmt.Sprint(side, n)] = true
						}
					}
				}
			}
			if !slices.Equal(how, c.how) {
				t.Errorf("rows differ by %q, want %q", how, c.how)
			}
			for n := range c.nodes {
				if !done[fmt.Sprint("base", n)] || !done[fmt.Sprint("new", n)] {
					t.Errorf("node %d is not compared", n)
				}
			}
			if r := m.BaseRuns[0]; r.Invokes != 8 || r.Clean+r.Apart["cold"]+r.Apart["preempted"]+r.Apart["migrated"]+r.Apart["read from a file"] != 8 || r.Apart["cold"] != 1 {
				t.Errorf("base's run %+v", r)
			}
			for _, o := range append(m.BaseOnly, m.NewOnly...) {
				if o.Delegate == "" {
					t.Errorf("%+v has no counterpart", o)
				}
			}
		})
	}
}
