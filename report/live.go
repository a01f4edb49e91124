package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/edgexray/edgexray/analyze"
)

// LiveView is how a snapshot of a recording in progress is shown.
type LiveView struct {
	Target        string // what is recorded
	Width, Height int    // of the screen, in characters
	Model         int    // index in the snapshot's models
	Sort          LiveSort
	Reverse       bool
	First         int // index of the first row that is shown, from the top of the table
	Paused        bool
	Help          bool
}

// LiveLine is a line of a screen.
type LiveLine struct {
	Text string
	Mark LineMark
}

// LineMark is how a line stands out, where the terminal can do that. Nothing depends on it.
type LineMark int

// The marks.
const (
	Plain LineMark = iota
	Heading
	Alert
)

// Live returns the screen: at most Height lines of at most Width characters.
func Live(s *analyze.Snapshot, v LiveView) []LiveLine {
	var lines []LiveLine
	if v.Help {
		lines = help(s)
	} else {
		lines = liveScreen(s, v)
	}
	lines = lines[:min(len(lines), v.Height)]
	for i := range lines {
		lines[i].Text = cut(Printable(lines[i].Text), v.Width)
	}
	return lines
}

// Rows that a screen has at the least, before lines around the table make room for them.
const minLiveRows = 3

// LiveRows returns how many rows of the model's table there are, and how many of them the screen has room for.
func LiveRows(s *analyze.Snapshot, v LiveView) (rows, room int) {
	if v.Model < len(s.Models) {
		rows = len(ran(s.Models[v.Model].Rows))
	}
	above, below := around(s, v, "")
	return rows, max(v.Height-len(above)-len(below)-1, 1)
}

func liveScreen(s *analyze.Snapshot, v LiveView) []LiveLine {
	rows, room := LiveRows(s, v)
	middle, shown := []LiveLine{{Text: idle(s)}}, ""
	if rows > 0 {
		table := liveTableLines(s.Models[v.Model].Rows, s.By, v)
		first := min(max(v.First, 0), max(rows-room, 0))
		last := min(first+room, rows)
		middle = append(table[:1:1], table[1+first:1+last]...)
		shown = fmt.Sprintf("%ss %d-%d of %d", s.By, first+1, last, rows)
	}
	for len(middle) < room+1 {
		middle = append(middle, LiveLine{})
	}
	above, below := around(s, v, shown)
	return slices.Concat(above, middle, below)
}

// around returns the lines above and below the table, of which one says which rows are shown. On a low screen, those go
// that matter least.
func around(s *analyze.Snapshot, v LiveView, shown string) (above, below []LiveLine) {
	type line struct {
		LiveLine
		below bool
		drop  int // in this order; 0: never
	}
	mark := Plain
	if len(s.Lost) > 0 {
		mark = Alert
	}
	all := []line{
		{LiveLine{title(s, v), Heading}, false, 3},
		{LiveLine{Text: health(s, v.Model), Mark: mark}, false, 0},
	}
	if v.Model < len(s.Models) {
		m := s.Models[v.Model]
		if len(s.Models) > 1 {
			shown = fmt.Sprintf("model %d of %d, %s", v.Model+1, len(s.Models), shown)
		}
		all = append(all,
			line{LiveLine{Text: justify(modelName(m), shown, v.Width)}, false, 4},
			line{LiveLine{Text: invokes(s, m)}, false, 2})
		if m.LastWords != "" {
			all = append(all, line{LiveLine{fmt.Sprintf("%s (pid %d): %s", m.Process, m.PID, m.LastWords), Alert}, true, 1})
		}
	}
	if s.Truncated != "" {
		all = append(all, line{LiveLine{"INCOMPLETE: " + s.Truncated, Alert}, true, 0})
	}
	if n := len(s.Notes); n > 0 {
		all = append(all, line{LiveLine{Text: fmt.Sprintf("note %d of %d: %s", n, n, s.Notes[n-1].Text)}, true, 1})
	}
	all = append(all, line{LiveLine{Text: keys(v.Width)}, true, 5})
	for drop := 1; drop <= 5 && len(all)+1+minLiveRows > v.Height; drop++ {
		all = slices.DeleteFunc(all, func(l line) bool { return l.drop == drop })
	}
	for _, l := range all {
		if l.below {
			below = append(below, l.LiveLine)
		} else {
			above = append(above, l.LiveLine)
		}
	}
	return above, below
}

func title(s *analyze.Snapshot, v LiveView) string {
	state := seconds(s.DurationNS)
	switch {
	case s.Ended:
		state += ", ended: " + s.Recording.EndReason
	case v.Paused:
		state += ", PAUSED"
	}
	return justify("edgexray top: "+v.Target, state, v.Width)
}

// health says what was lost, and what recording costs. Causes come last, where a narrow screen ends.
func health(s *analyze.Snapshot, model int) string {
	cost := probes(s)
	if model < len(s.Models) {
		cost = probe(s, s.Models[model])
	}
	total, causes := lost(s)
	return fmt.Sprintf("%s; %s; %.0f ops/s%s%s", total, cost, s.OpsRate, causes, restrictions(s))
}

// lost returns how many records were lost, and the causes, which are none if there are no losses.
func lost(s *analyze.Snapshot) (total, causes string) {
	var n uint64
	for _, cause := range slices.Sorted(maps.Keys(s.Lost)) {
		n += s.Lost[cause]
		causes += fmt.Sprintf("; %s %d", cause, s.Lost[cause])
	}
	if n == 0 {
		return "lost 0", ""
	}
	return fmt.Sprintf("LOST %d", n), causes
}

// restrictions says what the recording leaves out on purpose.
func restrictions(s *analyze.Snapshot) string {
	var text string
	rec := &s.Recording
	if rec.Budget != 0 {
		text += fmt.Sprintf("; %s of the time recorded for a budget of %s", percent(1-ratio(rec.GapsNS, s.DurationNS)), percent(rec.Budget))
	}
	if rec.EntryOnly {
		text += "; entry probes only"
	}
	if len(rec.Only) > 0 {
		text += "; only " + strings.Join(rec.Only, ", ")
	}
	return text
}

// probe says what the model's ops pay for being recorded.
func probe(s *analyze.Snapshot, m *analyze.LiveModel) string {
	var count uint64
	for _, r := range m.Rows {
		count += r.Count
	}
	if count == 0 || m.SelfNS == 0 || len(s.Recording.ProbeCosts) == 0 {
		return probes(s)
	}
	return fmt.Sprintf("probe %.2f us an op, %s of the ops' time", micro(m.ProbesNS)/float64(count),
		percent(float64(m.ProbesNS)/float64(m.SelfNS)))
}

// probes says what an op pays, whatever the instruction at which it is probed.
func probes(s *analyze.Snapshot) string {
	costs := s.Recording.ProbeCosts
	if len(costs) == 0 {
		return "the probe's cost was not measured"
	}
	byCost := func(a, b analyze.ProbeCost) int { return cmp.Compare(a.TotalNS, b.TotalNS) }
	return fmt.Sprintf("probe %.2f to %.2f us an op", micro(slices.MinFunc(costs, byCost).TotalNS), micro(slices.MaxFunc(costs, byCost).TotalNS))
}

func modelName(m *analyze.LiveModel) string {
	ended := ""
	if m.Exited {
		ended = ", ended"
	}
	return fmt.Sprintf("%s in %s (pid %d%s)", m.Name, m.Process, m.PID, ended)
}

func invokes(s *analyze.Snapshot, m *analyze.LiveModel) string {
	span := "since the start" // of the recording
	if s.Recent {
		span = "last " + seconds(s.WindowNS)
	}
	i := m.Invokes
	if i.Count == 0 {
		return span + ": no invoke was completed"
	}
	rate := float64(i.Count) / float64(max(s.SpanNS, 1)) * 1e9
	return fmt.Sprintf("%s: %d invokes, %.1f/s, mean %s us, p99 %.1f", span, i.Count, rate, us(i.MeanNS), micro(i.P99NS))
}

// idle says why there is no table.
func idle(s *analyze.Snapshot) string {
	switch {
	case s.Ended:
		return "The recording has ended, and no op ran in this time."
	case len(s.Models) == 0:
		return "Waiting for the first op of a TFLite or LiteRT model."
	default:
		return "Idle: nothing ran lately (w: since the start, m: the next model)."
	}
}

// LiveText writes a snapshot of all models with all their rows. Lines have at most width characters as far as possible,
// where 0 is no limit.
func LiveText(w io.Writer, s *analyze.Snapshot, sort LiveSort, width int) error {
	p := printer{w: w, format: Text, width: width}
	total, causes := lost(s)
	p.line("recorded %s: %d ops; %s%s%s", seconds(s.DurationNS), s.Ops, total, causes, restrictions(s))
	if s.Truncated != "" {
		p.line("INCOMPLETE: %s", s.Truncated)
	}
	for _, n := range s.Notes {
		p.line("note: %s", n.Text)
	}
	for _, m := range s.Models {
		p.heading("%s", modelName(m))
		if m.LastWords != "" {
			p.line("%s", m.LastWords)
		}
		p.line("%s; %s", invokes(s, m), probe(s, m))
		for _, l := range liveTableLines(m.Rows, s.By, LiveView{Width: width, Sort: sort}) {
			p.line("%s", l.Text)
		}
	}
	if len(s.Models) == 0 {
		p.line("No op was recorded.")
	}
	return p.err
}

// seconds shows a time as 9s or 1h2m3s.
func seconds(ns uint64) string { return time.Duration(ns).Round(time.Second).String() }

// justify puts left and right at the ends of a line. The right one goes when there is no room.
func justify(left, right string, width int) string {
	left, right = Printable(left), Printable(right)
	room := width - utf8.RuneCountInString(left) - utf8.RuneCountInString(right)
	if right == "" {
		return left
	}
	if room >= 2 {
		return left + strings.Repeat(" ", room) + right
	}
	keep := width - utf8.RuneCountInString(right) - 2
	if keep < width/2 {
		return left
	}
	return cut(left, keep) + "  " + right
}

// cut shortens a text to width characters.
func cut(s string, width int) string {
	if width <= 0 || utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}
