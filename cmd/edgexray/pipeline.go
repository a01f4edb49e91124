package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/npy"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/library"
	"github.com/edgexray/edgexray/pipeline/step"
)

func pipelineCommand() *cobra.Command {
	var steps bool
	var data, output string
	c := &cobra.Command{
		Use:   "pipeline [PIPELINE]",
		Short: "Show how a model's input is made of raw data, and make it of a file",
		Long: `Shows how a model's input is made of raw data, and makes it of a file, saying what each step makes.

PIPELINE is a file with a step a line, or the name of one that ships. docs/pipelines.md says more.`,
		Example: `  edgexray pipeline                                      the pipelines that ship
  edgexray pipeline --steps                              what a pipeline can do
  edgexray pipeline mobilenet_v2 > mine.pipeline         one to begin with
  edgexray pipeline mine.pipeline --data photo.jpg -o input.npy`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			out := c.OutOrStdout()
			switch {
			case output != "" && data == "":
				return errors.New("pipeline: -o is for --data (say of which file)")
			case steps:
				return listSteps(out)
			case len(args) == 0 && data != "":
				return errors.New("pipeline: --data is for a pipeline (name one)")
			case len(args) == 0:
				return listPipelines(out)
			case data == "":
				return printPipeline(out, args[0])
			}
			return runPipeline(out, args[0], data, output)
		},
	}
	c.Flags().BoolVar(&steps, "steps", false, "list the steps that a pipeline can have")
	c.Flags().StringVar(&data, "data", "", "run it on `file`")
	c.Flags().StringVarP(&output, "output", "o", "", "with --data, write what it makes to `file`, for numpy.load; - is stdout")
	return c
}

func listSteps(out io.Writer) error {
	for _, m := range pipeline.Makers() {
		if _, err := fmt.Fprintf(out, "%s\n    %s\n", strings.TrimSpace(m.Name+" "+m.Usage), m.About); err != nil {
			return err
		}
	}
	fmt.Fprintln(out, "\nA METHOD to resize with, and the call that does the same:")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, m := range image.Methods {
		fmt.Fprintf(table, "    %v\t%s\n", m, m.About)
	}
	return table.Flush()
}

func listPipelines(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, name := range library.Names() {
		fmt.Fprintf(table, "%s\t%s\n", name, library.About(name))
	}
	return table.Flush()
}

// printPipeline prints a pipeline's file as it is, once it is known to be one.
func printPipeline(out io.Writer, name string) error {
	if slices.Contains(library.Names(), name) {
		_, err := out.Write(library.Text(name))
		return err
	}
	if _, err := openPipeline(name); err != nil {
		return err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

func runPipeline(out io.Writer, name, data, output string) error {
	p, err := openPipeline(name)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(data)
	if err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	if output != "" && len(p.Inputs) > 1 {
		return fmt.Errorf("pipeline: %s makes %d inputs, and -o writes one: run it through edgexray play", name, len(p.Inputs))
	}
	if output == "-" {
		v, err := pipeline.Run(p.Inputs[0].Steps, step.Value{Bytes: file})
		if err != nil {
			return fmt.Errorf("%s: %w", data, err)
		}
		return npy.Write(out, pipeline.NumPy(v.Array))
	}
	for _, input := range p.Inputs {
		v, err := runSteps(out, input, step.Value{Bytes: file})
		if err != nil {
			return fmt.Errorf("%s: %w", data, err)
		}
		if output != "" {
			return writeWhole(output, func(w io.Writer) error { return npy.Write(w, pipeline.NumPy(v.Array)) })
		}
	}
	return nil
}

// runSteps says what each step makes.
func runSteps(out io.Writer, input pipeline.Input, v step.Value) (step.Value, error) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "input %d\t%s\n", input.Index, v.Describe())
	for i, s := range input.Steps {
		var err error
		if v, err = s.Apply(v); err != nil {
			return v, errors.Join(table.Flush(), fmt.Errorf("step %d, %v: %w", i+1, s, err))
		}
		fmt.Fprintf(table, "%v\t%s%s\n", s, v.Describe(), rangeOf(v.Array))
	}
	return v, table.Flush()
}

func rangeOf(a *step.Array) string {
	if a == nil || a.Len() == 0 {
		return ""
	}
	reals := a.Reals()
	return fmt.Sprintf(", %.6g to %.6g", slices.Min(reals), slices.Max(reals))
}
