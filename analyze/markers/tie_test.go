package markers

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/trace"
)

const (
	begin  = trace.MarkerKind_FRAME_BEGIN
	end    = trace.MarkerKind_FRAME_END
	before = trace.MarkerKind_BEFORE
	after  = trace.MarkerKind_AFTER
	label  = trace.MarkerKind_LABEL
	metric = trace.MarkerKind_METRIC
	sensor = trace.MarkerKind_SENSOR
)

// marked is a marker of process 1.
func marked(thread uint32, at, frame uint64, kind trace.MarkerKind) *trace.Marker {
	return &trace.Marker{Process: 1, Thread: thread, TimeNs: at, Frame: frame, Kind: kind}
}

func TestTie(t *testing.T) {
	one := []Invoke{{1, 1, 100}, {1, 1, 200}, {1, 1, 300}}
	for name, test := range map[string]struct {
		invokes []Invoke
		markers []*trace.Marker
		want    []int
	}{
		"without frames, by kind": {one,
			[]*trace.Marker{marked(1, 150, 0, before), marked(1, 150, 0, sensor), marked(1, 150, 0, label), marked(1, 150, 0, after), marked(1, 150, 0, metric)},
			[]int{1, 1, 1, 0, 0}},
		"none on that side":             {one, []*trace.Marker{marked(1, 350, 0, before), marked(1, 50, 0, after)}, []int{-1, -1}},
		"another thread of the process": {one, []*trace.Marker{marked(2, 150, 0, sensor), marked(2, 250, 0, metric)}, []int{1, 1}},
		"its own thread comes first":    {[]Invoke{{1, 2, 160}, {1, 1, 200}}, []*trace.Marker{marked(1, 150, 0, before), marked(3, 150, 0, before)}, []int{1, 0}},
		"another process":               {[]Invoke{{2, 7, 200}}, []*trace.Marker{marked(1, 150, 0, before)}, []int{-1}},
		"by frame, whatever its side": {one,
			[]*trace.Marker{marked(1, 190, 1, begin), marked(1, 195, 1, after), marked(1, 210, 1, label), marked(1, 220, 1, before), marked(1, 230, 1, end), marked(1, 240, 0, metric)},
			[]int{1, 1, 1, 1, 1, 1}},
		"several invokes in a frame": {one,
			[]*trace.Marker{marked(1, 90, 1, begin), marked(1, 95, 1, before), marked(1, 150, 1, after), marked(1, 160, 1, before), marked(1, 250, 1, label), marked(1, 260, 1, end)},
			[]int{0, 0, 0, 1, 1, 1}},
		"a frame that ran nothing": {one, []*trace.Marker{marked(1, 110, 1, begin), marked(1, 120, 1, before), marked(1, 130, 1, end)}, []int{-1, -1, -1}},
		"a frame whose model runs on another thread": {[]Invoke{{1, 9, 100}, {1, 9, 200}},
			[]*trace.Marker{marked(1, 150, 4, begin), marked(1, 160, 4, label), marked(1, 250, 4, after), marked(1, 260, 4, end)}, []int{1, 1, 1, 1}},
		"frames without ends":              {one, []*trace.Marker{marked(1, 90, 1, begin), marked(1, 120, 1, label), marked(1, 190, 2, begin), marked(1, 220, 2, label)}, []int{0, 0, 1, 2}},
		"a frame whose beginning was lost": {one, []*trace.Marker{marked(1, 150, 8, before)}, []int{1}},
		"in no order":                      {[]Invoke{{1, 1, 300}, {1, 1, 100}, {1, 1, 200}}, []*trace.Marker{marked(1, 230, 0, after), marked(1, 50, 0, before)}, []int{2, 1}},
		"nothing ran":                      {nil, []*trace.Marker{marked(1, 150, 0, before), marked(1, 160, 1, begin)}, []int{-1, -1}},
		"at its start":                     {one, []*trace.Marker{marked(1, 200, 0, before)}, []int{1}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Tie(test.invokes, test.markers)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
