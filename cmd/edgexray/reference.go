package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edgexray/edgexray/reference"
	"github.com/edgexray/edgexray/reference/protocol"
	"github.com/edgexray/edgexray/shim"
)

func referenceCommand() *cobra.Command {
	var o reference.RunOptions
	var kernels string
	c := &cobra.Command{
		Use:   "reference MODEL --inputs SNAPSHOT",
		Short: "Run a model on the inputs that an app gave, with kernels that are trusted",
		Example: `  edgexray reference model.tflite --inputs edge.tensors -o ref.tensors
  edgexray reference float_twin.tflite --inputs edge.tensors    another model, with the same inputs
  edgexray reference model.tflite --inputs edge.tensors --all   every runner that works`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Model, o.Kernels = args[0], protocol.Kernels(kernels)
			return runReference(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Inputs, "inputs", "", "snapshot whose inputs the model gets")
	f.StringVarP(&o.Output, "output", "o", "ref.tensors", "file for the snapshot of the reference run")
	f.Uint32Var(&o.Interpreter, "interpreter", 0, "take the inputs of the interpreter with this `number` in the snapshot")
	f.StringVar(&o.Runner, "runner", "", "run it with litert or go-tflite (default: the first that works)")
	f.StringVar(&kernels, "kernels", "", "reference or builtin (default: reference, where the runner has them)")
	f.BoolVar(&o.All, "all", false, "run it with every runner that works, each into a file of its own")
	addTools(f, &o.Tools)
	if err := c.MarkFlagRequired("inputs"); err != nil {
		panic(err) // there is no such flag
	}
	return c
}

// addTools adds the flags that say where runners are.
func addTools(f *pflag.FlagSet, t *reference.Tools) {
	f.StringVar(&t.Python, "python", "", "Python that has LiteRT (default: python3)")
	f.StringVar(&t.GoTFLite, "gotflite", "", "edgexray-gotflite (default: beside edgexray, or on PATH)")
	f.StringVar(&t.Library, "library", "", "libtensorflowlite_c.so for go-tflite, or its folder (default: by LD_LIBRARY_PATH)")
}

func runReference(c *cobra.Command, o reference.RunOptions) error {
	return runReferenceTo(c.Context(), c.ErrOrStderr(), o)
}

// runReferenceTo says what happens on stderr.
func runReferenceTo(ctx context.Context, stderr io.Writer, o reference.RunOptions) error {
	ctx, stop := untilInterrupted(ctx, stderr)
	defer stop()
	var failed error
	o.Capture = func(ctx context.Context, c reference.Capture) error { return captureReference(ctx, c, stderr) }
	o.Note = func(text string) { fmt.Fprintln(stderr, "edgexray:", text) }
	o.Report = func(r *reference.Result) {
		printReference(stderr, r)
		if r.Failure != nil {
			failed = exitError{errors.New("reference: not every run came to its end (what was captured before is in its file)"), exitFailed}
		}
	}
	if err := reference.Run(ctx, o); err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	return failed
}

// captureReference runs a runner under the shim. What it prints goes to stderr.
func captureReference(ctx context.Context, c reference.Capture, stderr io.Writer) error {
	file, err := createOutput(c.Output)
	if err != nil {
		return fmt.Errorf("create the file: %w (name another one with -o)", err)
	}
	options := shim.Options{
		Command: c.Command, Env: c.Environment, Stdout: os.Stderr,
		Output: file.File, Began: file.begin, Recorder: "edgexray " + version, Notes: c.Notes,
	}
	if c.KeepDelegatesOut {
		options.Selection.Kernels = shim.KernelsBuiltin
	}
	summary, err := shim.Snapshot(ctx, options)
	if summary != nil {
		summary.Print(stderr, c.Output)
	}
	return errors.Join(err, file.end())
}

func printReference(w io.Writer, r *reference.Result) {
	fmt.Fprintf(w, "%s: %d of %d invokes with the %s kernels of %s\n", r.Output, r.Ran, r.Invokes, r.Kernels, r.Runtime)
	if r.Failure != nil {
		fmt.Fprintf(w, "  it %v\n", r.Failure)
	}
}
