package diff

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// statuses are the changes that became slower or faster, by what they are of.
func statuses(m *Model) []string {
	var all []string
	c := comparison{Model: m}
	for _, change := range c.all() {
		if change.Status == Slower || change.Status == Faster {
			all = append(all, fmt.Sprintf("%s %d: %s", change.Name, change.Node, change.Status))
		}
	}
	return all
}

func TestDiff(t *testing.T) {
	scale := func(by float64, nodes ...int) func(*tracetest.App) {
		return func(a *tracetest.App) {
			for i := range a.Times {
				if len(nodes) == 0 || slices.Contains(nodes, i) {
					a.Times[i] *= by
				}
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*tracetest.App)
		status Status
		want   []string // among statuses
		none   string   // not in any of them
	}{
		{"the same", func(*tracetest.App) {}, NoRegression, nil, ":"},
		{"one op slower", scale(1.05, 6), Regression, []string{"CONV_2D 6: slower"}, "ADD"},
		{"one op faster", scale(0.9, 4), NoRegression, []string{"ADD 4: faster"}, "slower"},
		{"everything slower", scale(1.1), Regression, []string{"invoke -1: slower", "all ops -1: slower", "common -1: slower", "CONV_2D 0: slower", "DEPTHWISE_CONV_2D 11: slower"}, "faster"},
		{"less than the threshold", scale(1.02, 6), NoRegression, nil, ":"},
		{"one op of everything faster", func(a *tracetest.App) { scale(1.1)(a); scale(0.8, 5)(a) }, Regression, []string{"invoke -1: slower", "DEPTHWISE_CONV_2D 5: faster"}, "ADD 4: faster"},
	} {
		t.Run(c.name, func(t *testing.T) {
			new := tracetest.NewApp(2)
			c.change(new)
			r, m := compared(t, tracetest.NewApp(1), new)
			got := statuses(m)
			if r.Verdict.Status != c.status || m.Verdict.Status != c.status {
				t.Errorf("%s and %s, want %s", r.Verdict.Status, m.Verdict.Status, c.status)
			}
			for _, want := range c.want {
				if !slices.Contains(got, want) {
					t.Errorf("%q is not among %q", want, got)
				}
			}
			if c.none != "" && strings.Contains(strings.Join(got, "; "), c.none) {
				t.Errorf("%q is in %q", c.none, got)
			}
		})
	}
}

// The change is what was made, and its interval holds it.
func TestChangeSize(t *testing.T) {
	new := tracetest.NewApp(2)
	new.Times[7] *= 1.2
	_, m := compared(t, tracetest.NewApp(1), new)
	c := m.Ops[7]
	if math.Abs(c.Change-0.2) > 0.02 || c.Low > 0.2 || c.High < 0.2 || c.Low > c.Change || c.High < c.Change || math.Abs(c.Total-0.2) > 0.05 {
		t.Errorf("20%% more is told as %+v", c)
	}
	if c.P > 0.01 || c.MannWhitneyP > 0.01 || c.RunsNeeded < 5 || c.RunsNeeded > 20 {
		t.Errorf("p %g and %g, %d runs needed", c.P, c.MannWhitneyP, c.RunsNeeded)
	}
	if r := c.NewNS / c.BaseNS; math.Abs(r-1.2) > 0.05 || math.Abs(c.NewMedianNS/c.BaseMedianNS-1.2) > 0.05 {
		t.Errorf("%g to %g ns, medians %g to %g", c.BaseNS, c.NewNS, c.BaseMedianNS, c.NewMedianNS)
	}
	if m.ByKernel[1].Name != "add::Eval" || m.ByKernel[1].Count != 4 || m.ByOp[1].Name != "ADD FLOAT32" {
		t.Errorf("sums are of %s (%d) and %s", m.ByKernel[1].Name, m.ByKernel[1].Count, m.ByOp[1].Name)
	}
}

func TestNotEnoughData(t *testing.T) {
	for _, c := range []struct {
		runs   int
		change func(*tracetest.App)
		why    string
	}{
		{1, func(*tracetest.App) {}, "1 and 1 runs count, and it takes 5 a side"},
		{4, func(*tracetest.App) {}, "4 and 4 runs count, and it takes 5 a side"},
		{5, func(a *tracetest.App) { a.Header.AggregateOctave = 8 }, "all runs of new were set apart: its ops were summed up"},
		{5, func(a *tracetest.App) { a.Invokes = 4 }, "too few clean executions: of 4 invokes 1 cold"},
	} {
		t.Run(c.why, func(t *testing.T) {
			base, new := tracetest.NewApp(1), tracetest.NewApp(2)
			base.Processes, new.Processes = c.runs, c.runs
			new.Times[3] *= 1.5
			c.change(new)
			r, m := compared(t, base, new)
			if r.Verdict.Status != NotEnoughData || !strings.Contains(r.Verdict.Why, c.why) {
				t.Errorf("verdict %+v", r.Verdict)
			}
			if o := m.Ops[3]; math.Abs(o.Change-0.5) > 0.05 || o.Low < 0.4 || o.High > 0.6 || o.Status != NotJudged {
				t.Errorf("the change is not shown: %+v", o)
			}
		})
	}
}

// Runs that others disturbed don't count, whatever they took.
func TestSetApart(t *testing.T) {
	followed := []*trace.Followed{{Part: "scheduling"}, {Part: "preemption"}}
	for _, c := range []struct {
		name string
		paid trace.Paid
		want string
	}{
		{"preempted", trace.Paid{Preempted: 100_000, OffCPU: 100_000}, "29 preempted"},
		{"migrated", trace.Paid{Migrations: 1}, "29 migrated"},
		{"read", trace.Paid{MajorFaults: 1}, "29 read from a file"},
		{"throttled", trace.Paid{KHz: 1_000_000}, "throttled: its cores ran at 1000 MHz on average, those of another run at 2000"},
		{"on a slow core", trace.Paid{Core: 1, KHz: 2_000_000}, "29 other core"},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, new := tracetest.NewApp(1), tracetest.NewApp(2)
			for _, a := range []*tracetest.App{base, new} {
				a.Processes = 6
				a.Header.Followed = followed
				a.Header.Cores = []*trace.Core{{Capacity: 1024}, {Capacity: 400}}
				a.Paid = func(int, int) trace.Paid { return trace.Paid{KHz: 2_000_000} }
			}
			new.Paid = func(process, invoke int) trace.Paid {
				if process == 2 {
					return c.paid
				}
				return trace.Paid{KHz: 2_000_000}
			}
			r, m := compared(t, base, new)
			if r.Verdict.Status != NoRegression {
				t.Errorf("verdict %+v", r.Verdict)
			}
			for i, run := range append(m.BaseRuns, m.NewRuns...) {
				if apart := run.SetApart != ""; apart != (i == 6+2) || apart && !strings.Contains(run.SetApart, c.want) {
					t.Errorf("run %d is set apart: %q", i, run.SetApart)
				}
			}
		})
	}
}

// Of a run in which other threads had the core now and then, the other invokes count.
func TestDisturbedInvokesAreSetApart(t *testing.T) {
	base, new := tracetest.NewApp(1), tracetest.NewApp(2)
	new.Header.Followed = []*trace.Followed{{Part: "scheduling"}, {Part: "preemption"}}
	new.Paid = func(process, invoke int) trace.Paid {
		if invoke%3 == 0 {
			return trace.Paid{}
		}
		return trace.Paid{Preempted: 200_000, OffCPU: 200_000}
	}
	r, m := compared(t, base, new)
	if r.Verdict.Status != NoRegression {
		t.Errorf("verdict %+v", r.Verdict)
	}
	if run := m.NewRuns[0]; run.SetApart != "" || run.CleanInvokes != 9 || run.Apart["preempted"] != 20 || run.Apart["cold"] != 1 {
		t.Errorf("run %+v", run)
	}
}

// One that all runs on slow cores is judged there.
func TestAllOnSlowCores(t *testing.T) {
	base, new := tracetest.NewApp(1), tracetest.NewApp(2)
	for _, a := range []*tracetest.App{base, new} {
		a.Header.Cores = []*trace.Core{{Capacity: 1024}, {Capacity: 400}}
		a.Paid = func(int, int) trace.Paid { return trace.Paid{Core: 1} }
	}
	new.Times[3] *= 1.1
	if r, m := compared(t, base, new); r.Verdict.Status != Regression {
		t.Errorf("verdict %+v, runs %+v", r.Verdict, m.NewRuns[0])
	}
}

func TestProblems(t *testing.T) {
	base, new := tracetest.NewApp(1), tracetest.NewApp(2)
	new.Losses = []*trace.Loss{{Cause: "ring full", Count: 7}}
	new.Header.Linux, new.Header.AttachMethod = "6.6", "shim"
	o := options(t)
	cut := fileOf(t, base)
	r, err := Diff(sideOf(t, "base", o, cut[:len(cut)-20], fileOf(t, base)), sideOf(t, "new", o, fileOf(t, new), newEmpty(t)), o)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(r.Problems, "\n")
	for _, want := range []string{"base: base-1.xray: the trace ends early", "new: new-1.xray: 7 lost: ring full", "new: new-2.xray: no op was recorded",
		"different systems: board, Linux 6.1; board, Linux 6.6", "in different ways, which cost ops differently: shim, uprobe_multi"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func newEmpty(t *testing.T) []byte {
	empty := tracetest.NewApp(1)
	empty.Processes = 0
	empty.Header.Linux, empty.Header.AttachMethod = "6.6", "shim"
	return fileOf(t, empty)
}

// Ops of which nobody knows what they are can't be compared; how many there were is said.
func TestWithoutDescriptions(t *testing.T) {
	var file bytes.Buffer
	w, err := trace.NewWriter(&file, &trace.Header{Architecture: "arm64"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(3) {
		if err := w.AddOp(trace.Op{Thread: 1, Node: 9, Start: 1000 * i, Duration: 500}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(&trace.End{}); err != nil {
		t.Fatal(err)
	}
	o := options(t)
	_, err = Diff(sideOf(t, "base", o, fileOf(t, tracetest.NewApp(1))), sideOf(t, "new", o, file.Bytes()), o)
	if !errors.Is(err, ErrNoOps) || !strings.Contains(err.Error(), "3 lost: op without description") {
		t.Errorf("error %v", err)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		new    *tracetest.App
		change func(*tracetest.App)
		err    error
		want   string
	}{
		{"no ops", tracetest.NewApp(2), func(a *tracetest.App) { a.Processes = 0 }, ErrNoOps, "new: no op was recorded: new: new-1.xray: no op was recorded"},
		{"another machine", tracetest.NewApp(2), func(a *tracetest.App) { a.Header.Architecture = "amd64" }, ErrDifferent, "recorded on amd64 and arm64"},
		{"another model", tracetest.NewApp(2), func(a *tracetest.App) {
			a.Model = &trace.Model{Path: "/data/other.tflite", Sha256: "0123456789"}
			a.Nodes[0].Op = "RELU"
		}, ErrDifferent, "base net.tflite, new other.tflite (SHA-256 01234567...)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.change(c.new)
			o := options(t)
			_, err := Diff(sideOf(t, "base", o, fileOf(t, tracetest.NewApp(1))), sideOf(t, "new", o, fileOf(t, c.new)), o)
			if !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// What only the probes cost more is no change, and what comes on top of it is one.
func TestProbesThatCostMore(t *testing.T) {
	costs := []*trace.ProbeCost{{InstructionClass: "nop", TotalNs: 1400, InsideNs: 500}, {InstructionClass: "stepped", TotalNs: 11_500, InsideNs: 9900}}
	for _, c := range []struct {
		more   float64 // of node 3
		status Status
	}{{1, NoRegression}, {1.1, Regression}} {
		base, new := tracetest.NewApp(1), tracetest.NewApp(2)
		base.Header.ProbeCosts, new.Header.ProbeCosts = costs, costs
		base.Site, new.Site = "nop", "stepped"
		new.Times[3] *= c.more
		for i := range new.Times {
			new.Times[i] += 9400
		}
		r, m := compared(t, base, new)
		if r.Verdict.Status != c.status || m.Ops[3].ProbeNS != 9400 || m.AllOps.ProbeNS != 12*9400 || m.Invoke.ProbeNS != 12*10_100 {
			t.Errorf("node 3 takes %g times as long: %s, %q; probes cost %g, %g, %g ns", c.more, r.Verdict.Status, statuses(m), m.Ops[3].ProbeNS, m.AllOps.ProbeNS, m.Invoke.ProbeNS)
		}
	}
}

// A kernel that lost ops to another one did not become faster.
func TestSumsOfOtherOps(t *testing.T) {
	new := tracetest.NewApp(2)
	new.Nodes[6].Kernel = 4
	r, m := compared(t, tracetest.NewApp(1), new)
	if r.Verdict.Slower+r.Verdict.Faster > 0 || m.ByKernel[0].Status != NotJudged || m.ByKernel[0].Why != "not of the same nodes" || m.ByKernel[0].NewNS >= m.ByKernel[0].BaseNS {
		t.Errorf("verdict %+v, %+v", r.Verdict, m.ByKernel[0])
	}
	if last := m.ByKernel[len(m.ByKernel)-1]; last.Name != "conv::EvalNew" || last.Why != "only in new" {
		t.Errorf("the last kernel is %+v", last)
	}
}

// When one side was recorded before the other, a drift of the machine looks like a change: what became slower all along, within the
// sides as between them, is none then. A step between them is.
func TestRecordedInTurns(t *testing.T) {
	const step, trend = 1.1, 1.02
	for _, c := range []struct {
		order  string  // of runs: of base and of new
		drift  float64 // of each run to the next, of one op
		new    float64 // of new, of that op
		status Status
		first  string
	}{
		{"bnbnbnbnbn", 1, step, Regression, ""},
		{"bbnnbbnnbn", 1, step, Regression, ""},
		{"bbbbbnnnnn", 1, step, Regression, "base was recorded before new"},
		{"nnnnnbbbbb", 1, step, Regression, "new was recorded before base"},
		{"bbbbbnnnnn", trend, 1, NoRegression, "base was recorded before new"},
		{"bbbbb     nnnnn", 1, 1.05, NoRegression, "base was recorded before new, with a pause in between"},
		{"bbbbb     nnnnn", 1, 1.2, Regression, "base was recorded before new, with a pause in between"},
		{"bbbbbnnnnn", 1, 1.05, Regression, "base was recorded before new: "},
		{"bnbnbnbnbn", 1.002, step, Regression, ""},
	} {
		t.Run(fmt.Sprint(c.order, c.drift), func(t *testing.T) {
			files := make(map[rune][][]byte)
			for i, side := range c.order {
				if side == ' ' {
					continue // nothing was recorded then
				}
				a := tracetest.NewApp(uint64(i))
				a.Processes, a.Header.StartUnixNs = 1, 1_700_000_000_000_000_000+int64(i)*1_000_000_000
				a.Times[3] *= math.Pow(c.drift, float64(i))
				if side == 'n' {
					a.Times[3] *= c.new
				}
				files[side] = append(files[side], fileOf(t, a))
			}
			o := options(t)
			r, err := Diff(sideOf(t, "base", o, files['b']...), sideOf(t, "new", o, files['n']...), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict.Status != c.status || !strings.HasPrefix(r.Models[0].Order, c.first) || (c.first == "") != (r.Models[0].Order == "") {
				t.Errorf("verdict %+v, order %q", r.Verdict, r.Models[0].Order)
			}
			if told := strings.Contains(strings.Join(r.Problems, "\n"), "record in turns"); told != (c.first != "") {
				t.Errorf("problems: %q", r.Problems)
			}
		})
	}
}
