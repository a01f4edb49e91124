// Package traceexport turns a trace into files that other tools read, one file a format. docs/export.md says what is in
// each.
package traceexport

import (
	"io"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
)

// Format is a way to write a trace.
type Format struct {
	Name   string
	Suffix string // of files
	Opens  string // what to open such a file with
	// Write writes the trace that r reads, and ops was made of. It reads the trace again if it needs single executions.
	Write func(w io.Writer, ops *analyze.OpsResult, r *trace.Reader) error
}

// Formats are all of them.
var Formats = []Format{
	{"perfetto", ".perfetto-trace", "https://ui.perfetto.dev", Perfetto},
	{"chrome", ".trace.json", "chrome://tracing or https://www.speedscope.app", Chrome},
	{"folded", ".folded", "flamegraph.pl, inferno-flamegraph or https://www.speedscope.app", Folded},
	{"csv", ".csv", "anything that reads tables", CSV},
}
