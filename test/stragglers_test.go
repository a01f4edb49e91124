package test

import (
	"slices"
	"testing"

	"github.com/edgexray/edgexray/test/apps"
)

// stragglersJSON is the part of docs/stragglers-json.md that tests look at.
type stragglersJSON struct {
	Stragglers []struct {
		Subgraph, Node int
		Cause          string
		ExcessNS       uint64 `json:"excess_ns"`
	}
	Findings []struct {
		Cause      string
		Confidence float64
	}
	Against []struct {
		Losses []struct{ Op, Cause string }
	}
}

func (r recording) stragglers(t testing.TB, flags ...string) (result stragglersJSON) {
	t.Helper()
	readJSON(t, edgexray(t, append([]string{"stragglers", r.trace, "--json"}, flags...)...), &result)
	return result
}

// delayed is a command whose kernels are delayed, as test/apps/sources/delay.c says. Functions are always at the same places in
// memory: those that the library puts in place of others are named by where they are.
func delayed(t testing.TB, delay string, command []string) []string {
	library := builds.Once(t, "delay.so", apps.Delay)
	return append([]string{"setarch", "-R", "env", "LD_PRELOAD=" + library, "EDGEXRAY_DELAY=" + delay}, command...)
}

// An op that takes 11 times as long as it should is named before all others.
func TestDelayedOpIsNamedFirst(t *testing.T) {
	for _, c := range []struct {
		runtime string
		app     []string
		node    int // takes a hundredth of an invoke or more
		delay   string
	}{
		{"TFLite", capi(t, "2.17.1", "--model", model(t, "mobilenet_v1_float"), "--invokes", "20"), 12, "busy 1000 0:12"},
		{"LiteRT", litert(t, model(t, "mobilenet_v2_int8"), "--resolver", "builtin", "--invokes", "20"), 14, "busy 1000 0:14"},
	} {
		t.Run(c.runtime, func(t *testing.T) {
			result := recordCommand(t, undisturbed(delayed(t, c.delay, c.app))).stragglers(t)
			if len(result.Stragglers) == 0 || result.Stragglers[0].Node != c.node {
				t.Errorf("named were %+v, want node %d first", result.Stragglers, c.node)
			}
			for _, s := range result.Stragglers[:min(len(result.Stragglers), 1)] {
				if s.Cause != "unexplained" {
					t.Errorf("it takes longer for no reason that a trace shows, and is called %s", s.Cause)
				}
			}
		})
	}
}

// What slows down one op is named.
func TestCausesOfAnOp(t *testing.T) {
	v3 := func(invokes string) []string {
		return capi(t, "2.17.1", "--model", model(t, "mobilenet_v3_small_float"), "--invokes", invokes)
	}
	const node = 11 // CONV_2D, a twentieth of an invoke
	for _, c := range []struct {
		cause, delay, invokes string
	}{
		{"blocked", "lock 300", "50"},
		{"blocked", "sleep 300", "50"},
		{"faults", "fault 300", "50"},
		{"bimodal", "alternate 400", "60"},
		{"drift", "grow 600", "250"},
	} {
		t.Run(c.delay, func(t *testing.T) {
			result := recordCommand(t, undisturbed(delayed(t, c.delay+" 0:11", v3(c.invokes)))).stragglers(t)
			for _, s := range result.Stragglers {
				if s.Node == node {
					if s.Cause != c.cause {
						t.Errorf("its cause is called %s, not %s", s.Cause, c.cause)
					}
					return
				}
			}
			t.Errorf("named were %+v, not node %d", result.Stragglers, node)
		})
	}
}

// What slows down a model as a whole is found.
func TestCausesOfAModel(t *testing.T) {
	path := func(name string) string { return model(t, name) }
	for _, c := range []struct {
		cause   string
		command []string
		hog     bool
	}{
		{"reference kernel", undisturbed(litert(t, path("mobilenet_v3_small_float"), "--resolver", "builtin_ref", "--invokes", "5")), false},
		{"not delegated", undisturbed(litert(t, path("mobilenet_v3_small_int8"), "--invokes", "20")), false},
		{"partitions", undisturbed(litert(t, path("okay_nabu"), "--invokes", "1000")), false},
		{"no delegate", undisturbed(capi(t, "2.17.1", "--model", path("mobilenet_v1_int8"), "--invokes", "10", "--xnnpack", "1", "--only-float")), false},
		{"memory-bound", undisturbed(litert(t, path("mobilenet_v3_small_float"), "--invokes", "50")), false},
		{"cold start", undisturbed(capi(t, "2.17.1", "--model", path("mobilenet_v2_float"), "--invokes", "1")), false},
		{"thread imbalance", onCore("0", litert(t, path("mobilenet_v1_float"), "--threads", "4", "--invokes", "20")), false},
		{"preempted", onCore("0", capi(t, "2.17.1", "--model", path("mobilenet_v1_float"), "--invokes", "20")), true},
	} {
		t.Run(c.cause, func(t *testing.T) {
			if c.hog {
				hog(t, "0")
			}
			var causes []string
			for range 3 { // what else runs on the machine takes cores and memory from the app, and changes what it is bound by
				causes = nil
				for _, f := range recordCommand(t, c.command).stragglers(t).Findings {
					causes = append(causes, f.Cause)
				}
				if slices.Contains(causes, c.cause) {
					return
				}
			}
			t.Errorf("found were %v", causes)
		})
	}
}

// Where a model takes longer than in another form, what it loses most by is named, with why.
func TestCausesAgainstATwin(t *testing.T) {
	for _, c := range []struct{ resolver, cause string }{{"builtin", "slow type"}, {"default", "not delegated"}} {
		t.Run(c.cause, func(t *testing.T) {
			form := func(name string) recording {
				return recordCommand(t, undisturbed(litert(t, model(t, "mobilenet_v3_small_"+name), "--resolver", c.resolver, "--invokes", "40")))
			}
			result := form("int8").stragglers(t, "--against", form("float").trace)
			if len(result.Against) != 1 || len(result.Against[0].Losses) == 0 {
				t.Fatalf("compared were %+v", result.Against)
			}
			if worst := result.Against[0].Losses[0]; worst.Op != "HARD_SWISH" || worst.Cause != c.cause {
				t.Errorf("it lost most by %+v, not by HARD_SWISH for %s", worst, c.cause)
			}
		})
	}
}
