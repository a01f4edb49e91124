package tflite

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSelection(t *testing.T) {
	got, err := ParseSelection([]string{"conv_2d", "12", "3-7", "1:4"})
	want := Selection{
		Ops:   []string{"conv_2d"},
		Nodes: []Nodes{{0, 12, 12}, {0, 3, 7}, {1, 4, 4}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, node := range []struct {
		op              string
		subgraph, index int32
		want            bool
	}{{"CONV_2D", 0, 99, true}, {"ADD", 0, 5, true}, {"ADD", -1, 12, true}, {"ADD", 1, 5, false}, {"ADD", 1, 4, true}, {"ADD", 0, -1, false}} {
		if got := want.Wants(node.op, node.subgraph, node.index); got != node.want {
			t.Errorf("%+v: %t", node, got)
		}
	}
	for _, bad := range []string{"", "7-3", "1:", "3-", "1:2:3", "99999999999"} {
		if s, err := ParseSelection([]string{bad}); err == nil {
			t.Errorf("%q: %+v", bad, s)
		}
	}
}
