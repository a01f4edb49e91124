package agent

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/tflite"
)

func TestParseOnly(t *testing.T) {
	got, err := ParseOnly([]string{"conv_2d", "3-7", "process=a.b"})
	want := Only{
		Said:      []string{"conv_2d", "3-7", "process=a.b"},
		Selection: tflite.Selection{Ops: []string{"conv_2d"}, Nodes: []tflite.Nodes{{First: 3, Last: 7}}},
		Processes: []string{"a.b"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if only, err := ParseOnly([]string{"7-3"}); err == nil {
		t.Errorf("%+v", only)
	}
}
