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
			for _, g := range groupOps(m.Ops, by) {
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

// Sums of the window are those of its slices, and old ones leave it.
func TestLiveWindow(t *testing.T) {
	live := NewLive(10 * time.Second)
	const second = uint64(time.Second)
	start := 5 * second
	live.Add(&trace.Block{Header: &trace.Header{StartNs: start}, TimeNs: start,
		Processes: []*trace.Process{{Id: 1, Pid: 7, Name: "app"}},
		Subgraphs: []*trace.Subgraph{{Id: 1, Process: 1, Interpreter: 1}}, Nodes: []*trace.Node{chainNode(1, 0)}})
	run := func(at uint64, durations ...int64) { // s since the start
		batch := &trace.OpBatch{Thread: 1, BaseNs: start + at*second}
		var before int64
		for i, d := range durations {
			batch.Node = append(batch.Node, 1)
			batch.Gap = append(batch.Gap, 0)
			batch.Duration = append(batch.Duration, d-before*int64(min(i, 1)))
			before = d
		}
		live.Add(&trace.Block{TimeNs: start + at*second + second/2, Ops: []*trace.OpBatch{batch}})
	}
	wantWindow := func(now uint64, count uint64, mean float64, trend [windowSlices]float64, windowNS uint64) {
		t.Helper()
		s := live.Snapshot(LiveOptions{NowNS: start + now, By: ByNode, Recent: true})
		row := s.Models[0].Rows[0]
		if row.Count != count || row.MeanNS != mean || row.Trend != trend || s.WindowNS != windowNS {
			t.Errorf("at %d ns: %d ops, mean %v, trend %v, in %d ns; want %d, %v, %v, %d", now, row.Count, row.MeanNS, row.Trend, s.WindowNS, count, mean, trend, windowNS)
		}
	}
	run(0, 100, 300)
	run(1, 500)
	wantWindow(1*second+second/2, 3, 300, [windowSlices]float64{8: 200, 9: 500}, 1*second+second/2)
	run(3, 700)
	wantWindow(9*second+second/2, 4, 400, [windowSlices]float64{0: 200, 1: 500, 3: 700}, 9*second+second/2)
	wantWindow(10*second+second/4, 2, 600, [windowSlices]float64{0: 500, 2: 700}, 9*second+second/4)
	wantWindow(30*second, 0, 0, [windowSlices]float64{}, 9*second)
	run(31, 50)
	wantWindow(31*second, 1, 50, [windowSlices]float64{9: 50}, 9*second+second/2) // the block is later
	all := live.Snapshot(LiveOptions{By: ByNode})
	if row := all.Models[0].Rows[0]; row.Count != 5 || row.MaxNS != 700 {
		t.Errorf("since the start: %+v, want 5 ops of at most 700 ns", row)
	}
}

// What a Live keeps does not grow with interpreters, threads and processes that are gone.
func TestLiveForgets(t *testing.T) {
	const rounds = 5000
	cases := []struct {
		name  string
		block func(i uint32) *trace.Block
	}{
		{"interpreters at one address", func(i uint32) *trace.Block {
			return &trace.Block{Subgraphs: []*trace.Subgraph{{Id: i, Process: 1, Interpreter: i, Context: 0x1000}},
				Nodes: []*trace.Node{{Id: i, Subgraph: i, Op: "ADD"}},
				Ops:   []*trace.OpBatch{{Thread: 1, Node: []uint32{i, i}, Gap: []int64{0, 0}, Duration: []int64{5, 0}}}}
		}},
		{"shapes", func(i uint32) *trace.Block {
			return &trace.Block{Subgraphs: []*trace.Subgraph{{Id: 1, Process: 1, Interpreter: 1, Context: 0x1000}},
				Nodes: []*trace.Node{{Id: i, Subgraph: 1, Op: "ADD", Outputs: []*trace.Tensor{{Shape: []int32{int32(i)}}}}},
				Ops:   []*trace.OpBatch{{Thread: 1, Node: []uint32{i, i}, Gap: []int64{0, 0}, Duration: []int64{5, 0}}}}
		}},
		{"threads", func(i uint32) *trace.Block {
			return &trace.Block{Subgraphs: []*trace.Subgraph{{Id: 1, Process: 1, Interpreter: 1, Context: 0x1000}},
				Nodes: []*trace.Node{{Id: 1, Subgraph: 1, Op: "ADD"}}, Threads: []*trace.Thread{{Id: i, Process: 1}},
				Ops: []*trace.OpBatch{{Thread: i, BaseNs: uint64(i), Node: []uint32{1, 1}, Gap: []int64{0, 0}, Duration: []int64{5, 0}}}}
		}},
		{"processes", func(i uint32) *trace.Block {
			return &trace.Block{Processes: []*trace.Process{{Id: i, Exited: true}}, Threads: []*trace.Thread{{Id: i, Process: i}},
				Subgraphs: []*trace.Subgraph{{Id: i, Process: i, Interpreter: i, Context: 0x1000}},
				Nodes:     []*trace.Node{{Id: i, Subgraph: i, Op: "ADD"}},
				Ops:       []*trace.OpBatch{{Thread: i, Node: []uint32{i, i}, Gap: []int64{0, 0}, Duration: []int64{5, 0}}}}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			live := NewLive(10 * time.Second)
			live.Add(&trace.Block{Processes: []*trace.Process{{Id: 1, Pid: 7, Name: "app"}}})
			for i := range uint32(rounds) {
				live.Add(c.block(i + 1))
				if i%100 == 0 {
					live.Snapshot(LiveOptions{By: ByNode, Recent: true})
				}
			}
			s := live.Snapshot(LiveOptions{By: ByNode})
			rec := live.rec
			for name, n := range map[string]int{"nodes": len(rec.nodes), "nodes seen": len(rec.seen), "subgraphs": len(rec.subgraphs), "runs": len(rec.ran),
				"phases": len(rec.phases), "interpreters": len(rec.interpreters), "graphs": len(rec.graphs), "threads": len(rec.threads),
				"processes": len(rec.processes), "contexts": len(rec.gone.contexts)} {
				if n > 2*maxIdleThreads && (name != "nodes" || c.name != "shapes") {
					t.Errorf("%d %s are kept", n, name)
				}
			}
			var ops uint64
			for _, m := range s.Models {
				if len(m.Rows) > maxLiveRows+1 {
					t.Errorf("%d rows", len(m.Rows))
				}
				for _, r := range m.Rows {
					ops += r.Count
				}
			}
			if gone := uint64(s.Gone); s.Ops != 2*rounds || ops+2*gone != 2*rounds || len(s.Lost) != 0 {
				t.Errorf("%d ops read, %d in rows, of %d; %d models gone; lost %v", s.Ops, ops, 2*rounds, gone, s.Lost)
			}
			if len(s.Models) > 1 && s.Gone == 0 {
				t.Errorf("%d models", len(s.Models))
			}
		})
	}
}
