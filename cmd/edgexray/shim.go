package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edgexray/edgexray/agent"
	"github.com/edgexray/edgexray/shim"
)

// runShim runs a command with the shim, and tells what came of it.
func runShim(cmd *cobra.Command, run func(context.Context, shim.Options) (*shim.Summary, error), options shim.Options, output string) error {
	verb := cmd.Name()
	file, err := createOutput(output)
	if err != nil {
		return fmt.Errorf("%s: create the file: %w (name another one with -o)", verb, err)
	}
	stderr := cmd.ErrOrStderr()
	options.Output, options.Began, options.Recorder = file.File, file.begin, "edgexray "+version
	if isTerminal(stderr) {
		options.Progress = stderr
	}
	ctx, stop := untilInterrupted(cmd.Context(), stderr)
	defer stop()
	summary, err := run(ctx, options)
	if err = errors.Join(err, file.end()); err != nil {
		err = fmt.Errorf("%s: %w", verb, err)
	}
	if summary == nil {
		return err
	}
	summary.Print(stderr, output)
	if nothing := summary.Nothing(); err == nil && nothing != nil {
		err = fmt.Errorf("%s: %w", verb, nothing)
	}
	return err
}

// untilInterrupted ends the context at the second Ctrl-C: the command gets the first one, too, and decides what it does.
func untilInterrupted(parent context.Context, stderr io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		for first := true; ; first = false {
			select {
			case s := <-signals:
				if s != os.Interrupt || !first {
					cancel()
					return
				}
				fmt.Fprintln(stderr, "waiting for the command to end (Ctrl-C again to leave it alone)")
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel()
	}
}

// The ways to record.
const (
	viaBPF  = "bpf"
	viaShim = "shim"
)

// shimTakes are the flags of record that the shim can do.
var shimTakes = []string{"via", "output", "duration", "only"}

// recordViaShim records a command without BPF.
func recordViaShim(cmd *cobra.Command, options agent.Options, output string) error {
	var refused []string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains(shimTakes, f.Name) {
			refused = append(refused, "--"+f.Name)
		}
	})
	switch {
	case len(refused) > 0:
		return fmt.Errorf("record --via shim: %s: only probes do that (leave it away, or record as root without --via shim)", strings.Join(refused, ", "))
	case len(options.Only.Processes) > 0:
		return errors.New("record --via shim: --only process=...: the shim records the command and its children")
	}
	return runShim(cmd, shim.Record, shim.Options{
		Command: options.Command, Duration: options.Duration, Selection: shim.Selection{Only: options.Only.Said},
	}, output)
}
