package traceexport

import (
	"fmt"

	"github.com/edgexray/edgexray/analyze"
)

// Texts of events that are no ops.

const gapText = "nothing recorded, to keep to the budget"

func lossText(l analyze.Loss) string {
	return printable(fmt.Sprintf("LOST %d: %s", l.Count, l.Cause))
}

func exitText(e analyze.Exit) string {
	if e.Process.LastWords == "" {
		return "process ended"
	}
	return printable("process ended: " + e.Process.LastWords)
}

// missing says what isn't in a trace and has no time.
func missing(ops *analyze.OpsResult) []string {
	var all []string
	if n := ops.Lost[analyze.LossUndescribed]; n != 0 {
		all = append(all, lossText(analyze.Loss{Cause: analyze.LossUndescribed, Count: n}))
	}
	if ops.Truncated != "" {
		all = append(all, printable(ops.Truncated))
	}
	return all
}
