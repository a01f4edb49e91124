package analyze

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/trace"
)

// follow feeds a trace to a Live, and asks for a snapshot after each block.
func follow(t testing.TB, file []byte, window time.Duration) *Live {
	t.Helper()
	live := NewLive(window)
	r := open(t, file)
	for r.Next() {
		live.Add(r.Block())
		for _, by := range []By{ByNode, ByOp, ByKernel} {
			live.Snapshot(LiveOptions{By: by, Recent: true})
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	live.End(r.Truncated())
	return live
}

// asOps is what a result says, as a snapshot since the beginning does.
func asOps(result *OpsResult, by By) map[string][]LiveRow {
	models := make(map[string][]LiveRow)
	for _, m := range result.Models {
		var rows []LiveRow
		switch by {
		case ByNode:
			for _, op := range m.Ops {
				rows = append(rows, LiveRow{Name: op.Op, Figures: figures(op.Wall), Nodes: 1, SelfNS: op.SelfNS, Share: op.Share, Trusted: op.Trusted})
			}
		default:
			name := func(op *Op) string { return op.Op }
			if by == ByKernel {
				name = func(op *Op) string { return op.Kernel }
			}
			for _, g := range GroupOps(m.Ops, name) {
				rows = append(rows, LiveRow{Name: g.Name, Figures: figures(g.Wall), Nodes: g.Nodes, SelfNS: g.SelfNS, Share: g.Share})
			}
		}
		models[m.Name] = rows
	}
	return models
}

// What a Live says since the beginning, and of a window that holds everything, is what Ops says of the whole trace.
func TestLiveEqualsOps(t *testing.T) {
	var traces [][]byte
	traces = append(traces, sample(t))
	tr := newTracer(t)
	for i := range uint32(700) { // an interpreter for each request, folded on the way
		tr.chain(1+i, 1+3*i, 3)
		tr.run(1, 1+3*i, 2+3*i, 3+3*i, 1+3*i, 2+3*i, 3+3*i)
		if err := tr.w.Flush(tr.now); err != nil {
			t.Fatal(err)
		}
	}
	if err := tr.w.Close(&trace.End{}); err != nil {
		t.Fatal(err)
	}
	traces = append(traces, tr.file.Bytes())
	for n, file := range traces {
		live, result := follow(t, file, time.Hour), ops(t, file, Options{})
		for _, by := range []By{ByNode, ByOp, ByKernel} {
			for _, recent := range []bool{false, true} {
				s := live.Snapshot(LiveOptions{By: by, Recent: recent})
				got := make(map[string][]LiveRow)
				for _, m := range s.Models {
					for _, row := range m.Rows {
						row.Op, row.Trend = nil, LiveRow{}.Trend
						if by != ByNode {
							row.Trusted = false
						}
						got[m.Name] = append(got[m.Name], row)
					}
				}
				byName := cmp.Transformer("byName", func(rows []LiveRow) map[string]LiveRow {
					m := make(map[string]LiveRow)
					for _, r := range rows {
						m[r.Name] = r
					}
					return m
				})
				want := asOps(result, by)
				diff := cmp.Diff(want, got)
				if by != ByNode {
					diff = cmp.Diff(want, got, byName)
				}
				if diff != "" {
					t.Errorf("trace %d by %s, recent %v: %s", n, by, recent, diff)
				}
				if s.Ops-s.Lost[LossUndescribed] != result.Recording.Ops || cmp.Diff(result.Lost, s.Lost) != "" || s.DurationNS != result.DurationNS {
					t.Errorf("trace %d: %d ops, lost %v in %d ns; want %d, %v, %d", n, s.Ops, s.Lost, s.DurationNS, result.Recording.Ops, result.Lost, result.DurationNS)
				}
				for i, m := range s.Models {
					if m.Invokes.Count != result.Models[i].Invokes {
						t.Errorf("trace %d, %s: %d invokes, want %d", n, m.Name, m.Invokes.Count, result.Models[i].Invokes)
					}
				}
			}
		}
	}
}
