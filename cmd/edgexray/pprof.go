package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/pprof/profile"
	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/pprofexport"
	"github.com/edgexray/edgexray/trace"
)

func pprofCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "pprof TRACE",
		Short: "Make a profile for `go tool pprof`",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := readProfile(args[0])
			if err != nil {
				return err
			}
			if output == "-" {
				return p.Write(c.OutOrStdout())
			}
			if output == "" {
				output = strings.TrimSuffix(args[0], ".xray") + ".pb.gz"
			}
			if err := writeProfile(p, output); err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "Wrote %s; look at it with: go tool pprof -http=: %[1]s\n", output)
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "write to `file`, or to stdout with - (default: TRACE with .pb.gz)")
	return c
}

func readProfile(path string) (*profile.Profile, error) {
	r, err := trace.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return pprofexport.Profile(r)
}

func writeProfile(p *profile.Profile, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	if err := errors.Join(p.Write(f), f.Close()); err != nil {
		return fmt.Errorf("write profile %s: %w", path, err)
	}
	return nil
}
