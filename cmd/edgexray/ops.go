package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/work"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

// opsFlags say which table of ops to show, and how.
type opsFlags struct {
	by                        string
	memory, paid, work        bool
	asJSON, asCSV, asMarkdown bool
}

func opsCommand() *cobra.Command {
	var o opsFlags
	c := &cobra.Command{
		Use:   "ops TRACE [TRACE...]",
		Short: "Show what each op took; of several traces, what each type of op took in each",
		Example: `  edgexray ops run.xray                      one line a node, as an invoke runs them
  edgexray ops run.xray --by op              summed up by op
  edgexray ops run.xray --paid               CPU time, waiting, page faults, cores
  edgexray ops run.xray --work               MACs and bytes, and how fast they were done
  edgexray ops run.xray --json | jq .lost    what was lost, by cause
  edgexray ops float.xray int8.xray          ms of each type of op, side by side`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var options analyze.Options
			if o.by != "" {
				var err error
				if options.By, err = analyze.ParseBy(o.by); err != nil {
					return err
				}
			}
			if len(args) > 1 {
				return o.across(c.OutOrStdout(), args, cmp.Or(options.By, analyze.ByOp))
			}
			result, err := readOps(args[0], options)
			if err != nil {
				return err
			}
			if o.asCSV {
				for _, warning := range report.Warnings(result) {
					fmt.Fprintln(c.ErrOrStderr(), "edgexray:", warning)
				}
			}
			return o.show(c.OutOrStdout(), result)
		},
	}
	f := c.Flags()
	f.StringVar(&o.by, "by", "", "sum up by `what`: node, op, kernel or thread")
	f.BoolVar(&o.memory, "memory", false, "show the memory of ops' tensors instead of times (JSON has both)")
	f.BoolVar(&o.paid, "paid", false, "show what ops' threads paid per run: CPU time, waiting, page faults, cores (JSON has it, too)")
	f.BoolVar(&o.work, "work", false, "show what ops have to do, MACs and bytes, and how fast they did it (docs/work.md)")
	f.BoolVar(&o.asJSON, "json", false, "print JSON (docs/ops-json.md)")
	f.BoolVar(&o.asCSV, "csv", false, "print CSV")
	f.BoolVar(&o.asMarkdown, "markdown", false, "print Markdown")
	c.MarkFlagsMutuallyExclusive("json", "csv", "markdown")
	c.MarkFlagsMutuallyExclusive("memory", "paid", "work", "by")
	return c
}

// show writes the table of one trace.
func (o *opsFlags) show(out io.Writer, result *analyze.OpsResult) error {
	format, width := formatOf(o.asCSV, o.asMarkdown), widthOf(out, o.asCSV, o.asMarkdown)
	switch {
	case o.work && o.asJSON:
		return writeJSON(out, work.List(result))
	case o.work:
		return report.Work(out, work.List(result), format, width)
	case o.asJSON:
		return writeJSON(out, result)
	case o.memory:
		return report.Memory(out, result, format, width)
	case o.paid:
		return report.Paid(out, result, format, width)
	}
	return report.Ops(out, result, format, width)
}

// across writes the table of several traces.
func (o *opsFlags) across(out io.Writer, paths []string, by analyze.By) error {
	if o.memory || o.paid || o.work {
		return errors.New("ops: --memory, --paid and --work are tables of one trace")
	}
	across, err := readAcross(paths, by)
	if err != nil {
		return err
	}
	if o.asJSON {
		return writeJSON(out, across)
	}
	return report.Across(out, across, formatOf(o.asCSV, o.asMarkdown), widthOf(out, o.asCSV, o.asMarkdown))
}

// readAcross sums up the ops of several traces.
func readAcross(paths []string, by analyze.By) (*analyze.Across, error) {
	var traces []analyze.Named
	for _, path := range paths {
		result, err := readOps(path, analyze.Options{})
		if err != nil {
			return nil, err
		}
		traces = append(traces, analyze.Named{Name: path, Result: result})
	}
	return analyze.AcrossTraces(traces, by)
}

// formatOf returns the format that flags ask for.
func formatOf(asCSV, asMarkdown bool) report.Format {
	switch {
	case asCSV:
		return report.CSV
	case asMarkdown:
		return report.Markdown
	}
	return report.Text
}

// widthOf returns how many characters a line may have in that format, 0 when that doesn't matter.
func widthOf(w io.Writer, asCSV, asMarkdown bool) int {
	if asCSV || asMarkdown {
		return 0
	}
	return width(w)
}

func readOps(path string, options analyze.Options) (*analyze.OpsResult, error) {
	r, err := trace.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return analyze.Ops(r, options)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// width returns how many characters a line of w may have, 0 when that doesn't matter.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
