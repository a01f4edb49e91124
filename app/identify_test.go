package app

import (
	"testing"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

func TestCheckEnds(t *testing.T) {
	file := &tflite.Subgraph{Inputs: []int32{0, 1}, Outputs: []int32{5}}
	for _, c := range []struct {
		name            string
		known           bool
		inputs, outputs []int32
		want            bool
		notes           int
	}{
		{"not read", false, nil, nil, true, 0},
		{"the same", true, []int32{0, 1}, []int32{5}, true, 0},
		{"an input that is not used", true, []int32{0, -1}, []int32{5}, true, 0},
		{"another input", true, []int32{0, 2}, []int32{5}, false, 1},
		{"an output more", true, []int32{0, 1}, []int32{5, 6}, false, 1},
	} {
		var notes []string
		ms := Models{Note: func(_, format string, _ ...any) { notes = append(notes, format) }}
		d := &trace.Subgraph{EndsKnown: c.known, Inputs: c.inputs, Outputs: c.outputs}
		ms.checkEnds(d, file)
		if d.EndsKnown != c.want || len(notes) != c.notes || c.want != (len(d.Outputs) == 1) {
			t.Errorf("%s: known %v, %v and %v, notes %q", c.name, d.EndsKnown, d.Inputs, d.Outputs, notes)
		}
	}
}
