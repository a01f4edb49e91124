package test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// counts returns how often each op of the only model ran.
func (r recording) counts(t testing.TB) map[string]int {
	t.Helper()
	counts := make(map[string]int)
	for _, m := range r.ops(t).Models {
		for _, op := range slices.Concat(m.Ops, m.Operators) {
			counts[fmt.Sprint(op.Subgraph, ":", op.Node, "/", op.OperatorIndex, " ", op.Op)] += op.Count
		}
	}
	return counts
}

// Without return probes the same ops are recorded, nested ones within theirs, and none takes longer than its invoke.
func TestEntryOnly(t *testing.T) {
	for _, test := range []struct{ model, library string }{
		{"face_landmark", "2.17.1"}, {"if", "2.17.1"}, {"while", "2.17.1"}, {"mobilenet_v2_int8", "2.9.0"},
	} {
		t.Run(test.model, func(t *testing.T) {
			app := capi(t, test.library, "--model", model(t, test.model), "--invokes", "50", "--sleep", "0")
			full, entries := recordCommand(t, app), recordCommand(t, app, "--entry-only")
			if want, got := full.counts(t), entries.counts(t); !maps.Equal(want, got) {
				t.Errorf("ops %v, with return probes %v", got, want)
			}
			result := entries.ops(t)
			if len(result.Lost) > 0 {
				t.Errorf("lost %v", result.Lost)
			}
			var inferred, longest uint64
			for _, m := range result.Models {
				for _, op := range m.Ops {
					inferred += op.EndsInferred
					longest = max(longest, op.Wall.Max)
					if strings.HasPrefix(op.Op, "IF") && op.EndsInferred > 0 {
						t.Errorf("%s runs a subgraph, and ended with the next op %d times", op.Op, op.EndsInferred)
					}
				}
				if longest > m.InvokeWall.Max {
					t.Errorf("an op took %d ns, the longest invoke %d", longest, m.InvokeWall.Max)
				}
			}
			if inferred == 0 && test.model != "if" {
				t.Error("every op was seen to return")
			}
		})
	}
}

// Sums tell of the same ops; agent's tests compare sums and ops of one run.
func TestAggregate(t *testing.T) {
	app := litert(t, model(t, "face_landmark"), "--invokes", "60")
	full, summed := recordCommand(t, app), recordCommand(t, app, "--aggregate")
	if want, got := full.counts(t), summed.counts(t); !maps.Equal(want, got) {
		t.Errorf("ops %v, recorded one by one %v", got, want)
	}
	result := summed.ops(t)
	if result.Recording.AggregateError == 0 || len(result.Lost) > 0 {
		t.Errorf("error %v, lost %v", result.Recording.AggregateError, result.Lost)
	}
	for _, m := range result.Models {
		if m.Invokes != 60 {
			t.Errorf("%d invokes", m.Invokes)
		}
		var share float64
		for _, op := range slices.Concat(m.Ops, m.Operators) {
			share += op.Share
		}
		if share < 0.999 || share > 1.001 {
			t.Errorf("shares add up to %v", share)
		}
	}
}

// A budget is kept by recording whole invokes in turns, XNNPACK's operators or not.
func TestBudget(t *testing.T) {
	t.Run("built-in", func(t *testing.T) { testBudget(t, 1200, 97) })
	t.Run("XNNPACK", func(t *testing.T) { testBudget(t, 5000, 1, "--xnnpack", "1") })
}

func testBudget(t *testing.T, invokes, ops int, args ...string) {
	app := capi(t, "2.17.1", append(args, "--model", model(t, "face_landmark"), "--invokes", fmt.Sprint(invokes))...)
	// An app that others keep from running for most of the time pays less than its budget, and is never left alone.
	result := recordCommand(t, undisturbed(app), "--budget", "0.5%").ops(t)
	if len(result.Lost) > 0 {
		t.Errorf("lost %v", result.Lost)
	}
	rec := result.Recording
	t.Logf("%.1f of %.1f s recorded, at a cost of %.2f %%", float64(result.Duration-rec.GapsNS)/1e9, float64(result.Duration)/1e9,
		100*float64(rec.CostNS)/float64(result.Duration))
	if rec.Budget != 0.005 || rec.GapsNS == 0 {
		t.Errorf("a budget of %v, %d ns without recording", rec.Budget, rec.GapsNS)
	}
	for _, m := range result.Models {
		if m.OpsPerInvoke != ops || m.Invokes == 0 || m.Invokes >= invokes {
			t.Errorf("%d of %d invokes of %d ops", m.Invokes, invokes, m.OpsPerInvoke)
		}
		if whole := m.Invokes - m.InvokesPartial; whole < m.Invokes/2 {
			t.Errorf("%d of %d recorded invokes are whole", whole, m.Invokes)
		}
	}
}

func TestOnly(t *testing.T) {
	app := capi(t, "2.17.1", "--model", model(t, "face_landmark"), "--invokes", "40")
	ops := func(r recording) (nodes []int) {
		for _, m := range r.ops(t).Models {
			for _, op := range m.Ops {
				nodes = append(nodes, op.Node)
			}
		}
		return nodes
	}
	if got, want := ops(recordCommand(t, app, "--only", "3,12-14,0:20")), []int{3, 12, 13, 14, 20}; !slices.Equal(got, want) {
		t.Errorf("nodes %v, of %v", got, want)
	}
	for _, m := range recordCommand(t, app, "--only", "max_pool_2d").ops(t).Models {
		for _, op := range m.Ops {
			if op.Op != "MAX_POOL_2D" || op.Count < 39 { // the first one may run while the others' probes are removed
				t.Errorf("%s ran %d times", op.Op, op.Count)
			}
		}
	}
	delegated := recordCommand(t, capi(t, "2.17.1", "--model", model(t, "face_landmark"), "--invokes", "40", "--xnnpack", "1"), "--only", "max_pool_2d")
	operators := delegated.ops(t).model(t).Operators
	for _, op := range operators {
		if op.Op != "MAX_POOL_2D" || op.Count != 40 {
			t.Errorf("%s, an operator, ran %d times", op.Op, op.Count)
		}
	}
	if len(operators) == 0 {
		t.Error("no operator stands for a MAX_POOL_2D")
	}
	other := record(t, "--library", library(t, "2.17.1"), "--only", "process=no-such-app", "-d", "1s")
	if other.status != 4 {
		t.Errorf("without such a process: exit status %d\n%s", other.status, other.stderr)
	}
	if bad := record(t, "--only", "5-3", "--", "true"); bad.status != 2 {
		t.Errorf("nodes 5-3: exit status %d\n%s", bad.status, bad.stderr)
	}
}

// Ways to record that don't go together are refused before anything is recorded, with what to do.
func TestClashes(t *testing.T) {
	for _, flags := range [][]string{
		{"--heap", "--entry-only"}, {"--heap", "--aggregate"}, {"--heap", "--budget", "1%"}, {"--sample", "99", "--budget", "1%"},
		{"--aggregate", "--budget", "1%"}, {"--entry-only", "--only", "CONV_2D"}, {"--only", "process=app"},
	} {
		r := record(t, append(flags, "--", "true")...)
		if r.status != 2 || !strings.Contains(r.stderr, strings.Split(flags[0], "=")[0]) {
			t.Errorf("%v: exit status %d\n%s", flags, r.status, r.stderr)
		}
	}
}

// An op that no model has is told from an app that ran none.
func TestOnlyWithoutMatch(t *testing.T) {
	app := capi(t, "2.17.1", "--model", model(t, "face_landmark"))
	r := record(t, append([]string{"--only", "CONV2D", "--"}, app...)...)
	if r.status != 4 || !strings.Contains(r.stderr, "CONV_2D") {
		t.Errorf("exit status %d\n%s", r.status, r.stderr)
	}
}
