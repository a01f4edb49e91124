package analyze

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func sample(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := tracetest.Sample(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func open(t testing.TB, file []byte) *trace.Reader {
	t.Helper()
	r, err := trace.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func ops(t testing.TB, file []byte, options Options) *OpsResult {
	t.Helper()
	r := open(t, file)
	result, err := Ops(r, options)
	if err != nil {
		t.Fatal(err)
	}
	checkExecutions(t, r, result)
	return result
}

func TestOpsGolden(t *testing.T) {
	cases := []struct {
		golden string
		by     By
	}{
		{"testdata/sample.json", ""},
		{"testdata/sample-by-op.json", ByOp},
		{"testdata/sample-by-kernel.json", ByKernel},
		{"testdata/sample-by-thread.json", ByThread},
	}
	for _, c := range cases {
		t.Run(c.golden, func(t *testing.T) {
			result := ops(t, sample(t), Options{By: c.by})
			if c.by != "" {
				result.Models = nil // the same in all
			}
			got, err := json.MarshalIndent(result, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, '\n')
			if *update {
				if err := os.WriteFile(c.golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(c.golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Self times are what outermost ops took, however they are summed up.
func TestSelfTimesAddUp(t *testing.T) {
	result := ops(t, sample(t), Options{By: ByThread})
	var outermost uint64
	r := open(t, sample(t))
	for r.Next() {
		for _, batch := range r.Block().Ops {
			for op := range batch.All() {
				if op.Depth == 0 && op.Node != 99 {
					outermost += op.Duration
				}
			}
		}
	}
	var rows, stacks, groups uint64
	for _, m := range result.Models {
		for _, op := range m.Ops {
			rows += op.SelfNS
		}
	}
	for _, s := range result.Stacks() {
		stacks += s.SelfNS
	}
	for _, g := range result.Groups {
		groups += g.SelfNS
	}
	if rows != outermost || stacks != outermost || groups != outermost {
		t.Errorf("outermost ops took %d ns; self times add up to %d by op, %d by stack, %d by thread", outermost, rows, stacks, groups)
	}
}

// A truncated trace is analysed as far as it goes.
func TestOpsTruncated(t *testing.T) {
	file := sample(t)
	var before uint64
	for size := 12; size < len(file); size++ { // from the end of the preamble
		result := ops(t, file[:size], Options{})
		if result.Truncated == "" {
			t.Errorf("%d of %d bytes: not reported as truncated", size, len(file))
		}
		if result.Recording.Ops < before {
			t.Errorf("%d bytes: %d ops, fewer than with a byte less", size, result.Recording.Ops)
		}
		before = result.Recording.Ops
	}
	if before == 0 {
		t.Error("no op was ever read")
	}
}

// FuzzOps feeds blocks as a hostile device could write them.
func FuzzOps(f *testing.F) {
	r := open(f, sample(f))
	var all trace.Block
	for r.Next() {
		plain, err := proto.Marshal(r.Block())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(plain)
		proto.Merge(&all, r.Block())
	}
	whole, err := proto.Marshal(&all)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, plain []byte) {
		var b trace.Block
		if proto.Unmarshal(plain, &b) != nil {
			return
		}
		for _, batch := range b.Ops {
			n := len(batch.Node)
			if len(batch.Gap) != n || len(batch.Duration) != n || len(batch.Depth) != n && len(batch.Depth) != 0 {
				return // a Reader doesn't let it through
			}
		}
		for _, foldAt := range []int{0, minFold} {
			rec := newRecording()
			rec.foldAt = foldAt
			rec.add(&b)
			rec.add(&b)
			rec.finish()
			if _, err := json.Marshal(rec.result(Options{By: ByThread})); err != nil {
				t.Error(err)
			}
		}
	})
}
