package test

import (
	"slices"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// An app's own clock inside a kernel is the truth about that kernel. What is
// recorded can't be shorter, as both read CLOCK_MONOTONIC; it is longer by the
// part of the probe that runs within the op, and by the kernel's code around
// its clock, which is well below a microsecond. The typical difference is
// compared with all of what a probe was measured to cost, twice, as that
// measurement itself is from a machine that may be busy.
func TestDurationsAgreeWithAnInnerClock(t *testing.T) {
	for _, version := range []string{"2.9.0", "2.17.1"} {
		t.Run(version, func(t *testing.T) {
			r := recordCommand(t, capi(t, version, "--model", model(t, "custom"), "--custom-op", "--spin", "30", "--invokes", "1001"))
			var app struct {
				Clock []uint64 `json:"custom_ns"`
			}
			decode(t, r.stdout, &app)
			result := r.ops(t)
			wantNothingLost(t, result)
			i := slices.IndexFunc(result.model(t).Ops, func(op opJSON) bool { return op.Custom })
			if i < 0 {
				t.Fatalf("no custom op in %+v", result.model(t).Ops)
			}
			op := result.model(t).Ops[i]
			recorded := durations(t, r.trace, op)
			if len(recorded) != len(app.Clock) || len(recorded) != 1001 {
				t.Fatalf("%d recorded and %d of the app's clock, want 1001", len(recorded), len(app.Clock))
			}
			var longer []uint64
			for i := range recorded {
				if recorded[i] < app.Clock[i] {
					t.Errorf("call %d took %d ns, by the app's clock %d", i, recorded[i], app.Clock[i])
				}
				longer = append(longer, recorded[i]-app.Clock[i])
			}
			slices.Sort(longer)
			if typical := longer[len(longer)/2]; op.ProbeCost == 0 || typical > 2*op.ProbeCost {
				t.Errorf("recorded times are typically %d ns longer than the app's, at a probe cost of %d ns", typical, op.ProbeCost)
			}
		})
	}
}

// records returns the ops of a trace that has one thread, with the descriptions
// of their nodes.
func records(t *testing.T, path string) (ops []trace.Op, nodes map[uint32]*trace.Node) {
	t.Helper()
	r, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	nodes = make(map[uint32]*trace.Node)
	for r.Next() {
		for _, node := range r.Block().Nodes {
			nodes[node.Id] = node
		}
		for _, batch := range r.Block().Ops {
			ops = slices.AppendSeq(ops, batch.All())
		}
	}
	if r.Err() != nil || r.Truncated() != nil {
		t.Fatalf("read %s: %v, %v", path, r.Err(), r.Truncated())
	}
	return ops, nodes
}

// durations returns what each run of an op took, in ns.
func durations(t *testing.T, path string, of opJSON) []uint64 {
	t.Helper()
	var list []uint64
	ops, nodes := records(t, path)
	for _, op := range ops {
		if int(nodes[op.Node].Index) == of.Node {
			list = append(list, op.Duration)
		}
	}
	return list
}

// Where ops are long nearly all of an invoke is spent in them. Invokes are
// judged by the typical one: a pause between two ops of some is the machine's.
func TestOpsFillAnInvoke(t *testing.T) {
	const invokes = 11
	for _, app := range []struct {
		name    string
		command []string
	}{
		{"LiteRT", litert(t, model(t, "mobilenet_v2_float"), "--resolver", "builtin", "--invokes", "11")},
		{"TFLite 2.9.0", capi(t, "2.9.0", "--model", model(t, "mobilenet_v2_float"), "--invokes", "11")},
	} {
		t.Run(app.name, func(t *testing.T) {
			r := recordCommand(t, app.command)
			var said struct {
				InvokeNS uint64 `json:"invoke_ns"`
			}
			decode(t, r.stdout, &said)
			m := r.ops(t).model(t)
			if m.Invokes != invokes || m.InvokeWall.Sum > said.InvokeNS {
				t.Errorf("%d invokes took %d ns, want %d in at most the app's %d ns", m.Invokes, m.InvokeWall.Sum, invokes, said.InvokeNS)
			}

			ops, _ := records(t, r.trace)
			var shares []float64
			for run := range slices.Chunk(ops, m.OpsPerInvoke) {
				var inOps uint64
				for i, op := range run {
					inOps += op.Duration
					if i > 0 && op.Start < run[i-1].Start+run[i-1].Duration {
						t.Errorf("op %d of an invoke began %d ns before the one before it ended", i, run[i-1].Start+run[i-1].Duration-op.Start)
					}
				}
				last := run[len(run)-1]
				shares = append(shares, float64(inOps)/float64(last.Start+last.Duration-run[0].Start))
			}
			slices.Sort(shares)
			if share := shares[len(shares)/2]; len(shares) != invokes || share > 1 || share < 0.95 {
				t.Errorf("typically %.3f of an invoke is in ops, want 0.95 to 1 (%d invokes)", share, len(shares))
			}
		})
	}
}
