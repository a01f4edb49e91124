// Command edgexray profiles unmodified TensorFlow Lite and LiteRT apps.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/play"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/reference"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/shim"
)

// version is what a trace says recorded it.
const version = "0.1.0"

// The exit statuses.
const (
	exitOK        = 0
	exitFailed    = 1 // a check failed
	exitMisuse    = 2 // wrong arguments, or a file that isn't what it should be
	exitForbidden = 3 // the system does not allow it
	exitNothing   = 4 // there is nothing to probe or to show
)

// verbs are edgexray's commands, as its help lists them.
var verbs = []struct {
	group string // what its verbs have in common
	verbs []func() *cobra.Command
}{
	{"On the device:", []func() *cobra.Command{doctorCommand, discoverCommand, recordCommand, topCommand, snapshotCommand}},
	{"Of traces, on any computer:", []func() *cobra.Command{opsCommand, stragglersCommand, diffCommand, pprofCommand, exportCommand, reportCommand, markersCommand}},
	{"Of tensors:", []func() *cobra.Command{tensorsCommand, referenceCommand, compareCommand}},
	{"Of an app that is less accurate on its device:", []func() *cobra.Command{debugCommand, validateCommand, accuracyCommand, explainCommand, playCommand, pipelineCommand}},
}

// exitStatuses says with which status an error ends the command; the first match counts, and exitMisuse is for the rest.
// A verb whose error isn't among them returns an exitError.
var exitStatuses = []struct {
	err    error
	status int
}{
	{fs.ErrPermission, exitForbidden},
	{probes.ErrNotPermitted, exitForbidden},
	{syscall.ENOSPC, exitForbidden},
	{shim.ErrUnreachable, exitForbidden},
	{analyze.ErrSummedUp, exitNothing},
	{probes.ErrNoKernels, exitNothing},
	{probes.ErrOtherMachine, exitNothing},
	{shim.ErrNothing, exitNothing},
	{shim.ErrOtherMachine, exitNothing},
	{reference.ErrNoRunner, exitNothing},
	{reference.ErrNoInputs, exitNothing},
	{play.ErrNothing, exitNothing},
	{diff.ErrNoOps, exitNothing},
}

// exitError is an error that decides the exit status itself.
type exitError struct {
	error
	status int
}

func (e exitError) Unwrap() error { return e.error }

func exitStatus(err error) int {
	if err == nil {
		return exitOK
	}
	var own exitError
	if errors.As(err, &own) {
		return own.status
	}
	for _, known := range exitStatuses {
		if errors.Is(err, known.err) {
			return known.status
		}
	}
	return exitMisuse
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run runs the command line and returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.Execute()
	if err != nil && err.Error() != "" {
		fmt.Fprintf(stderr, "edgexray: %s\n", printable(err))
	}
	return exitStatus(err)
}

// printable is an error's text, in which a device's names do nothing to a terminal. It may have several lines.
func printable(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		lines[i] = report.Printable(line)
	}
	return strings.Join(lines, "\n")
}

func rootCommand() *cobra.Command {
	cobra.EnableCommandSorting = false // they are in the order in which one needs them
	root := &cobra.Command{
		Use:   "edgexray",
		Short: "Profile unmodified TensorFlow Lite and LiteRT apps on Linux and Android",
		Long: `Profile unmodified TensorFlow Lite and LiteRT apps on Linux and Android: what each op takes, which are slower than their
work explains, and which layer goes wrong. Begin with: edgexray help start`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	for _, group := range verbs {
		root.AddGroup(&cobra.Group{ID: group.group, Title: group.group})
		for _, verb := range group.verbs {
			c := verb()
			c.GroupID = group.group
			complete(c)
			root.AddCommand(c)
		}
	}
	for _, topic := range topics {
		root.AddCommand(topicCommand(topic))
	}
	root.AddCommand(manCommand())
	return root
}
