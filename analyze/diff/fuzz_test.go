package diff

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// Traces may say anything: what comes of two can be written as JSON, or is refused.
func FuzzDiff(f *testing.F) {
	small := tracetest.NewApp(1)
	small.Processes, small.Invokes = 1, 7
	operators := tracetest.NewApp(2)
	operators.Processes, operators.Invokes = 1, 7
	delegated(operators, groups(3)...)
	var seeds [][]byte
	for _, a := range []*tracetest.App{small, operators} {
		seeds = append(seeds, blockOf(f, fileOf(f, a)))
	}
	var sample bytes.Buffer
	if err := tracetest.Sample(&sample); err != nil {
		f.Fatal(err)
	}
	seeds = append(seeds, blockOf(f, sample.Bytes()))
	for _, base := range seeds {
		for _, new := range seeds {
			f.Add(base, new)
		}
	}
	o := options(f)
	o.Alpha = 0.5 // two runs a side are enough
	f.Fuzz(func(t *testing.T, base, new []byte) {
		b, n := fileOfBlock(t, base), fileOfBlock(t, new)
		if b == nil || n == nil {
			return
		}
		r, err := Diff(sideOf(t, "base", o, b, b), sideOf(t, "new", o, n, n), o)
		if err != nil {
			return
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	})
}

// blockOf returns a trace as one block.
func blockOf(f *testing.F, file []byte) []byte {
	f.Helper()
	r, err := trace.NewReader(bytes.NewReader(file))
	if err != nil {
		f.Fatal(err)
	}
	defer r.Close()
	whole := &trace.Block{}
	for r.Next() {
		proto.Merge(whole, r.Block())
	}
	data, err := proto.Marshal(whole)
	if err != nil {
		f.Fatal(err)
	}
	return data
}

// fileOfBlock writes what a block holds as a trace; nil when a reader would refuse it.
func fileOfBlock(t *testing.T, data []byte) []byte {
	block := &trace.Block{}
	if proto.Unmarshal(data, block) != nil {
		return nil
	}
	var file bytes.Buffer
	header := block.Header
	if header == nil {
		header = &trace.Header{}
	}
	w, err := trace.NewWriter(&file, header)
	if err != nil {
		return nil
	}
	for _, d := range slices.Concat(descriptions(block.Runtimes), descriptions(block.Kernels), descriptions(block.Processes), descriptions(block.Threads),
		descriptions(block.Models), descriptions(block.Subgraphs), descriptions(block.Nodes)) {
		if w.Describe(d) != nil {
			return nil
		}
	}
	for _, b := range block.Ops {
		if len(b.Gap) != len(b.Node) || len(b.Duration) != len(b.Node) {
			return nil
		}
		for _, column := range []int{len(b.Depth), len(b.OffCpu), len(b.Preempted), len(b.Workers), len(b.MinorFaults), len(b.MajorFaults),
			len(b.Migrations), len(b.Threads), len(b.Core), len(b.Resident), len(b.Khz), len(b.ToNext)} {
			if column != 0 && column != len(b.Node) {
				return nil
			}
		}
		for op := range b.All() {
			if w.AddOp(op) != nil {
				return nil
			}
		}
	}
	if w.Close(&trace.End{}) != nil {
		return nil
	}
	return file.Bytes()
}

func descriptions[D trace.Description](list []D) []trace.Description {
	var all []trace.Description
	for _, d := range list {
		all = append(all, d)
	}
	return all
}
