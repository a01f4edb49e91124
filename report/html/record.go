package html

import (
	"fmt"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// record says how a recording was made, and what it lacks.
type record struct {
	Name     string
	Facts    [][2]string
	Warnings []string
	Notes    []analyze.Note
}

func newRecord(run *Run) *record {
	r, rec := run.Ops, &run.Ops.Recording
	v := &record{Name: shown(run.Name)}
	say := func(name, format string, args ...any) {
		v.Facts = append(v.Facts, [2]string{name, fmt.Sprintf(format, args...)})
	}
	say("Device", "%s: Linux %s, %s", shown(rec.Hostname), shown(rec.Linux), shown(rec.Architecture))
	say("Recorded by", "%s, attached with %s", shown(rec.Recorder), shown(rec.AttachMethod))
	if rec.StartUnixNS != 0 {
		say("From", "%s, for %s", startedAt(rec), duration(r.DurationNS))
	}
	say("Command", "%s", shownText(strings.Join(rec.CommandLine, " ")))
	if rec.EndReason != "" {
		say("Ended", "%s", shown(rec.EndReason))
	}
	say("Ops", "%s", number(rec.Ops))
	for _, c := range rec.ProbeCosts {
		say("A probe costs", "%s, %s of it within the op's own time; instruction: %s", duration(c.TotalNS), duration(c.InsideNS), shown(c.InstructionClass))
	}
	for _, m := range r.Models {
		if cost := recordingCost(m); cost > 0 {
			say("Recording took", "about %s of %s's time", percent(cost), shown(m.Name))
		}
	}
	for _, c := range cores(rec.Cores) {
		say("Cores", "%s", c)
	}
	for _, f := range rec.Followed {
		if f.Missing != "" {
			say("Not followed", "%s: %s", shown(f.Part), shownText(f.Missing))
		}
	}
	v.Warnings = shownAll(append(report.Modes(r), report.Warnings(r)...))
	for _, n := range r.Notes[:min(len(r.Notes), maxNotes)] {
		v.Notes = append(v.Notes, analyze.Note{Kind: shown(n.Kind), Text: shownText(n.Text)})
	}
	if more := len(r.Notes) - maxNotes; more > 0 {
		v.Notes = append(v.Notes, analyze.Note{Kind: "more", Text: fmt.Sprintf("and %s (edgexray ops has them all)", count(more, "further note"))})
	}
	return v
}

// maxNotes of a recorder are shown.
const maxNotes = 40

// recordingCost is which part of the model's time its probes took, as measured on the device when the recording began.
func recordingCost(m *analyze.Model) float64 {
	var cost uint64
	for _, op := range m.Ops {
		cost += op.Count * op.ProbeCostNS
	}
	return float64(cost) / max(float64(m.InvokeWall.Sum), 1)
}

// cores describes what Linux tells of them, like ones together.
func cores(all []analyze.Core) []string {
	var texts []string
	for first := 0; first < len(all); {
		next := first + 1
		for next < len(all) && all[next].Capacity == all[first].Capacity && all[next].MaxKHz == all[first].MaxKHz {
			next++
		}
		c, names := all[first], fmt.Sprint(first)
		if next-first > 1 {
			names = fmt.Sprintf("%d to %d", first, next-1)
		}
		switch {
		case c.MaxKHz != 0 && c.Capacity != 0:
			texts = append(texts, fmt.Sprintf("%s: up to %d MHz, capacity %d of 1024", names, c.MaxKHz/1000, c.Capacity))
		case c.MaxKHz != 0:
			texts = append(texts, fmt.Sprintf("%s: up to %d MHz", names, c.MaxKHz/1000))
		case c.Capacity != 0:
			texts = append(texts, fmt.Sprintf("%s: capacity %d of 1024", names, c.Capacity))
		default:
			texts = append(texts, names+": Linux doesn't tell how fast")
		}
		first = next
	}
	return texts
}
