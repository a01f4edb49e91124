package analyze

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/trace"
)

// Of two nodes' invokes only those count as clean in which nothing disturbed the op, or either op.
func TestClean(t *testing.T) {
	scheduling := []*trace.Followed{{Part: SchedulingPart}, {Part: PreemptionPart}}
	bigLittle := []*trace.Core{{Capacity: 1024}, {Capacity: 400}}
	for _, c := range []struct {
		name   string
		header *trace.Header
		paid   []trace.Paid // of the first node, in each invoke
		op     Clean        // that node's
		invoke Clean
	}{
		{"nothing followed", &trace.Header{}, []trace.Paid{{}, {}, {}}, Clean{Fast: times(2, 200), Apart: [disturbances]uint64{Cold: 1}},
			Clean{Fast: times(2, 420), Apart: [disturbances]uint64{Cold: 1}}},
		{"a percent taken out", &trace.Header{Followed: scheduling}, []trace.Paid{{}, {Preempted: 1, OffCPU: 1}}, Clean{Fast: times(1, 99), Apart: [disturbances]uint64{Cold: 1}},
			Clean{Fast: times(1, 209), Apart: [disturbances]uint64{Cold: 1}}},
		{"each disturbance", &trace.Header{Followed: scheduling}, []trace.Paid{{MajorFaults: 1}, {Preempted: 5, OffCPU: 5}, {Migrations: 1}, {MajorFaults: 1}, {OffCPU: 50}},
			Clean{Fast: times(1, 100), Rest: times(3, 295), Apart: [disturbances]uint64{1, 1, 1, 1}}, Clean{Fast: times(1, 210), Rest: times(3, 625), Apart: [disturbances]uint64{1, 1, 1, 1}}},
		{"preemption not told", &trace.Header{Followed: []*trace.Followed{{Part: SchedulingPart}, {Part: PreemptionPart, Missing: "no tracepoint"}}},
			[]trace.Paid{{}, {OffCPU: 50}, {OffCPU: 50, Workers: 60}}, Clean{Fast: times(1, 100), Rest: times(1, 100), Apart: [disturbances]uint64{Cold: 1, Preempted: 1}},
			Clean{Fast: times(1, 210), Rest: times(1, 210), Apart: [disturbances]uint64{Cold: 1, Preempted: 1}}},
		{"slow core", &trace.Header{Cores: bigLittle}, []trace.Paid{{}, {Core: 1}, {Core: 0}}, Clean{Fast: times(1, 100), Slow: times(1, 100), Apart: [disturbances]uint64{Cold: 1}},
			Clean{Fast: times(2, 420), Apart: [disturbances]uint64{Cold: 1}}}, // the last op ended on the fast one
	} {
		t.Run(c.name, func(t *testing.T) {
			m := cleanTrace(t, c.header, c.paid)
			if diff := cmp.Diff(c.op, *m.Ops[0].Clean, cmp.Comparer(sameSum)); diff != "" {
				t.Errorf("op: %s", diff)
			}
			if got, want := m.Ops[0].Running, c.op; got.Count != want.Count()+want.Rest.Count || got.Sum != want.Fast.Sum+want.Slow.Sum+want.Rest.Sum {
				t.Errorf("%d runs of %d ns but the cold ones", got.Count, got.Sum)
			}
			if diff := cmp.Diff(c.invoke, *m.InvokeClean, cmp.Comparer(sameSum)); diff != "" {
				t.Errorf("invoke: %s", diff)
			}
		})
	}
}

func times(count, sum uint64) Distribution { return Distribution{Count: count, Sum: sum} }

func sameSum(a, b Distribution) bool { return a.Count == b.Count && a.Sum == b.Sum }

// cleanTrace makes a trace of invokes of two nodes, of which the second one pays nothing.
func cleanTrace(t *testing.T, h *trace.Header, paid []trace.Paid) *Model {
	t.Helper()
	tr := &tracer{t: t, now: 1000}
	var err error
	if tr.w, err = trace.NewWriter(&tr.file, h); err != nil {
		t.Fatal(err)
	}
	tr.describe(&trace.Process{Id: 1, Pid: 7, Name: "app"})
	tr.chain(1, 1, 2)
	for _, p := range paid {
		tr.now += 10
		if err := tr.w.AddOp(trace.Op{Thread: 1, Node: 1, Start: tr.now, Duration: 100, Paid: p}); err != nil {
			t.Fatal(err)
		}
		tr.now += 100
		tr.run(1, 2)
	}
	return tr.ops().Models[0]
}

// Live views keep no second distribution, and no course.
func TestLiveKeepsOneDistribution(t *testing.T) {
	rec := newRecording()
	rec.window = newWindow(1)
	r, err := trace.NewReader(bytes.NewReader(sample(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ran := uint64(0)
	for r.Next() {
		rec.add(r.Block())
	}
	for _, n := range rec.nodes {
		ran += n.row.wall.Count
		if n.row.clean.Count() != 0 || n.row.clean.Apart != [disturbances]uint64{} {
			t.Errorf("node %d has clean executions", n.id)
		}
		if n.row.course.SliceNS != 0 {
			t.Errorf("node %d has a course", n.id)
		}
	}
	if ran == 0 {
		t.Error("nothing ran")
	}
}
