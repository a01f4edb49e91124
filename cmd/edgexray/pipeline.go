package main

import (
	"bytes"
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
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/tflite/metadata"
)

func pipelineCommand() *cobra.Command {
	var steps bool
	var data, model, output string
	c := &cobra.Command{
		Use:   "pipeline [PIPELINE]",
		Short: "Show how a model's input is made of raw data, and make it of a file",
		Long: `Shows how a model's input is made of raw data, and makes it of a file, saying what each step makes.

PIPELINE is a file with a step a line, or the name of one that ships. docs/pipelines.md says more.`,
		Example: `  edgexray pipeline                                      the pipelines that ship
  edgexray pipeline --steps                              what a pipeline can do
  edgexray pipeline mobilenet_v2 > mine.pipeline         one to begin with
  edgexray pipeline --model model.tflite                 what the model's metadata says
  edgexray pipeline mine.pipeline --data photo.jpg -o input.npy
  edgexray pipeline mine.pipeline --data photo.jpg --model model.tflite    and whether the model takes it`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			out := c.OutOrStdout()
			switch {
			case steps:
				return listSteps(out)
			case data != "":
				return runPipeline(out, args, data, model, output)
			case output != "":
				return errors.New("pipeline: -o is for --data (say of which file)")
			case len(args) > 0 && model != "":
				return errors.New("pipeline: with a pipeline --model is for --data (say of which file)")
			case len(args) > 0:
				return printPipeline(out, args[0])
			case model != "":
				return printProposed(out, model)
			}
			return listPipelines(out)
		},
	}
	c.Flags().BoolVar(&steps, "steps", false, "list the steps that a pipeline can have")
	c.Flags().StringVar(&data, "data", "", "run it on `file`")
	c.Flags().StringVar(&model, "model", "", "the model `file`: its metadata is the pipeline when none is named; with --data, whether it takes what is made")
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

func printProposed(out io.Writer, model string) error {
	text, err := proposed(model)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, text)
	return err
}

func pipelineOf(args []string, model string) (*pipeline.Pipeline, error) {
	switch {
	case len(args) > 0:
		return openPipeline(args[0])
	case model == "":
		return nil, errors.New("pipeline: --data is for a pipeline (name one, or a --model that says its own)")
	}
	text, err := proposed(model)
	if err != nil {
		return nil, err
	}
	return pipeline.Read(strings.NewReader(text), model)
}

// proposed is the text of the pipeline that a model's metadata proposes.
func proposed(path string) (string, error) {
	model, file, err := readModel(path)
	if err != nil {
		return "", err
	}
	said, err := tflite.OpenMetadata(bytes.NewReader(file), int64(len(file)))
	if err == nil {
		var text string
		if text, err = metadata.Pipeline(model, said); err == nil {
			return text, nil
		}
	}
	return "", exitError{fmt.Errorf("%s: %w (name a pipeline: `edgexray pipeline` lists those that ship)", path, err), exitNothing}
}

func readModel(path string) (*tflite.Model, []byte, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("pipeline: %w", err)
	}
	model, err := tflite.ParseModel(file)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return model, file, nil
}

// runPipeline makes the inputs of a file. What is written is one array, as a file of NumPy's has one.
func runPipeline(out io.Writer, args []string, data, modelPath, output string) error {
	p, err := pipelineOf(args, modelPath)
	if err != nil {
		return err
	}
	file, err := os.ReadFile(data)
	if err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	if output != "" && len(p.Inputs) > 1 {
		return fmt.Errorf("pipeline: %s makes %d inputs, and -o writes one: run it through edgexray play", p.Name, len(p.Inputs))
	}
	said := out
	if output == "-" {
		said = io.Discard
	}
	for _, input := range p.Inputs {
		v, err := runSteps(said, input, step.Value{Bytes: file})
		if err == nil && modelPath != "" {
			err = takes(modelPath, input.Index, v)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", data, err)
		}
		if output == "" {
			continue
		}
		if v.Array == nil {
			return fmt.Errorf("%s: %s makes no array: %s", data, p.Name, v.Describe())
		}
		if err := writeArray(out, output, v.Array); err != nil {
			return err
		}
	}
	return nil
}

func writeArray(out io.Writer, path string, a *step.Array) error {
	write := func(w io.Writer) error { return npy.Write(w, pipeline.NumPy(a)) }
	if path == "-" {
		return write(out)
	}
	return writeWhole(path, write)
}

// takes is an error, and a failed check, unless a model's input is of a value's type and number of elements.
func takes(path string, input int, v step.Value) error {
	model, _, err := readModel(path)
	if err != nil {
		return err
	}
	if len(model.Subgraphs) == 0 || input >= len(model.Subgraphs[0].Inputs) || model.Subgraphs[0].Inputs[input] < 0 {
		return fmt.Errorf("%s has no input %d", path, input)
	}
	t := model.Subgraphs[0].Tensors[model.Subgraphs[0].Inputs[input]]
	if v.Array == nil || v.Array.Type() != t.Type || !fits(v.Array.Squeezed(), t) {
		return exitError{fmt.Errorf("%s takes %v %v as input %d; the pipeline makes %s", path, t.Type, t.Shape, input, v.Describe()), exitFailed}
	}
	return nil
}

// fits compares shapes without their dimensions of 1. A dimension that the app may choose fits any.
func fits(shape []int, t tflite.Tensor) bool {
	wanted := t.Shape
	if t.ShapeSignature != nil {
		wanted = t.ShapeSignature
	}
	wanted = slices.DeleteFunc(slices.Clone(wanted), func(d int32) bool { return d == 1 })
	if len(wanted) > 0 && wanted[0] == -1 && len(wanted) == len(shape)+1 {
		wanted = wanted[1:] // a batch of one
	}
	return slices.EqualFunc(shape, wanted, func(d int, w int32) bool { return w == -1 || int(w) == d })
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
