package analyze

import (
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/trace"
)

// A trace may say anything: what comes of it can be written as JSON, and a peak is what its parts add up to.
func FuzzRecording(f *testing.F) {
	r := open(f, sample(f))
	whole := &trace.Block{}
	for r.Next() {
		proto.Merge(whole, r.Block())
	}
	for _, block := range []*trace.Block{whole, {}} {
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
