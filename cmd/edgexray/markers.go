package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze/markers"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

func markersCommand() *cobra.Command {
	var asJSON, asCSV bool
	c := &cobra.Command{
		Use:   "markers TRACE | SNAPSHOT",
		Short: "Show what the app marked itself: frames, inputs, results, labels, metrics, sensors",
		Example: `  edgexray markers run.xray                  a line a key: how often, and what
  edgexray markers edge.tensors --json       the same of a snapshot
  edgexray markers run.xray --csv            every marker, with its time, frame and invoke`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			log, err := readMarkers(args[0])
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			switch {
			case asCSV:
				err = report.MarkersCSV(out, log)
			case asJSON:
				err = writeJSON(out, log.Result())
			default:
				err = report.Markers(out, log.Result(), width(out))
			}
			if err == nil && len(log.Markers) == 0 {
				err = exitError{fmt.Errorf("markers: none in %s (docs/markers.md says how an app marks something)", args[0]), exitNothing}
			}
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON (docs/markers-json.md)")
	c.Flags().BoolVar(&asCSV, "csv", false, "print CSV, a line a marker")
	c.MarkFlagsMutuallyExclusive("json", "csv")
	return c
}

// readMarkers reads those of a trace or of a snapshot, whatever the file is called.
func readMarkers(path string) (*markers.Log, error) {
	r, err := trace.Open(path)
	if err == nil {
		defer r.Close()
		return markers.ReadTrace(r)
	}
	if !errors.Is(err, trace.ErrNotTrace) {
		return nil, err
	}
	f, err := snapshot.Open(path)
	if errors.Is(err, snapshot.ErrNotSnapshot) {
		return nil, fmt.Errorf("markers: %s is neither a trace nor a snapshot", path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return markers.ReadSnapshot(f), nil
}
