package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/reference"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/shim/snapshot"
)

func compareCommand() *cobra.Command {
	var how comparing
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
			result, err := how.compare(c.Context(), args[0], args[1])
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
	how.add(f)
	f.BoolVar(&showTolerances, "show-tolerances", false, "print the default tolerances, and nothing else")
	f.BoolVar(&asJSON, "json", false, "print JSON (docs/compare-json.md)")
	f.BoolVar(&asMarkdown, "markdown", false, "print Markdown")
	c.MarkFlagsMutuallyExclusive("json", "markdown")
	return c
}

// comparing is how two snapshots are compared, as flags say it.
type comparing struct {
	model, tolerances, runner string
	tools                     reference.Tools
	options                   compare.Options
}

func (h *comparing) add(f *pflag.FlagSet) {
	f.StringVar(&h.model, "model", "", "the model `file` that ran on the edge: its ops are run alone, which tells whose fault an error is")
	f.StringVar(&h.tolerances, "tolerances", "", "read what is allowed from `file`, on top of the default (docs/compare.md)")
	f.IntVar(&h.options.Invokes, "invokes", 0, "compare the first `n` invokes of each subgraph (default: all)")
	f.StringVar(&h.runner, "runner", "", "run ops alone with litert or go-tflite (default: the first that works)")
	addTools(f, &h.tools)
}

func (h *comparing) compare(ctx context.Context, edge, ref string) (*compare.Result, error) {
	o := h.options
	var err error
	if o.Tolerances, err = readTolerances(h.tolerances); err != nil {
		return nil, err
	}
	if h.model != "" {
		if o.Model, o.SHA256, err = reference.OpenModel(h.model); err != nil {
			return nil, fmt.Errorf("%s: %w", h.model, err)
		}
		if o.Local, err = reference.NewLocal(ctx, h.model, reference.Options{Tools: h.tools, Runner: h.runner}); err != nil {
			return nil, err
		}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt) // runners leave no files behind
	defer stop()
	return compareFiles(ctx, edge, ref, o)
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
