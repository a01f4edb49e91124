package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/agent"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/report"
)

func discoverCommand() *cobra.Command {
	var asJSON, all bool
	c := &cobra.Command{
		Use:   "discover PID | LIBRARY | APP.apk",
		Short: "Show what can be probed, kernel by kernel, and why not where it can't",
		Example: `  edgexray discover libtensorflowlite_c.so   a library
  edgexray discover base.apk                 the libraries stored in an app
  edgexray discover 4711                     those of a running process, with its models' nodes`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			discovery, err := agent.Discover(args[0], probes.DefaultCache())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(c.OutOrStdout(), discovery)
			}
			return printDiscovery(c.OutOrStdout(), discovery, all)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON (docs/device-json.md)")
	c.Flags().BoolVar(&all, "all", false, "list prepare and init functions, too")
	return c
}

func printDiscovery(w io.Writer, d *agent.Discovery, all bool) error {
	for i := range d.Libraries {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := printLibrary(w, &d.Libraries[i], all); err != nil {
			return err
		}
	}
	for _, u := range d.Unusable {
		fmt.Fprintf(w, "\n%s: %s\n", report.Printable(u.Path), report.Printable(u.Why))
	}
	for _, g := range d.Subgraphs {
		fmt.Fprintf(w, "\nsubgraph at %#x, %d nodes\n", g.Context, len(g.Nodes))
		var rows [][]string
		for _, n := range g.Nodes {
			kind := ""
			if n.Delegate {
				kind = "delegate"
			}
			rows = append(rows, []string{fmt.Sprint(n.Index), n.Op, kind, fmt.Sprintf("%#x", n.Offset), n.Library, n.Refused})
		}
		if err := report.Listing(w, []string{"node", "op", "kind", "kernel at", "in", "not probed because"}, rows); err != nil {
			return err
		}
	}
	return nil
}

func printLibrary(w io.Writer, f *agent.DiscoveredFile, all bool) error {
	name := f.Path
	if f.Entry != "" {
		name += "!" + f.Entry
	}
	fmt.Fprintf(w, "%s (%s, build ID %s)\n", report.Printable(name), f.Machine, cmp.Or(f.BuildID, "none"))
	if f.NotProbeable != "" {
		fmt.Fprintf(w, "nothing in it can be probed here: %s\n", report.Printable(f.NotProbeable))
	}
	var rows [][]string
	count := map[string]int{}
	for _, k := range f.Kernels {
		count[k.Role]++
		if k.Role != probes.Invoke.String() && !all {
			continue
		}
		rows = append(rows, kernelRow(k))
	}
	fmt.Fprintf(w, "%d kernels, %d prepare and %d init functions, %d suspects that are left alone\n",
		count["invoke"], count["prepare"], count["init"], len(f.Suspects))
	if x := f.XNNPACK; x != nil {
		rows = append(rows, kernelRow(x.Run))
		fmt.Fprintf(w, "XNNPACK's run function at offset %#x (score %d, the next %d); %d names of operators\n", x.Run.FileOffset, x.Score, x.RunnerUp, x.Names)
	}
	if f.NoXNNPACK != "" {
		fmt.Fprintln(w, report.Printable(f.NoXNNPACK))
	}
	return report.Listing(w, []string{"offset", "role", "op", "site", "instruction", "Linux", "name"}, rows)
}

func kernelRow(k agent.DiscoveredKernel) []string {
	site, treatment := fmt.Sprintf("+%#x", k.SiteOffset-k.FileOffset), "single-steps"
	switch {
	case k.Refused != "":
		site, treatment = "none", "not probed: "+k.Refused
	case k.Emulated:
		treatment = "emulates"
	case k.Class == "nop":
		treatment = "emulates if new"
	}
	return []string{
		fmt.Sprintf("%#x", k.FileOffset), k.Role, cmp.Or(strings.Join(k.Ops, ","), "?"), site, k.Instruction, treatment,
		cmp.Or(k.Symbol, k.Name),
	}
}
