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
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

func opsCommand() *cobra.Command {
	var by string
	var memory, paid, asJSON, asCSV, asMarkdown bool
	c := &cobra.Command{
		Use:   "ops TRACE [TRACE...]",
		Short: "Show what each op took; of several traces, what each type of op took in each",
		Example: `  edgexray ops run.xray                      one line a node, as an invoke runs them
  edgexray ops run.xray --by op              summed up by op
  edgexray ops run.xray --paid               CPU time, waiting, page faults, cores
  edgexray ops run.xray --json | jq .lost    what was lost, by cause
  edgexray ops float.xray int8.xray          ms of each type of op, side by side`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			var options analyze.Options
			if by != "" {
				var err error
				if options.By, err = analyze.ParseBy(by); err != nil {
					return err
				}
			}
			out, write := c.OutOrStdout(), report.Ops
			if len(args) > 1 {
				if memory || paid {
					return errors.New("ops: --memory and --paid are tables of one trace")
				}
				across, err := readAcross(args, cmp.Or(options.By, analyze.ByOp))
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(out, across)
				}
				return report.Across(out, across, formatOf(asCSV, asMarkdown), widthOf(out, asCSV, asMarkdown))
			}
			result, err := readOps(args[0], options)
			if err != nil {
				return err
			}
			switch {
			case memory:
				write = report.Memory
			case paid:
				write = report.Paid
			}
			switch {
			case asJSON:
				return writeJSON(out, result)
			case asCSV:
				for _, warning := range report.Warnings(result) {
					fmt.Fprintln(c.ErrOrStderr(), "edgexray:", warning)
				}
				return write(out, result, report.CSV, 0)
			case asMarkdown:
				return write(out, result, report.Markdown, 0)
			}
			return write(out, result, report.Text, width(out))
		},
	}
	f := c.Flags()
	f.StringVar(&by, "by", "", "sum up by `what`: node, op, kernel or thread")
	f.BoolVar(&memory, "memory", false, "show the memory of ops' tensors instead of times (JSON has both)")
	f.BoolVar(&paid, "paid", false, "show what ops' threads paid per run: CPU time, waiting, page faults, cores (JSON has it, too)")
	f.BoolVar(&asJSON, "json", false, "print JSON (docs/ops-json.md)")
	f.BoolVar(&asCSV, "csv", false, "print CSV")
	f.BoolVar(&asMarkdown, "markdown", false, "print Markdown")
	c.MarkFlagsMutuallyExclusive("json", "csv", "markdown")
	c.MarkFlagsMutuallyExclusive("memory", "paid", "by")
	return c
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
