package traceexport

import (
	"math"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/markers"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

// counted returns the number of a marker that has one, and only one: it goes into a counter.
func counted(m *trace.Marker) (float64, bool) {
	if m.Kind != trace.MarkerKind_METRIC && m.Kind != trace.MarkerKind_SENSOR || len(m.Numbers) != 1 {
		return 0, false
	}
	v := m.Numbers[0]
	return v, !math.IsNaN(v) && !math.IsInf(v, 0)
}

// markerText says in a line what an app has marked: "before camera: UINT8 480x640x3 rgb".
func markerText(m *trace.Marker) string {
	what := []string{strings.TrimSpace(markers.KindName(m.Kind) + " " + m.Key)}
	if m.Text != "" {
		what = append(what, m.Text)
	}
	if len(m.Numbers) > 0 {
		numbers := make([]string, len(m.Numbers))
		for i, v := range m.Numbers {
			numbers[i] = strconv.FormatFloat(v, 'g', 6, 64)
		}
		what = append(what, strings.Join(numbers, " "))
	}
	if m.Type != 0 {
		what = append(what, report.Elements(markers.ArrayOf(m)))
	}
	return printable(strings.Join(what, ": "))
}

// markedKey is a counter: a number that a process marks.
type markedKey struct {
	pid int32
	key string
}

// marker writes a moment of a thread, or a number of its process.
func (p *perfetto) marker(m *trace.Marker, t *analyze.Thread) error {
	value, ok := counted(m)
	if !ok {
		return p.instant(p.thread(t).track, m.TimeNs, markerText(m))
	}
	key := markedKey{t.PID, m.Key}
	if p.marked[key] == 0 {
		p.marked[key] = p.counterTrack(p.process(t.PID, t.Process), printable(m.Key), nil)
	}
	p.emit(m.TimeNs, p.event[:0].number(eventType, typeCounter).number(eventTrack, p.marked[key]).fixed(eventDouble, math.Float64bits(value)))
	return p.err
}
