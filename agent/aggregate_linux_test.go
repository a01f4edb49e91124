package agent

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/trace"
)

// The sums of a run's ops are those of its records: what can be exact is, and each op is in a bucket whose middle is within
// the error that is stated.
func TestAggregatesAreOfTheOps(t *testing.T) {
	var file bytes.Buffer
	err := Record(context.Background(), Options{
		Command: []string{apps.CAPI(t, "amd64"), "--library", parts.Path(t, "tflite-2.17.1/amd64/libtensorflowlite_c.so"),
			"--model", parts.Path(t, "face/face_landmark.tflite"), "--invokes", "40"},
		Output: &file, Aggregate: bpf.AggregateToo, Follow: FollowAll, Cache: probes.DefaultCache(),
		Began: func() error { return nil }, Finished: func(*Summary) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	reader, err := trace.NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ops := make(map[uint32][]trace.Op)
	sums := make(map[uint32]*trace.Aggregate)
	for reader.Next() {
		for _, batch := range reader.Block().Ops {
			for op := range batch.All() {
				ops[op.Node] = append(ops[op.Node], op)
			}
		}
		for _, a := range reader.Block().Aggregates {
			sums[a.Node] = a
		}
	}
	if len(ops) != 97 || len(sums) != len(ops) {
		t.Fatalf("ops of %d nodes, sums of %d", len(ops), len(sums))
	}
	for node, list := range ops {
		compare(t, list, sums[node])
	}
}

func compare(t *testing.T, ops []trace.Op, sum *trace.Aggregate) {
	t.Helper()
	want := trace.Aggregate{Count: uint64(len(ops)), MinNs: ops[0].Duration}
	durations := make([]uint64, len(ops))
	for i, op := range ops {
		durations[i] = op.Duration
		want.SumNs += op.Duration
		want.MinNs, want.MaxNs = min(want.MinNs, op.Duration), max(want.MaxNs, op.Duration)
		want.OffCpu += op.Paid.OffCPU
		want.MinorFaults += op.Paid.MinorFaults
		want.Migrations += op.Paid.Migrations
	}
	if sum.Count != want.Count || sum.SumNs != want.SumNs || sum.MinNs != want.MinNs || sum.MaxNs != want.MaxNs ||
		sum.OffCpu != want.OffCpu || sum.MinorFaults != want.MinorFaults || sum.Migrations != want.Migrations {
		t.Errorf("node %d: sums %v, of the ops %v", sum.Node, sum, &want)
	}
	slices.Sort(durations)
	at := 0
	for i, bucket := range sum.Bucket {
		middle := float64(bpf.BucketMiddle(int(bucket)))
		for range sum.BucketCount[i] {
			if off := middle/float64(durations[at]) - 1; off > 1./(2*bpf.AggregateOctave) || off < -1./(2*bpf.AggregateOctave) {
				t.Errorf("node %d: %d ns are in the bucket of %.0f, off by %.1f %%", sum.Node, durations[at], middle, 100*off)
			}
			at++
		}
	}
	if at != len(durations) {
		t.Errorf("node %d: %d ops in buckets, of %d", sum.Node, at, len(durations))
	}
}
