package traceexport

import (
	"io"

	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/benchexport"
)

// Benchfmt writes Go benchmark results: what an invoke and each op took, by the quantile that `edgexray diff` compares.
func Benchfmt(w io.Writer, s Source) error { return benchexport.Write(w, s.Ops, diff.DefaultQuantile) }
