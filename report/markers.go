package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/markers"
	"github.com/edgexray/edgexray/analyze/tensors"
)

// Markers writes what an app marked itself, a line a key. Lines have at most width characters as far as possible, where 0 is
// no limit.
func Markers(w io.Writer, r *markers.Result, width int) error {
	p := printer{w: w, width: width}
	lasted := ""
	if r.Recording.DurationNS > 0 {
		lasted = fmt.Sprintf(" in %.1f s", float64(r.Recording.DurationNS)/1e9)
	}
	p.line("%s, recorded on Linux %s by %s%s", plural(r.Markers, "marker"), r.Recording.Linux, r.Recording.Recorder, lasted)
	for _, cause := range slices.Sorted(maps.Keys(r.Lost)) {
		p.line("LOST: %s: %d", cause, r.Lost[cause])
	}
	if r.Cut != "" {
		p.line("INCOMPLETE: %s", r.Cut)
	}
	switch {
	case r.NoInvokes != "":
		p.line("No marker is tied to an invoke: %s", r.NoInvokes)
	case r.Invokes == 0 && r.Markers > 0:
		p.line("No model ran: no marker is tied to an invoke")
	}
	for _, n := range r.Notes {
		p.line("Note (%s): %s", n.Kind, n.Text)
	}
	for i, process := range r.Processes {
		p.heading("%s (pid %d): %s", process.Name, process.PID, framesAndInvokes(process))
		p.table(markerTable(r, i))
	}
	return p.err
}

func framesAndInvokes(p *markers.Process) string {
	parts := []string{plural(p.Markers, "marker")}
	if p.Frames > 0 {
		frames := plural(p.Frames, "frame")
		if f := p.FrameNS; f != nil {
			frames += fmt.Sprintf(" (median %.2f ms, %.2f to %.2f)", float64(f.Median)/1e6, float64(f.Min)/1e6, float64(f.Max)/1e6)
		}
		parts = append(parts, frames)
	}
	parts = append(parts, plural(p.Invokes, "invoke"))
	if p.Most > 1 {
		parts = append(parts, fmt.Sprintf("up to %d in a frame", p.Most))
	}
	return strings.Join(parts, ", ")
}

func markerTable(r *markers.Result, process int) *table {
	t := &table{columns: []column{
		{name: "kind", left: true}, {name: "key", left: true, max: 40}, {name: "count"}, {name: "how often", left: true, rare: true, drop: 1},
		{name: "min", rare: true, drop: 2}, {name: "median", rare: true}, {name: "max", rare: true, drop: 3}, {name: "last", rare: true, drop: 4},
		{name: "what", left: true, rare: true, max: 70}, {name: "", left: true, rare: true, max: 70},
	}}
	for _, k := range r.Keys {
		if k.Process != process {
			continue
		}
		cell := func(of func(markers.Column) tensors.Number) string {
			var cells []string
			for _, c := range k.Numbers {
				cells = append(cells, fmt.Sprintf("%.6g", float64(of(c))))
			}
			return strings.Join(cells, " ")
		}
		t.add(k.Kind, k.Key, strconv.Itoa(k.Count), howOften(k),
			cell(func(c markers.Column) tensors.Number { return c.Min }), cell(func(c markers.Column) tensors.Number { return c.Median }),
			cell(func(c markers.Column) tensors.Number { return c.Max }), cell(func(c markers.Column) tensors.Number { return c.Last }),
			whatMarked(k), remarkMarked(k, r.Invokes > 0))
	}
	return t.withoutEmpty()
}

// howOften says how many there are in a frame or, without frames, of an invoke.
func howOften(k *markers.Key) string {
	switch {
	case k.Frames > 0:
		return fmt.Sprintf("%.3g a frame", float64(k.Count)/float64(k.Frames))
	case k.Invokes > 0:
		return fmt.Sprintf("%.3g an invoke", float64(k.Count-k.Untied)/float64(k.Invokes))
	}
	return ""
}

func whatMarked(k *markers.Key) string {
	var what []string
	for _, a := range k.Arrays {
		what = append(what, Elements(a)+times(a.Count, k.Count))
	}
	for _, text := range k.Texts {
		what = append(what, strconv.Quote(text.Text)+times(text.Count, k.Count))
	}
	if k.OtherTexts > 0 {
		what = append(what, fmt.Sprintf("%d others", k.OtherTexts))
	}
	return strings.Join(what, ", ")
}

// times says how many of all something is, unless it is all.
func times(n, all int) string {
	if n == all {
		return ""
	}
	return fmt.Sprintf(" (%d)", n)
}

// Elements shows what a marker's array is: "UINT8 480x640x3 rgb", "INT16 16000x1 16000 Hz".
func Elements(a *markers.Array) string {
	parts := []string{a.Type}
	if len(a.Shape) > 0 {
		parts = append(parts, Shape(a.Shape))
	}
	if a.Format != "" {
		parts = append(parts, a.Format)
	}
	if a.Rate > 0 {
		parts = append(parts, fmt.Sprintf("%d Hz", a.Rate))
	}
	return strings.Join(parts, " ")
}

func remarkMarked(k *markers.Key, modelRan bool) string {
	var remarks []string
	if k.Untied > 0 && modelRan {
		remarks = append(remarks, fmt.Sprintf("%d of no invoke", k.Untied))
	}
	for _, n := range k.Numbers {
		if n.NaNs > 0 {
			remarks = append(remarks, fmt.Sprintf("%d NaN", n.NaNs))
		}
	}
	for _, why := range slices.Sorted(maps.Keys(k.Missing)) {
		remarks = append(remarks, fmt.Sprintf("%d missing: %s", k.Missing[why], why))
	}
	return strings.Join(remarks, "; ")
}
