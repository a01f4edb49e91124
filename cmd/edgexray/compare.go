package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/reference"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/shim/snapshot"
)

func compareCommand() *cobra.Command {
	var model, tolerances, runner string
	var tools reference.Tools
	var options compare.Options
	var showTolerances, asJSON, asMarkdown bool
	c := &cobra.Command{
		Use:   "compare EDGE.tensors REFERENCE.tensors",
		Short: "Say which layer went wrong: compare two snapshots, layer by layer",
		Example: `  edgexray compare edge.tensors ref.tensors --model model.tflite
  edgexray compare edge.tensors ref.tensors                   without running ops alone
  edgexray compare edge.tensors ref.tensors --markdown        for a pull request`,
		Args: func(c *cobra.Command, args []string) error {
			if showTolerances {
				return cobra.NoArgs(c, args)
			}
			return cobra.ExactArgs(2)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			out := c.OutOrStdout()
			if showTolerances {
				_, err := fmt.Fprint(out, compare.DefaultTolerances)
				return err
			}
			var err error
			if options.Tolerances, err = readTolerances(tolerances); err != nil {
				return err
			}
			if model != "" {
				if options.Model, options.SHA256, err = reference.OpenModel(model); err != nil {
					return fmt.Errorf("%s: %w", model, err)
				}
				if options.Local, err = reference.NewLocal(c.Context(), model, reference.Options{Tools: tools, Runner: runner}); err != nil {
					return err
				}
			}
			ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt) // runners leave no files behind
			defer stop()
			result, err := compareFiles(ctx, args[0], args[1], options)
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				err = writeJSON(out, result)
			case asMarkdown:
				err = report.Compare(out, result, report.Markdown, 0)
			default:
				err = report.Compare(out, result, report.Text, width(out))
			}
			if err == nil && result.Verdict.Status != compare.WithinTolerance {
				return exitError{errors.New(""), exitFailed} // the verdict says it
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&model, "model", "", "the model `file` that ran on the edge: its ops are run alone, which tells whose fault an error is")
	f.StringVar(&tolerances, "tolerances", "", "read what is allowed from `file`, on top of the default (docs/compare.md)")
	f.BoolVar(&showTolerances, "show-tolerances", false, "print the default tolerances, and nothing else")
	f.IntVar(&options.Invokes, "invokes", 0, "compare the first `n` invokes of each subgraph (default: all)")
	f.StringVar(&runner, "runner", "", "run ops alone with litert or go-tflite (default: the first that works)")
	addTools(f, &tools)
	f.BoolVar(&asJSON, "json", false, "print JSON (docs/compare-json.md)")
	f.BoolVar(&asMarkdown, "markdown", false, "print Markdown")
	c.MarkFlagsMutuallyExclusive("json", "markdown")
	return c
}

// readTolerances reads the default table and a user's file; path may be empty.
func readTolerances(path string) (compare.Tolerances, error) {
	if path == "" {
		return compare.ParseTolerances(nil)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := compare.ParseTolerances(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return table, nil
}

func compareFiles(ctx context.Context, edge, ref string, o compare.Options) (*compare.Result, error) {
	e, err := snapshot.Open(edge)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	r, err := snapshot.Open(ref)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	result, err := compare.Compare(ctx, e, r, o)
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s: %w", edge, ref, err)
	}
	return result, nil
}
