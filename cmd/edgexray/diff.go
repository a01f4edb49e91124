package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/benchexport"
	"github.com/edgexray/edgexray/report"
)

func diffCommand() *cobra.Command {
	var threshold, thresholds, benchfmt string
	var options diff.Options
	var showThresholds, asJSON, asCSV, asMarkdown bool
	c := &cobra.Command{
		Use:   "diff BASE.xray... -- NEW.xray... | BASE.xray NEW.xray",
		Short: "Say what became slower or faster, op by op; exit status 1 on a regression",
		Example: `  edgexray diff base-*.xray -- new-*.xray              several recordings a side: 5 at the least for a verdict
  edgexray diff a.xray b.xray                          one each: changes without a verdict, unless they hold several processes
  edgexray diff base-*.xray -- new-*.xray --markdown   for a pull request's comment (docs/ci.md)`,
		RunE: func(c *cobra.Command, args []string) error {
			args, dash, err := behindDash(c, args)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			if showThresholds {
				_, err := fmt.Fprint(out, diff.DefaultThresholds)
				return err
			}
			base, new, err := diffSides(args, dash)
			if err != nil {
				return err
			}
			if options.Thresholds, err = readThresholds(threshold, thresholds); err != nil {
				return err
			}
			result, err := diffTraces(base, new, options, benchfmt)
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				err = writeJSON(out, result)
			case asCSV:
				err = report.Diff(out, result, report.CSV, 0)
			case asMarkdown:
				err = report.Diff(out, result, report.Markdown, 0)
			default:
				err = report.Diff(out, result, report.Text, width(out))
			}
			if err == nil && result.Verdict.Status == diff.Regression {
				return exitError{errors.New(""), exitFailed} // the verdict says it
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&threshold, "threshold", "", "tell changes from this `share` on (default 3%)")
	f.StringVar(&thresholds, "thresholds", "", "read what is judged, and from which change on, from `file`: by model, op, kernel or node (docs/diff.md)")
	f.BoolVar(&showThresholds, "show-thresholds", false, "print the default thresholds, and nothing else")
	f.Float64Var(&options.Alpha, "alpha", diff.DefaultAlpha, "how probable a false alarm may be")
	f.Float64Var(&options.Quantile, "quantile", diff.DefaultQuantile, "which quantile of its clean executions stands for a run")
	f.StringVar(&benchfmt, "benchfmt", "", "also write base.txt and new.txt for benchstat into `folder`")
	f.BoolVar(&asJSON, "json", false, "print JSON (docs/diff-json.md)")
	f.BoolVar(&asCSV, "csv", false, "print CSV")
	f.BoolVar(&asMarkdown, "markdown", false, "print Markdown, made for a pull request's comment")
	c.MarkFlagsMutuallyExclusive("json", "csv", "markdown")
	return c
}

// diffSides tells the files of base from those of new: the first dash of them has so many before it.
func diffSides(args []string, dash int) (base, new []string, err error) {
	switch {
	case dash > 0 && dash < len(args):
		return args[:dash], args[dash:], nil
	case dash < 0 && len(args) == 2:
		return args[:1], args[1:], nil
	}
	return nil, nil, fmt.Errorf("diff %d traces: which are base and which are new? (edgexray diff BASE.xray... -- NEW.xray..., or one of each)", len(args))
}

// readThresholds reads the default table, a threshold for all and a user's file; both may be empty.
func readThresholds(share, path string) (diff.Thresholds, error) {
	change := 0.0
	if share != "" {
		var err error
		if change, err = diff.ParseShare(share); err != nil {
			return nil, fmt.Errorf("--threshold %s: %w", share, err)
		}
	}
	if path == "" {
		return diff.ParseThresholds(change, nil)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := diff.ParseThresholds(change, io.Reader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return table, nil
}

// diffTraces reads one trace after the other, so that only what is compared is in memory. Benchmark results are written into a
// folder, if there is one.
func diffTraces(base, new []string, o diff.Options, folder string) (*diff.Result, error) {
	o, err := o.WithDefaults()
	if err != nil {
		return nil, err
	}
	read := func(side *diff.Side, paths []string, name string) (err error) {
		results, err := createResults(folder, name)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, results.Close()) }()
		for _, path := range paths {
			ops, err := readOps(path, analyze.Options{})
			if err != nil {
				return err
			}
			side.Add(path, ops, o.Quantile)
			if err := benchexport.Write(results, ops, o.Quantile); err != nil {
				return err
			}
		}
		return nil
	}
	b, n := diff.NewSide("base"), diff.NewSide("new")
	if err := errors.Join(read(b, base, "base.txt"), read(n, new, "new.txt")); err != nil {
		return nil, err
	}
	return diff.Diff(b, n, o)
}

// createResults creates a file of benchmark results; without a folder they go nowhere.
func createResults(folder, name string) (io.WriteCloser, error) {
	if folder == "" {
		return nowhere{io.Discard}, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	return os.Create(filepath.Join(folder, name))
}

type nowhere struct{ io.Writer }

func (nowhere) Close() error { return nil }
