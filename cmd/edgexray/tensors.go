package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze/tensors"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tensorexport"
)

// tensorsOptions are the verb's flags.
type tensorsOptions struct {
	invoke               uint64
	show, export, output string
	asJSON               bool
}

func tensorsCommand() *cobra.Command {
	var o tensorsOptions
	c := &cobra.Command{
		Use:   "tensors SNAPSHOT",
		Short: "Show or export the tensors in a snapshot",
		Example: `  edgexray tensors edge.tensors                          what was captured
  edgexray tensors edge.tensors --show 12                statistics and a histogram of what node 12 made
  edgexray tensors edge.tensors --export npz             for numpy.load`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if o.output != "" && o.export == "" {
				return errors.New("tensors: -o is for --export (say which format: npz, safetensors or csv)")
			}
			f, err := snapshot.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			if o.invoke != 0 && !slices.ContainsFunc(f.Captures, func(c snapshot.Captured) bool { return c.Invoke == o.invoke }) {
				return exitError{fmt.Errorf("tensors: nothing was captured in invoke %d (`edgexray tensors %s --json` has the invokes of each tensor)", o.invoke, args[0]), exitNothing}
			}
			if o.export != "" {
				return exportTensors(c, f, args[0], &o)
			}
			return showTensors(c.OutOrStdout(), f, &o)
		},
	}
	flags := c.Flags()
	flags.Uint64Var(&o.invoke, "invoke", 0, "only what was captured in invoke `n` of its subgraph, from 1 on")
	flags.StringVar(&o.show, "show", "", "show statistics and a histogram of the tensors of `node`, such as 12, or 1:12 in subgraph 1")
	flags.StringVar(&o.export, "export", "", "write a file of the tensors as `format`: npz, safetensors, or csv (statistics only)")
	flags.StringVarP(&o.output, "output", "o", "", "with --export, write to `file`, or to stdout with - (default: SNAPSHOT with .npz, .safetensors or .csv)")
	flags.BoolVar(&o.asJSON, "json", false, "print JSON (docs/tensors-json.md)")
	c.MarkFlagsMutuallyExclusive("show", "export")
	c.MarkFlagsMutuallyExclusive("json", "export")
	return c
}

func showTensors(out io.Writer, f *snapshot.File, o *tensorsOptions) error {
	write := report.Tensors
	var result *tensors.Result
	if o.show == "" {
		result = tensors.List(f, o.invoke)
	} else {
		place, err := tensors.ParsePlace(o.show)
		if err != nil {
			return fmt.Errorf("tensors: --show: %w", err)
		}
		result, write = tensors.Show(f, place, o.invoke), report.ShownTensors
		if len(result.Shown) == 0 {
			return exitError{fmt.Errorf("tensors: nothing was captured of node %s (without --show, all that was is listed)", o.show), exitNothing}
		}
	}
	if o.asJSON {
		return writeJSON(out, result)
	}
	return write(out, result, width(out))
}

// exports are the formats.
var exports = map[string]struct {
	write    func(io.Writer, *snapshot.File, uint64) error
	dataOnly bool // captures without data are left out
}{
	"npz":         {tensorexport.NPZ, true},
	"safetensors": {tensorexport.Safetensors, true},
	"csv":         {report.TensorsCSV, false},
}

func exportTensors(c *cobra.Command, f *snapshot.File, path string, o *tensorsOptions) error {
	format, ok := exports[o.export]
	if !ok {
		return fmt.Errorf("tensors: --export %q is no format (use npz, safetensors or csv)", o.export)
	}
	with, without := tensorexport.Count(f, o.invoke)
	if format.dataOnly && with == 0 {
		return exitError{fmt.Errorf("tensors: no capture has data to export as %s (csv has statistics)", o.export), exitNothing}
	}
	output := o.output
	if output == "" {
		output = strings.TrimSuffix(path, ".tensors") + "." + o.export
	}
	if output == "-" {
		return format.write(c.OutOrStdout(), f, o.invoke)
	}
	if err := writeExport(output, func(w io.Writer) error { return format.write(w, f, o.invoke) }); err != nil {
		return fmt.Errorf("export tensors: %w", err)
	}
	left := ""
	if format.dataOnly && without > 0 {
		left = fmt.Sprintf("; %d captures without data are not in it", without)
	}
	if f.Cut != "" {
		left += "; INCOMPLETE: " + f.Cut
	}
	fmt.Fprintf(c.ErrOrStderr(), "Wrote %s%s\n", output, left)
	return nil
}

// writeExport writes a file, and empties it again when that fails: half of one would look like all of it.
func writeExport(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	if err = write(w); err == nil {
		err = w.Flush()
	}
	if err != nil {
		_ = f.Truncate(0) // a device can't be
		err = fmt.Errorf("%w (%s is left empty: choose another one with -o)", err, path)
	}
	return errors.Join(err, f.Close())
}
