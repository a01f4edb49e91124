package agent

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseOnly(t *testing.T) {
	got, err := ParseOnly([]string{"conv_2d", "12", "3-7", "1:4", "process=a.b"})
	want := Only{
		Said:      []string{"conv_2d", "12", "3-7", "1:4", "process=a.b"},
		Ops:       []string{"CONV_2D"},
		Nodes:     []Nodes{{0, 12, 12}, {0, 3, 7}, {1, 4, 4}},
		Processes: []string{"a.b"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, node := range []struct {
		op              string
		subgraph, index int32
		want            bool
	}{{"CONV_2D", 0, 99, true}, {"ADD", 0, 5, true}, {"ADD", -1, 12, true}, {"ADD", 1, 5, false}, {"ADD", 1, 4, true}, {"ADD", 0, -1, false}} {
		if got := want.wants(node.op, node.subgraph, node.index); got != node.want {
			t.Errorf("%+v: %t", node, got)
		}
	}
	for _, bad := range []string{"", "7-3", "1:", "3-", "1:2:3", "99999999999"} {
		if only, err := ParseOnly([]string{bad}); err == nil {
			t.Errorf("%q: %+v", bad, only)
		}
	}
}
