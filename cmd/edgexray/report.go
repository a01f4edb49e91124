package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/analyze/stragglers"
	"github.com/edgexray/edgexray/report/html"
	"github.com/edgexray/edgexray/trace"
)

func reportCommand() *cobra.Command {
	var output string
	var how comparing
	c := &cobra.Command{
		Use:   "report TRACE... [-- NEW...] [EDGE.tensors REFERENCE.tensors]",
		Short: "Write one HTML page that shows what recordings hold",
		Example: `  edgexray report run.xray                              run.html: one file, which needs no network
  edgexray report base.xray new.xray -o report.html     both, and what changed between them
  edgexray report base-*.xray -- new-*.xray             what changed between several of each
  edgexray report run.xray edge.tensors ref.tensors     with the error of each layer`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			args, dash, err := behindDash(c, args)
			if err != nil {
				return err
			}
			in, err := readReport(c.Context(), args, dash, &how)
			if err != nil {
				return err
			}
			var page bytes.Buffer
			if err := html.Write(&page, in); err != nil {
				return err
			}
			if output == "-" {
				_, err := c.OutOrStdout().Write(page.Bytes())
				return err
			}
			if output == "" {
				output = strings.TrimSuffix(args[0], filepath.Ext(args[0])) + ".html"
			}
			if err := writePage(output, page.Bytes()); err != nil {
				return fmt.Errorf("write report: %w", err)
			}
			fmt.Fprintf(c.ErrOrStderr(), "Wrote %s, %d KiB: open it in a browser\n", output, page.Len()/1024)
			return nil
		},
	}
	how.add(c.Flags())
	c.Flags().StringVarP(&output, "output", "o", "", "write to `file`, or to stdout with - (default: the first TRACE with .html)")
	return c
}

// writePage leaves no half page behind.
func writePage(path string, page []byte) error {
	err := os.WriteFile(path, page, 0o644)
	if info, statErr := os.Stat(path); err != nil && statErr == nil && info.Mode().IsRegular() {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// reportFiles are what a report is of.
type reportFiles struct {
	base, new []string // traces
	split     bool     // the user said which are which
	snapshots []string
}

// shown are the traces that the page shows in full. Of several a side that is the first one.
func (f *reportFiles) shown() []string {
	if f.split {
		return []string{f.base[0], f.new[0]}
	}
	return f.base
}

// readReport reads traces and snapshots, which it tells apart by what is in them. The first dash of them has so many before it.
func readReport(ctx context.Context, paths []string, dash int, how *comparing) (*html.Input, error) {
	files, err := sortFiles(paths, dash)
	if err != nil {
		return nil, err
	}
	in := &html.Input{}
	for _, path := range files.shown() {
		run, err := readRun(path)
		if err != nil {
			return nil, err
		}
		in.Runs = append(in.Runs, run)
	}
	if err := addDiff(in, files); err != nil {
		return nil, err
	}
	judge(in)
	if len(files.snapshots) > 0 {
		if in.Compared, err = how.compare(ctx, files.snapshots[0], files.snapshots[1]); err != nil {
			return nil, err
		}
	}
	if in.Compared == nil && !anyOps(in.Runs) {
		return nil, exitError{fmt.Errorf("report: no op of a model was recorded in %s (`edgexray ops` has the recorder's notes, which may say why)",
			strings.Join(files.shown(), ", ")), exitNothing}
	}
	return in, nil
}

func sortFiles(paths []string, dash int) (*reportFiles, error) {
	f := &reportFiles{split: dash >= 0}
	for i, path := range paths {
		r, err := trace.Open(path)
		switch {
		case errors.Is(err, trace.ErrNotTrace):
			f.snapshots = append(f.snapshots, path)
			continue
		case err != nil:
			return nil, err
		}
		r.Close()
		if f.split && i >= dash {
			f.new = append(f.new, path)
		} else {
			f.base = append(f.base, path)
		}
	}
	if n := len(f.snapshots); n != 0 && n != 2 {
		return nil, fmt.Errorf("report: %s: snapshots come in pairs, the edge's and the reference's (what is no trace is taken for one)", strings.Join(f.snapshots, ", "))
	}
	if f.split && (len(f.base) == 0 || len(f.new) == 0) {
		return nil, errors.New("report: a side of -- has no trace (edgexray report BASE.xray... -- NEW.xray...)")
	}
	return f, nil
}

func readRun(path string) (*html.Run, error) {
	r, err := trace.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	run := &html.Run{Name: filepath.Base(path)}
	if run.Ops, err = analyze.Ops(r, analyze.Options{}); err != nil {
		return nil, err
	}
	if run.Typical, err = run.Ops.Typical(r); err != nil {
		return nil, err
	}
	return run, nil
}

func anyOps(runs []*html.Run) bool {
	for _, run := range runs {
		if len(run.Ops.Models) > 0 {
			return true
		}
	}
	return false
}

// addDiff compares the two sides, or two traces. Why others are not compared is for the page to say.
func addDiff(in *html.Input, files *reportFiles) error {
	base, new := files.base, files.new
	switch {
	case files.split:
	case len(base) == 2:
		base, new = base[:1], base[1:]
	case len(base) > 2:
		in.NotDiff = "which of them are base and which are new was not said (edgexray report BASE... -- NEW...)"
		return nil
	default:
		return nil
	}
	thresholds, err := readThresholds("", "")
	if err != nil {
		return err
	}
	in.Diff, err = diffTraces(base, new, diff.Options{Thresholds: thresholds}, "")
	if errors.Is(err, diff.ErrDifferent) || errors.Is(err, diff.ErrNoOps) {
		in.NotDiff = err.Error()
		return nil
	}
	return err
}

// judge finds stragglers. Where there is no diff, the first run is set beside the others, if they are other forms of its model.
func judge(in *html.Input) {
	for i, run := range in.Runs {
		var err error
		if run.Stragglers, err = stragglers.Find(run.Ops, stragglers.Options{}); err != nil {
			run.Unjudged = err.Error()
			continue
		}
		if i > 0 && in.Diff == nil {
			first := in.Runs[0]
			beside, err := stragglers.Find(first.Ops, stragglers.Options{Against: []stragglers.Other{{Name: run.Name, Ops: run.Ops}}})
			if err == nil && first.Stragglers != nil {
				first.Stragglers.Against = append(first.Stragglers.Against, beside.Against...)
				if len(in.Runs) == 2 {
					in.NotDiff = "" // they are compared after all
				}
			}
		}
	}
}
