package report

import (
	"bytes"
	"testing"

	"github.com/edgexray/edgexray/analyze/compare"
)

// compared is a comparison with something of everything.
func compared() *compare.Result {
	sqnr := 19.25
	place := func(subgraph, node int32, op, tensor string) compare.Place {
		return compare.Place{Model: "m.tflite", Subgraph: subgraph, Node: node, Op: op, Tensor: tensor}
	}
	accumulated := func(nrmse float64, off *compare.Off) *compare.Error {
		return &compare.Error{Invokes: 2, MeanNRMSE: nrmse / 2, WorstInvoke: 1, Worst: &compare.Metrics{
			Elements: 1000, NRMSE: nrmse, RMSE: nrmse, RMSEScale: 3.5, SQNR: &sqnr, Cosine: 0.975, MaxAbs: 0.5, WorstChannel: &compare.Channel{Index: 7, NRMSE: 2 * nrmse}, Off: off,
		}}
	}
	local := func(m compare.Metrics, why string) *compare.Error {
		return &compare.Error{Invokes: 2, Worst: &m, Why: why, Kernel: "reference INT8", Exact: true}
	}
	guilty := "off by up to 9, 1 allowed, in 30 elements; alone against reference INT8"
	conv, pool, delegate, loop := place(0, 1, "CONV_2D", "a;b|c"), place(0, 2, "MAX_POOL_2D", "pool"), place(0, 9, "Delegate", "d"), place(1, 0, "ADD", "body")
	return &compare.Result{
		Verdict: compare.Verdict{
			Status: compare.PastTolerance, Guilty: []compare.Finding{{Place: conv, Why: guilty}},
			Suspects: []compare.Finding{{Place: delegate, Why: "nRMSE 0.31, 9.0 times the median of the ops before; Delegate ran 3 nodes as one: which of them an error comes from can't be told"}},
			Jumps:    []compare.Finding{{Place: pool, Why: "nRMSE 0.2, 2.0 times the median of the ops before"}},
			Right:    2, Downstream: 1, NotAlone: 1, NothingSeen: 1,
		},
		Problems: []string{"the edge's snapshot lost 3 captures: ring full\x1b[2J"},
		Models: []*compare.Model{{
			Edge: "m.tflite", Reference: "twin.tflite", Invokes: 2, Local: true,
			Inputs: []*compare.Output{{Name: "image", Aligned: "name", ReferenceName: "image", Accumulated: &compare.Error{Worst: &compare.Metrics{Identical: true, Cosine: 1}}}},
			Ops: []*compare.Op{
				{Place: conv, Status: compare.Guilty, Outputs: []*compare.Output{{
					Name: "a;b|c", Aligned: "name", ReferenceName: "a;b|c", Jump: 12, Accumulated: accumulated(0.2, &compare.Off{By0: 900, By1: 70, ByMore: 30, Max: 9}),
					Local: local(compare.Metrics{Elements: 1000, Off: &compare.Off{By0: 970, ByMore: 30, Max: 9}}, guilty)}}},
				{Place: pool, Status: compare.Downstream, Outputs: []*compare.Output{{
					Name: "pool", Aligned: "structure", ReferenceName: "pool_1", Jump: 2, Accumulated: accumulated(0.2, nil), Local: local(compare.Metrics{Identical: true}, "")}}},
				{Place: delegate, Status: compare.Suspect, Outputs: []*compare.Output{{
					Name: "d", Aligned: "name", ReferenceName: "d", Jump: 9, Accumulated: accumulated(0.31, nil)}}},
				{Place: loop, Status: compare.Right, Outputs: []*compare.Output{{
					Name: "body", NotAccumulated: "it has no counterpart in the reference", Local: local(compare.Metrics{MaxRelative: 2e-7}, "")}}},
			},
			EdgeOnly: []compare.Place{loop}, ReferenceOnly: []compare.Place{place(0, 4, "SOFTMAX", "s")},
		}},
	}
}

func TestCompareGolden(t *testing.T) {
	for _, c := range []struct {
		golden string
		format Format
		width  int
	}{
		{"testdata/compare.txt", Text, 0},
		{"testdata/compare-100.txt", Text, 100},
		{"testdata/compare.md", Markdown, 0},
	} {
		t.Run(c.golden, func(t *testing.T) {
			var got bytes.Buffer
			if err := Compare(&got, compared(), c.format, c.width); err != nil {
				t.Fatal(err)
			}
			golden(t, c.golden, got.String())
		})
	}
}

func TestVerdictText(t *testing.T) {
	for _, c := range []struct {
		r    compare.Result
		want string
	}{
		{compare.Result{Models: []*compare.Model{{Local: true}}, Verdict: compare.Verdict{Right: 3}}, "WITHIN TOLERANCE: no op is wrong by itself"},
		{compare.Result{Models: []*compare.Model{{Local: true}}, Verdict: compare.Verdict{Right: 3, NotAlone: 2, NotJudged: 1}},
			"WITHIN TOLERANCE: 3 ops right when run alone, 1 as far as accumulated errors tell, 1 not judged"},
		{compare.Result{Verdict: compare.Verdict{Suspects: []compare.Finding{{Place: compare.Place{Node: -1, Tensor: "image"}, Why: "nRMSE 1"}}}},
			`SUSPICIOUS: the inputs differ, at tensor "image": nRMSE 1`},
		{compare.Result{Models: []*compare.Model{{Local: true}}}, "WITHIN TOLERANCE, as far as accumulated errors tell: no op could be run alone"},
		{compare.Result{Models: []*compare.Model{{}}}, "WITHIN TOLERANCE, as far as accumulated errors tell: no op was run alone (--model does that)"},
		{compare.Result{Verdict: compare.Verdict{Suspects: []compare.Finding{{Place: compare.Place{Node: 3, Op: "ADD"}, Why: "nRMSE 1"}}}},
			"SUSPICIOUS: the error jumps at node 3, ADD, which could not be run alone, so nothing is proved: nRMSE 1"},
		{compare.Result{Verdict: compare.Verdict{Suspects: []compare.Finding{{Place: compare.Place{Node: -1, Op: "input", Tensor: "image"}, Why: "nRMSE 0.3"}}}},
			"SUSPICIOUS: the inputs differ, at tensor \"image\": nRMSE 0.3"},
	} {
		if got := CompareVerdict(&c.r); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
