package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/pprof/profile"
	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/pprofexport"
	"github.com/edgexray/edgexray/trace"
)

func pprofCommand() *cobra.Command {
	var output string
	var memory, samples bool
	c := &cobra.Command{
		Use:   "pprof TRACE",
		Short: "Make a profile for `go tool pprof`",
		Example: `  edgexray pprof run.xray && go tool pprof -http : run.pb.gz
  edgexray pprof run.xray --memory           bytes of tensors instead of times
  edgexray pprof run.xray --samples          down to the microkernel (record --sample 999)`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			build, suffix := pprofexport.Profile, ".pb.gz"
			switch {
			case memory && samples:
				return errors.New("pprof: --memory and --samples are profiles of their own: ask for one")
			case memory:
				build, suffix = pprofexport.Memory, ".memory.pb.gz"
			case samples:
				build, suffix = pprofexport.Samples, ".samples.pb.gz"
			}
			p, err := readProfile(args[0], build)
			if err != nil {
				return err
			}
			if output == "-" {
				return p.Write(c.OutOrStdout())
			}
			if output == "" {
				output = strings.TrimSuffix(args[0], ".xray") + suffix
			}
			if err := writeWhole(output, p.Write); err != nil {
				return fmt.Errorf("write profile: %w", err)
			}
			fmt.Fprintf(c.ErrOrStderr(), "Wrote %s; look at it with: go tool pprof -http=: %[1]s\n", output)
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "write to `file`, or to stdout with - (default: TRACE with .pb.gz, .memory.pb.gz or .samples.pb.gz)")
	c.Flags().BoolVar(&memory, "memory", false, "a profile of the bytes of ops' tensors instead of times")
	c.Flags().BoolVar(&samples, "samples", false, "a profile of where CPUs were within ops, of a trace recorded with --sample")
	return c
}

func readProfile(path string, build func(*trace.Reader) (*profile.Profile, error)) (*profile.Profile, error) {
	r, err := trace.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return build(r)
}
