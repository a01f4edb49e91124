// Package traceexport turns a trace into files that other tools read, one file a format. docs/export.md says what is in
// each.
package traceexport

import (
	"io"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
)

// Source is what is written.
type Source struct {
	Ops   *analyze.OpsResult
	Trace *trace.Reader // that Ops was made of; it is read again for single executions
	Nodes NodeOptions   // for ModelExplorer only
	Note  func(string)  // is told what is not in the file although it is in the trace; nil for nobody
}

// Format is a way to write a trace.
type Format struct {
	Name   string
	Suffix string // of files
	Opens  string // what to open such a file with
	Write  func(io.Writer, Source) error
}

// Formats are all of them.
var Formats = []Format{
	{"perfetto", ".perfetto-trace", "https://ui.perfetto.dev", Perfetto},
	{"chrome", ".trace.json", "chrome://tracing or https://www.speedscope.app", Chrome},
	{"folded", ".folded", "flamegraph.pl, inferno-flamegraph or https://www.speedscope.app", Folded},
	{"csv", ".csv", "anything that reads tables", CSV},
	{"parquet", ".parquet", "duckdb, pandas or anything that reads Parquet", Parquet},
	{"model-explorer", ".node-data.json", "Model Explorer, together with the model", ModelExplorer},
	{"benchfmt", ".bench.txt", "benchstat", Benchfmt},
}
