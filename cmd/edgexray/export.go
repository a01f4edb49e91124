package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/traceexport"
)

// exportOptions are the verb's flags.
type exportOptions struct {
	format, output, compared string
	nodes                    traceexport.NodeOptions
}

func exportCommand() *cobra.Command {
	var o exportOptions
	c := &cobra.Command{
		Use:   "export TRACE --format FORMAT",
		Short: "Write a trace as a file that other tools read",
		Example: `  edgexray export run.xray --format perfetto             for ui.perfetto.dev: threads, invokes, ops, counters
  edgexray export run.xray --format folded -o -          stacks, for flame graphs
  edgexray export run.xray --format parquet              one row an op execution, for DuckDB or pandas
  edgexray export run.xray --format model-explorer       latency and memory on the model's graph`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			format, err := exportFormat(o.format)
			if err != nil {
				return err
			}
			if o.nodes.Compare, err = readCompared(o.compared); err != nil {
				return err
			}
			r, err := trace.Open(args[0])
			if err != nil {
				return err
			}
			defer r.Close()
			if err := exportTrace(c, args[0], r, format, &o); err != nil {
				return fmt.Errorf("export %s as %s: %w", args[0], format.Name, err)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&o.format, "format", "f", "", "write `format`: "+oneOf(formatNames()))
	f.StringVar(&o.nodes.Metric, "metric", "", "with model-explorer, what to colour nodes by: latency (the default), memory, error or own-error")
	f.StringVar(&o.nodes.Model, "model", "", "with model-explorer, the `name`, path or SHA-256 of the model, if the trace has several")
	f.StringVar(&o.compared, "compare", "", "with model-explorer, a `file` that `edgexray compare --json` printed, for errors")
	f.StringVarP(&o.output, "output", "o", "", "write to `file`, or to stdout with - (default: TRACE with the format's suffix)")
	return c
}

func exportTrace(c *cobra.Command, path string, r *trace.Reader, format traceexport.Format, o *exportOptions) error {
	ops, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		return err
	}
	note := func(text string) { fmt.Fprintln(c.ErrOrStderr(), "edgexray:", report.Printable(text)) }
	for _, warning := range report.Warnings(ops) {
		note(warning)
	}
	if len(ops.Models) == 0 {
		return exitError{errors.New("no op was recorded, so there is nothing to write (`edgexray ops` shows the recorder's notes)"), exitNothing}
	}
	write := func(w io.Writer) error {
		return format.Write(w, traceexport.Source{Ops: ops, Trace: r, Nodes: o.nodes, Note: note})
	}
	output := o.output
	switch output {
	case "-":
		return write(c.OutOrStdout())
	case "":
		output = strings.TrimSuffix(path, ".xray") + format.Suffix
	}
	if err := writeWhole(output, write); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "Wrote %s; open it with %s\n", output, format.Opens)
	return nil
}

// readCompared reads what compare --json printed; path may be empty.
func readCompared(path string) (*compare.Result, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("export: --compare: %w", err)
	}
	result := new(compare.Result)
	if err := json.Unmarshal(data, result); err != nil {
		return nil, fmt.Errorf("export: --compare %s: %w (it has to be what `edgexray compare --json` prints)", path, err)
	}
	return result, nil
}

func exportFormat(name string) (traceexport.Format, error) {
	i := slices.IndexFunc(traceexport.Formats, func(f traceexport.Format) bool { return f.Name == name })
	switch {
	case name == "":
		return traceexport.Format{}, fmt.Errorf("export: say which format with --format: %s", oneOf(formatNames()))
	case i < 0:
		return traceexport.Format{}, fmt.Errorf("export: --format %q is none (use %s)", name, oneOf(formatNames()))
	}
	return traceexport.Formats[i], nil
}

func formatNames() []string {
	var names []string
	for _, f := range traceexport.Formats {
		names = append(names, f.Name)
	}
	return names
}

// oneOf lists what may be chosen: "a, b or c".
func oneOf(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
