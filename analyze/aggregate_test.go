package analyze

import (
	"math"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// A delegate node with an operator within it, and a node beside it: their sums come in two parts.
func TestAggregates(t *testing.T) {
	rec := newRecording()
	rec.add(&trace.Block{
		Header:    &trace.Header{AggregateOctave: 16},
		Threads:   []*trace.Thread{{Id: 1}},
		Subgraphs: []*trace.Subgraph{{Id: 1, Index: 0, Interpreter: 1}},
		Nodes: []*trace.Node{
			{Id: 1, Subgraph: 1, Index: 0, Op: "delegate"}, {Id: 2, Subgraph: 1, Index: -1, Op: "operator", Operator: &trace.Operator{Node: 1}},
			{Id: 3, Subgraph: 1, Index: 1, Op: "SOFTMAX"},
		},
	})
	for range 2 {
		rec.add(&trace.Block{Aggregates: []*trace.Aggregate{
			{Thread: 1, Node: 1, Count: 10, SumNs: 10_000, MinNs: 900, MaxNs: 1_200, FirstStartNs: 5, FirstNs: 1_200, Bucket: []uint32{111}, BucketCount: []uint64{10}},
			{Thread: 1, Node: 2, Around: 1, Count: 10, SumNs: 7_000, MinNs: 600, MaxNs: 800, FirstStartNs: 6},
			{Thread: 1, Node: 3, Count: 10, SumNs: 1_000, MinNs: 100, MaxNs: 100, FirstStartNs: 1_300},
		}})
	}
	rec.finish()
	result := rec.result(Options{})
	m := result.Models[0]
	if m.Invokes != 20 || m.OpsPerInvoke != 2 || m.InvokeWall.Mean() != 1_100 {
		t.Errorf("%d invokes of %d ops, mean %v ns", m.Invokes, m.OpsPerInvoke, m.InvokeWall.Mean())
	}
	for i, want := range []struct {
		op         string
		self, mean uint64
	}{{"delegate", 6_000, 1_000}, {"operator", 14_000, 700}, {"SOFTMAX", 2_000, 100}} {
		if op := m.Ops[i]; op.Op != want.op || op.SelfNS != want.self || op.Wall.Mean() != float64(want.mean) || op.Count != 20 {
			t.Errorf("op %d: %d %s, self %d ns, mean %v", i, op.Count, op.Op, op.SelfNS, op.Wall.Mean())
		}
	}
	for _, median := range []float64{992, 1023} { // the ends of bucket 111, (16+15) << 5 and the next one's beginning
		p50 := float64(m.Ops[0].Wall.Quantile(0.5))
		if off := math.Abs(p50/median - 1); off > result.Recording.AggregateError {
			t.Errorf("median %v, which may be %v: off by %v, more than %v", p50, median, off, result.Recording.AggregateError)
		}
	}
	if self := result.stacks[0].SelfNS + result.stacks[1].SelfNS + result.stacks[2].SelfNS; self != 22_000 {
		t.Errorf("self times add up to %d ns", self)
	}
}

// What is in progress when a gap begins isn't continued after it.
func TestGapEndsInvokes(t *testing.T) {
	rec := newRecording()
	batch := func(start uint64, nodes ...uint32) *trace.OpBatch {
		b := &trace.OpBatch{Thread: 1, BaseNs: start}
		durations := map[uint32]int64{1: 10, 2: 10} // differences
		for _, n := range nodes {
			b.Node, b.Gap, b.Duration = append(b.Node, n), append(b.Gap, 0), append(b.Duration, durations[n])
			durations[n] = 0
		}
		return b
	}
	rec.add(&trace.Block{
		Threads:   []*trace.Thread{{Id: 1}},
		Subgraphs: []*trace.Subgraph{{Id: 1, Index: 0, Interpreter: 1}},
		Nodes:     []*trace.Node{{Id: 1, Subgraph: 1, Index: 0, Op: "A"}, {Id: 2, Subgraph: 1, Index: 1, Op: "B"}},
		Ops:       []*trace.OpBatch{batch(0, 1, 2, 1, 2, 1)},
	})
	rec.add(&trace.Block{Gaps: []*trace.Gap{{StartNs: 50, EndNs: 1_000}}, Ops: []*trace.OpBatch{batch(1_000, 2, 1, 2)}})
	rec.finish()
	m := rec.result(Options{}).Models[0]
	if m.InvokeWall.Max != 20 || m.Invokes != 5 || m.InvokesPartial != 2 {
		t.Errorf("%d invokes, %d in part, the longest %d ns", m.Invokes, m.InvokesPartial, m.InvokeWall.Max)
	}
}
