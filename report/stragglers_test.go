package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/stragglers"
)

// madeStragglers is a result that has one of everything, with names as a hostile device would choose them.
func madeStragglers() *stragglers.Result {
	place := stragglers.Place{Model: "m\x1b[2J.tflite", PID: 100, Node: 14, Op: "CONV|2D", Kernel: "tflite::ops::builtin::conv::Eval", DelegateNode: -1, OperatorIndex: -1}
	operator := stragglers.Place{Model: place.Model, PID: 100, Subgraph: 1, Node: -1, Op: "Copy", DelegateNode: 64, OperatorIndex: 3}
	verdict := stragglers.Verdict{Cause: stragglers.Blocked, Confidence: 0.95, Why: "it waits\x07 in 100% of its runs"}
	pair := &stragglers.Pair{Place: place, Other: []stragglers.Place{{Kernel: "Convolution"}}, NS: 2000, OtherNS: 1000, LossNS: 1000, Speedup: 0.5, Type: "INT8", OtherType: "FLOAT32", Verdict: verdict}
	a := &stragglers.Against{Trace: "other.xray", Model: place.Model, Other: "float.tflite", InvokeNS: 2e6, OtherNS: 1e6, Speedup: 0.5,
		Losses: []*stragglers.Loss{{Op: "CONV_2D", Type: "INT8", OtherType: "FLOAT32", Ops: 2, NS: 4000, OtherNS: 2000, LossNS: 2000, Cause: stragglers.Blocked, Why: "why"}},
		Only:   []stragglers.Place{operator}, OnlyNS: 500}
	for range shownLosers + 2 {
		a.Losers = append(a.Losers, pair)
	}
	return &stragglers.Result{
		Stragglers: []*stragglers.Straggler{
			{Place: place, ExcessNS: 301_200, Share: 0.0312, ActualNS: 421_300, ExpectedNS: 120_100, Basis: stragglers.ByPeers, Peers: 34, Verdict: verdict},
			{Place: operator, ExcessNS: 1200, Share: 0.001, ActualNS: 4000, ExpectedNS: 2800, Basis: stragglers.ByItself, Verdict: verdict},
		},
		Findings: []*stragglers.Finding{{Model: place.Model, PID: 100, ExcessNS: 1e6, Share: 0.5, Verdict: verdict}},
		Models: []*stragglers.Model{
			{Model: place.Model, PID: 100, Process: "app", InvokeNS: 9_650_000, Invokes: 60, Ops: 65, ByPeers: 62, NoPeers: make([]stragglers.Place, 3)},
			{Model: "clean.tflite", PID: 101, Process: "app", Ops: 1, ByHistory: 1},
		},
		Against:   []*stragglers.Against{a, {Model: place.Model, Speedup: 2}},
		Lost:      map[string]uint64{"ring full": 5},
		Truncated: "damaged block",
		Problems:  []string{"a problem"},
	}
}

func TestStragglers(t *testing.T) {
	for _, c := range []struct {
		format Format
		want   []string
	}{
		{Text, []string{
			"! a problem\n", "! LOST: ring full: 5\n", "! INCOMPLETE: damaged block\n",
			"m\\x1b[2J.tflite in app (pid 100): 60 invokes of 9650.0 us\n",
			"* blocked: it waits\\a in 100% of its runs; worth 1000.0 us an invoke, 50.0% (confidence 0.95)\n",
			"2 ops take longer than their work explains: of 65 ops, 62 by ops of their kind, 3 without peers\n",
			"  14  CONV|2D      301.2   3.1%     421.3        120.1  peers      34  blocked        0.95  conv::Eval\n",
			"node 1:64/3, Copy: blocked:",
			"No op takes longer than its work explains: of 1 op, 1 judged by their history\n",
			"against float.tflite of other.xray: 2000.0 us an invoke, there 1000.0: 2.00 times as slow\n",
			"* 2 CONV_2D INT8 (there FLOAT32) lost 2.0 us an invoke (4.0, there 2.0): blocked: why\n",
			"and 2 more\n", "Only here: 1 op, 0.5 us an invoke: 1:64/3 Copy\n", "2.00 times as fast\n", "No op takes longer than there.\n",
		}},
		{Markdown, []string{"## m\\x1b[2J.tflite in app", "| 14 | CONV\\|2D | 301.2 |"}},
		{CSV, []string{"node,op,excess_ns,share,takes_ns,expected_ns,by,peers,cause,confidence,kernel\n14,CONV|2D,301200,0.0312,421300,120100,peers,34,blocked,0.95,conv::Eval\n"}},
	} {
		var out bytes.Buffer
		if err := Stragglers(&out, madeStragglers(), c.format, 0); err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("format %d: no %q in\n%s", c.format, want, &out)
			}
		}
		if strings.ContainsAny(out.String(), "\x1b\x07") {
			t.Errorf("format %d: control characters in %q", c.format, &out)
		}
	}
}
