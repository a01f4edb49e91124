package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

func (p *printer) overview(r *analyze.OpsResult) {
	rec := r.Recording
	p.line("Recorded %.1f s on Linux %s (%s) by %s, attached with %s: %d ops", float64(r.DurationNS)/1e9, rec.Linux, rec.Architecture,
		rec.Recorder, rec.AttachMethod, rec.Ops)
	var costs []string
	for _, c := range rec.ProbeCosts {
		costs = append(costs, fmt.Sprintf("%s %.2f us (%.2f)", c.InstructionClass, micro(c.TotalNS), micro(c.InsideNS)))
	}
	if len(costs) > 0 {
		p.line("Cost of the probe per op, and the part of it within the op's time, by instruction: %s", strings.Join(costs, ", "))
	}
	for _, mode := range Modes(r) {
		p.line("%s", mode)
	}
	for _, warning := range Warnings(r) {
		p.line("%s", warning)
	}
	for _, n := range r.Notes {
		p.line("Note (%s): %s", n.Kind, n.Text)
	}
}

// Modes says how the recording was restricted.
func Modes(r *analyze.OpsResult) []string {
	rec := &r.Recording
	var modes []string
	say := func(format string, args ...any) { modes = append(modes, fmt.Sprintf(format, args...)) }
	if len(rec.Only) > 0 {
		say("Only %s was recorded: invokes and shares are of that alone, and a delegate node's own time has the operators that were left out",
			strings.Join(rec.Only, ", "))
	}
	if rec.EntryOnly {
		var ops, inferred uint64
		for _, m := range r.Models {
			for _, op := range m.Ops {
				ops += op.Count
				inferred += op.EndsInferred
			}
		}
		how := "ops"
		if inferred > 0 {
			how = percent(ratio(inferred, ops)) + " of the ops"
		}
		say("Entry probes only: %s end where the next one begins, so their times include what the runtime does between them", how)
	}
	if rec.AggregateError != 0 {
		say("Ops were summed up as they ran: counts, means, minima and maxima are exact, quantiles within %s", percent(rec.AggregateError))
	}
	if rec.Budget != 0 {
		say("Recorded %s of the time, in %s, for a budget of %s: by estimate it cost the app %s of its time", percent(1-ratio(rec.GapsNS, r.DurationNS)),
			plural(rec.Gaps+1, "turn"), percent(rec.Budget), strconv.FormatFloat(100*ratio(rec.CostNS, r.DurationNS), 'f', 2, 64)+"%")
	}
	return modes
}

func ratio(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Warnings says what a user must know before trusting the result: losses, an early end, processes that died. Its texts
// hold names from the device; they are made printable.
func Warnings(r *analyze.OpsResult) []string {
	var warnings []string
	if len(r.Recording.ProbeCosts) == 0 {
		warnings = append(warnings, "The cost of a probe was not measured: no op can be trusted")
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Lost)) {
		warnings = append(warnings, Printable(fmt.Sprintf("LOST: %s: %d", cause, r.Lost[cause])))
	}
	if r.Truncated != "" {
		warnings = append(warnings, Printable("INCOMPLETE: "+r.Truncated))
	}
	for _, process := range r.Processes {
		if process.LastWords != "" {
			warnings = append(warnings, Printable(fmt.Sprintf("%s (pid %d): %s", process.Name, process.PID, process.LastWords)))
		}
	}
	return warnings
}
