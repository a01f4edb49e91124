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
	"github.com/edgexray/edgexray/report/html"
	"github.com/edgexray/edgexray/trace"
)

func reportCommand() *cobra.Command {
	var output string
	var how comparing
	c := &cobra.Command{
		Use:   "report TRACE... [EDGE.tensors REFERENCE.tensors]",
		Short: "Write what is known of recordings as one HTML page",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			in, err := readReport(c.Context(), args, &how)
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
			if err := os.WriteFile(output, page.Bytes(), 0o644); err != nil {
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

// readReport reads traces and snapshots, which it tells apart by what is in them.
func readReport(ctx context.Context, paths []string, how *comparing) (*html.Input, error) {
	in := &html.Input{}
	var snapshots []string
	for _, path := range paths {
		run, err := readRun(path)
		switch {
		case errors.Is(err, trace.ErrNotTrace):
			snapshots = append(snapshots, path)
		case err != nil:
			return nil, err
		default:
			in.Runs = append(in.Runs, run)
		}
	}
	switch len(snapshots) {
	case 0:
	case 2:
		compared, err := how.compare(ctx, snapshots[0], snapshots[1])
		if err != nil {
			return nil, err
		}
		in.Compared = compared
	default:
		return nil, fmt.Errorf("report: %s: snapshots come in pairs, the edge's and the reference's (what is no trace is taken for one)",
			strings.Join(snapshots, ", "))
	}
	return in, nil
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
