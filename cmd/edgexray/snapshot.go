package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/shim"
)

func snapshotCommand() *cobra.Command {
	var output, invokes string
	var replay []string
	var selection shim.Selection
	var budget byteSize
	buffer := byteSize(shim.DefaultBuffer)
	cmd := &cobra.Command{
		Use:   "snapshot [selection] [-o FILE] -- CMD ARG...",
		Short: "Run a command and capture its ops' tensors into a file",
		Example: `  edgexray snapshot -- python3 app.py                       every tensor of every invoke
  edgexray snapshot --invokes 1 --kernels builtin -- ./app  one invoke, without delegates
  edgexray snapshot --only CONV_2D,3-7 --every 100 -- ./app some ops of each hundredth invoke
  edgexray snapshot --statistics -- ./app                   a few numbers a tensor instead of its data
  edgexray snapshot --replay edge.tensors -- ./app          with what its camera gave then (docs/markers.md)`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("snapshot: no command named: edgexray snapshot -- CMD ARG... (it starts the app: one that runs already can't be captured)")
			}
			selection.Invokes, selection.Budget = invokes, uint64(budget)
			return runShim(cmd, shim.Snapshot, shim.Options{Command: args, Selection: selection, Buffer: uint64(buffer), Replay: replay}, output)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&output, "output", "o", "edge.tensors", "file for the tensors")
	flags.StringSliceVar(&selection.Only, "only", nil, "capture only what these make: ops (CONV_2D), nodes (12, 3-7, 1:12)")
	flags.StringSliceVar(&selection.Tensors, "tensors", nil, "capture only tensors with these names (* and ? stand for others)")
	flags.Uint64Var(&selection.Every, "every", 1, "capture each so many-th invoke only")
	flags.StringVar(&invokes, "invokes", "", "capture these invokes of each model only: 10-20, 10- or 10")
	flags.BoolVar(&selection.EndsOnly, "ends-only", false, "capture only what goes into and comes out of the models")
	flags.BoolVar(&selection.Statistics, "statistics", false, "capture min, max, mean, rms, NaNs and a histogram instead of data")
	flags.Var(&budget, "budget", "capture at most this much data: 500MB")
	flags.StringVar(&selection.WhenFull, "when-full", "block", "when the file can't be written as fast: block the app, drop tensors, or sample (skip invokes)")
	flags.StringVar(&selection.Kernels, "kernels", "", "builtin keeps delegates such as XNNPACK out, so that every op is seen")
	flags.StringArrayVar(&replay, "replay", nil, "give the app, where it marks that, what was recorded: SNAPSHOT, or KEY=PATH of raw bytes or a folder of such files")
	flags.Var(&buffer, "buffer", "memory between the app and the file, a power of two")
	return cmd
}

// byteSize is a number of bytes: "4096", "500MB", "64MiB".
type byteSize uint64

var byteUnits = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1},
}

func (b *byteSize) Set(text string) error {
	for _, unit := range byteUnits {
		number, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || !(v >= 0 && v*unit.bytes < math.MaxInt64) {
			break
		}
		*b = byteSize(v * unit.bytes)
		return nil
	}
	return errors.New("not a number of bytes (write 500MB, 64MiB or 4096)")
}

func (b *byteSize) String() string {
	if v := uint64(*b); v != 0 && v%(1<<20) == 0 {
		return fmt.Sprintf("%dMiB", v>>20)
	}
	return strconv.FormatUint(uint64(*b), 10)
}

// Type names the value in the help.
func (b *byteSize) Type() string { return "bytes" }
