package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/agent"
	"github.com/edgexray/edgexray/report"
)

func doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Try out what this Linux allows, and say what to do about the rest",
		Example: `  edgexray doctor
  edgexray doctor --json | jq .can_record    true where recording works`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			diagnosis := agent.Diagnose()
			show := printDiagnosis
			if asJSON {
				show = func(w io.Writer, d *agent.Diagnosis) error { return writeJSON(w, d) }
			}
			if err := show(c.OutOrStdout(), diagnosis); err != nil {
				return err
			}
			if !diagnosis.CanRecord {
				return exitError{errors.New("doctor: recording does not work here: see what is missing above"), exitForbidden}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON (docs/device-json.md)")
	return c
}

// printDiagnosis shows a table, and below it what there is more to say about.
func printDiagnosis(w io.Writer, d *agent.Diagnosis) error {
	fmt.Fprintf(w, "Linux %s\n\n", d.Linux)
	var rows [][]string
	for _, check := range d.Checks {
		found := check.Found
		if check.Advice != "" {
			found = "see below"
		}
		rows = append(rows, []string{string(check.Verdict), check.Name, found})
	}
	if err := report.Listing(w, []string{"verdict", "what", "found"}, rows); err != nil {
		return err
	}
	for _, check := range d.Checks {
		if check.Advice != "" {
			fmt.Fprintf(w, "\n%s: %s\n  %s\n  what to do: %s\n", check.Name, check.Verdict, report.Printable(check.Found), report.Printable(check.Advice))
		}
	}
	if len(d.ProbeCosts) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	rows = nil
	for _, cost := range d.ProbeCosts {
		rows = append(rows, []string{cost.InstructionClass, microseconds(cost.TotalNs), microseconds(cost.InsideNs)})
	}
	return report.Listing(w, []string{"probed instruction", "an op costs the app", "of that, within its own time"}, rows)
}

func microseconds(ns uint64) string { return fmt.Sprintf("%.2f us", float64(ns)/1000) }
