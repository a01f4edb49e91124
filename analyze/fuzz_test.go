package analyze

import (
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/trace"
)

// A trace may say anything: what comes of it can be written as JSON, no execution is left out, and a peak is what its
// parts add up to.
func FuzzRecording(f *testing.F) {
	r := open(f, sample(f))
	whole := &trace.Block{}
	for r.Next() {
		proto.Merge(whole, r.Block())
	}
	other := &trace.Block{ // what the sample has none of
		Header:     &trace.Header{AggregateOctave: 16, Followed: []*trace.Followed{{Part: HeapPart}, {Part: ResidentPart}}, Cores: []*trace.Core{{Capacity: 446}}},
		Threads:    []*trace.Thread{{Id: 1}},
		Subgraphs:  []*trace.Subgraph{{Id: 1}},
		Nodes:      []*trace.Node{{Id: 1, Subgraph: 1, Replaced: []uint32{2, 3}}, {Id: 2, Subgraph: 1, Index: 2, Operator: &trace.Operator{Node: 1, Nodes: []int32{2, 3}, Ops: []string{"CONV_2D", "RELU"}}}},
		Aggregates: []*trace.Aggregate{{Thread: 1, Node: 1, Around: 2, Count: 2, SumNs: 20, Bucket: []uint32{4}, BucketCount: []uint64{2}}, {Thread: 1, Node: 2, Around: 1, Count: 2}},
		Gaps:       []*trace.Gap{{StartNs: 1, EndNs: 2}},
		HeapUses:   []*trace.HeapUse{{Node: 1, Bytes: 3}, {Site: 1, Bytes: 3}},
		HeapSites:  []*trace.HeapSite{{Id: 1, Node: 1, Frames: []*trace.StackFrame{{}}}},
		Frames:     []*trace.Frame{{Id: 1}},
		Samples:    []*trace.SampleStack{{Thread: 1, Nodes: []uint32{1, 2}, Frames: []uint32{1, 9}, Count: 1}},
	}
	for _, block := range []*trace.Block{whole, {}, other} {
		data, err := proto.Marshal(block)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		block := &trace.Block{}
		if proto.Unmarshal(data, block) != nil {
			return
		}
		for _, b := range block.Ops {
			if len(b.Gap) != len(b.Node) || len(b.Duration) != len(b.Node) || len(b.Depth) != 0 && len(b.Depth) != len(b.Node) {
				return // the reader refuses it
			}
		}
		rec := newRecording()
		rec.add(block)
		rec.evaluateMemory()
		rec.add(block)
		rec.finish()
		result := rec.result(Options{})
		if _, err := json.Marshal(result); err != nil {
			t.Error(err)
		}
		executions := uint64(0)
		p := newReplay(result, Visitor{Invoke: func(inv *Invoke) error {
			executions += uint64(len(inv.Executions))
			if inv.Thread == nil || (inv.Model == nil) != (inv.Number == 0) {
				t.Errorf("invoke %d of model %v on thread %v", inv.Number, inv.Model, inv.Thread)
			}
			return nil
		}})
		for range 2 {
			if err := p.add(block); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.interrupt(); err != nil {
			t.Fatal(err)
		}
		if block.Header.GetAggregateOctave() == 0 && len(block.Aggregates) == 0 && executions != result.Recording.Ops {
			t.Errorf("%d executions of %d ops", executions, result.Recording.Ops)
		}
		for _, m := range result.Models {
			if m.Memory == nil || len(m.Memory.Notes) > 0 {
				continue
			}
			var peak uint64
			for _, p := range m.Memory.PeakParts {
				peak += p.Bytes
			}
			if peak != m.Memory.Peak {
				t.Errorf("parts add up to %d, the peak is %d", peak, m.Memory.Peak)
			}
		}
	})
}
