package html

import (
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/analyze/stragglers"
)

func wantSentence(t *testing.T, f finding, mark, title, detail string) {
	t.Helper()
	f.Title, f.Detail = strings.ReplaceAll(f.Title, "\u00a0", " "), strings.ReplaceAll(f.Detail, "\u00a0", " ")
	if f.Mark != mark || f.Title != title || f.Detail != detail {
		t.Errorf("%s %q %q, want %s %q %q", f.Mark, f.Title, f.Detail, mark, title, detail)
	}
}

func TestDiffFinding(t *testing.T) {
	invoke := &diff.Change{Name: "invoke", Node: -1, Status: diff.Unclear, Change: 0.014}
	slower := &diff.Change{Name: "CONV_2D", Node: 3, Status: diff.Slower, BaseNS: 146_300, NewNS: 183_600, Change: 0.256, P: 0.0079}
	faster := &diff.Change{Name: "ADD", Node: 4, Status: diff.Faster, BaseNS: 20_000, NewNS: 15_000, Change: -0.25, P: 0.0079}
	with := func(status diff.Status, ops ...*diff.Change) *diff.Result {
		r := &diff.Result{Verdict: diff.Verdict{Status: status, Why: "m.tflite: 1 and 1 runs count"}, Models: []*diff.Model{{Name: "m.tflite", Invoke: invoke, Ops: ops}}}
		for _, c := range ops {
			r.Verdict.Slower += rank(c) / 2
			r.Verdict.Faster += rank(c) % 2
		}
		return r
	}
	wantSentence(t, diffFinding(with(diff.Regression, faster, slower)), bad, "Regression: CONV_2D (node 3) +25.6 %.",
		"CONV_2D (node 3) took 146 µs and takes 184 µs. Chance makes such a change anywhere in the model with a probability of 0.0079. "+
			"The whole invoke of m.tflite: +1.4 %, unclear.")
	wantSentence(t, diffFinding(with(diff.NoRegression, faster)), good, "No regression: ADD (node 4) -25.0 %.",
		"ADD (node 4) took 20 µs and takes 15 µs. Chance makes such a change anywhere in the model with a probability of 0.0079. "+
			"The whole invoke of m.tflite: +1.4 %, unclear.")
	wantSentence(t, diffFinding(with(diff.NoRegression)), good, "No regression: nothing changed by as much as would be told.", "The whole invoke of m.tflite: +1.4 %, unclear.")
	wantSentence(t, diffFinding(with(diff.NotEnoughData)), caution, "Not enough data: m.tflite: 1 and 1 runs count.", "")
}

func TestAgainstFinding(t *testing.T) {
	a := &stragglers.Against{Model: "int8.tflite", Other: "float.tflite", InvokeNS: 3_000_000, OtherNS: 1_000_000, Losses: []*stragglers.Loss{
		{Op: "HARD_SWISH", Type: "INT8", OtherType: "FLOAT32", Ops: 18, LossNS: 2_000_000, Cause: stragglers.NotDelegated, Why: "a delegate runs it there"}}}
	wantSentence(t, againstFinding(a), bad, "int8.tflite takes 3 times as long as float.tflite: 3 ms an invoke, against 1 ms.",
		"18 HARD_SWISH ops, INT8 here, FLOAT32 there, lose most: 2 ms an invoke. Not delegated: a delegate runs it there.")
	wantSentence(t, againstFinding(&stragglers.Against{Model: "a", Other: "b", InvokeNS: 1_000_000, OtherNS: 3_000_000}), note,
		"a is 3 times as fast as b: 1 ms an invoke, against 3 ms.", "")
}

func TestStragglerFindings(t *testing.T) {
	m := &analyze.Model{Name: "m.tflite", PID: 7}
	r := &stragglers.Result{
		Models: []*stragglers.Model{{Model: "m.tflite", PID: 7}},
		Findings: []*stragglers.Finding{{Model: "m.tflite", PID: 7, ExcessNS: 500_000, Share: 0.2,
			Verdict: stragglers.Verdict{Cause: stragglers.Partitions, Confidence: 0.6, Why: "it runs in 20 pieces. Each costs 2 us"}}},
		Stragglers: []*stragglers.Straggler{
			{Place: stragglers.Place{Model: "m.tflite", PID: 7, Node: 12, Op: "CONV_2D", OperatorIndex: -1}, Share: 0.01, ActualNS: 400_000, ExpectedNS: 100_000,
				Basis: stragglers.ByPeers, Peers: 34, Verdict: stragglers.Verdict{Cause: stragglers.Unexplained, Why: "nothing in the trace says why"}},
			{Place: stragglers.Place{Model: "other.tflite", PID: 7}},
		},
	}
	found := stragglerFindings(m, r)
	if len(found) != 2 {
		t.Fatalf("%d findings, want 2: %+v", len(found), found)
	}
	wantSentence(t, found[0], bad, "It runs in 20 pieces.", "Each costs 2 µs. Worth 500 µs an invoke, 20 %. This is likely.")
	wantSentence(t, found[1], caution, "CONV_2D (node 12) takes 400 µs, where 34 ops of its kind would take 100 µs.", "Unexplained: nothing in the trace says why.")
	if others := stragglerFindings(&analyze.Model{Name: "third.tflite"}, r); others != nil {
		t.Errorf("of a model that was not judged: %+v", others)
	}
}

// There is something to do about every cause.
func TestAdvice(t *testing.T) {
	for _, c := range []stragglers.Cause{stragglers.ReferenceKernel, stragglers.SlowType, stragglers.NotDelegated, stragglers.Partitions, stragglers.NoDelegate,
		stragglers.MemoryBound, stragglers.Overhead, stragglers.Preempted, stragglers.Blocked, stragglers.OffCPU, stragglers.Faults, stragglers.SlowCore,
		stragglers.LowFrequency, stragglers.ColdStart, stragglers.Imbalance, stragglers.Bimodal, stragglers.Drift, stragglers.Unexplained} {
		if advice[c] == "" {
			t.Errorf("%s: no advice", c)
		}
	}
}

func TestComparedFinding(t *testing.T) {
	r := &compare.Result{Models: []*compare.Model{{Local: true}}, Verdict: compare.Verdict{Status: compare.PastTolerance, Right: 63,
		Guilty: []compare.Finding{{Place: compare.Place{Node: 12, Op: "CONV_2D"}, Why: "off by 9, 1 allowed"}}}}
	wantSentence(t, comparedFinding(r), bad, "Past tolerance: node 12, CONV_2D, is wrong by itself: off by 9, 1 allowed", "63 ops right when run alone, 0 not run alone.")
}
