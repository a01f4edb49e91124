package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/analyze/debug"
	"github.com/edgexray/edgexray/play"
	"github.com/edgexray/edgexray/reference"
	"github.com/edgexray/edgexray/report"
)

func debugCommand() *cobra.Command {
	d := debugging{}
	var asJSON, asMarkdown bool
	c := &cobra.Command{
		Use:   "debug --edge SNAPSHOT --model MODEL",
		Short: "Say why an app is less accurate on its device: what it feeds its model, an op, or the model itself",
		Example: `  edgexray debug --edge edge.tensors --model model.tflite --pipeline mobilenet.pipeline
  edgexray debug --edge edge.tensors --model model.tflite --pipeline mobilenet.pipeline --data photos/ --labels labels.csv
  edgexray debug --edge edge.tensors --model int8.tflite --float float.tflite --trace run.xray --markdown`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			result, err := d.debug(c)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			switch {
			case asJSON:
				err = writeJSON(out, result)
			case asMarkdown:
				err = report.Debug(out, result, report.Markdown, 0)
			default:
				err = report.Debug(out, result, report.Text, width(out))
			}
			return errors.Join(err, debugged(result))
		},
	}
	f := c.Flags()
	d.evidence.add(f)
	d.measuring.add(f)
	f.StringVar(&d.float, "float", "", "the same model in floating point, from `file`: tells what quantization costs")
	f.StringVar(&d.keep, "keep", "", "keep the snapshots of the reference runs in `folder`")
	f.BoolVar(&asJSON, "json", false, "print JSON (docs/debug.md)")
	f.BoolVar(&asMarkdown, "markdown", false, "print Markdown")
	c.MarkFlagsMutuallyExclusive("json", "markdown")
	return c
}

// debugged is the exit status: 1 when something is wrong.
func debugged(r *debug.Result) error {
	switch r.Verdict {
	case debug.Healthy:
		return nil
	case debug.Unjudged:
		return exitError{errors.New("debug: what the app feeds its model could not be judged (the summary says why)"), exitNothing}
	case debug.Nothing:
		return exitError{errors.New("debug: nothing could be checked (the questions say what is missing)"), exitNothing}
	}
	return exitError{errors.New(""), exitFailed} // the verdict says it
}

// debugging is what is debugged, as flags name it.
type debugging struct {
	evidence
	measuring
	float, keep string

	command *cobra.Command
	dir     string // for the runs
	subject *opened
}

func (d *debugging) debug(c *cobra.Command) (*debug.Result, error) {
	d.command = c
	d.evidence.raw = cmp.Or(d.evidence.raw, d.measuring.data)
	var err error
	if d.subject, err = d.open(c.Context()); err != nil {
		return nil, err
	}
	defer d.subject.Close()
	if d.dir = d.keep; d.keep == "" {
		if d.dir, err = os.MkdirTemp("", "edgexray-debug-"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(d.dir)
	} else if err := os.MkdirAll(d.keep, 0o755); err != nil {
		return nil, err
	}
	s := debug.Sources{Subject: d.subject.Subject}
	if d.edge != "" {
		d.runs(&s)
		if err := d.truth(&s); err != nil {
			return nil, err
		}
	}
	return debug.Debug(s)
}

// runs says which reference runs can be made.
func (d *debugging) runs(s *debug.Sources) {
	switch {
	case d.how.model == "":
		s.NoSame = "the model wasn't named (--model)"
		s.NoPlayed = s.NoSame
		return
	case d.subject.Pipeline == nil:
		s.NoPlayed = "no reference pipeline was named, and the model's metadata says none (--pipeline)"
	default:
		s.Played = d.played
	}
	s.Same = func() (*debug.Run, error) { return d.run(d.how.model, d.edge, "same.tensors", d.how) }
	if d.float != "" {
		twin := d.how
		twin.model = "" // ops of another model can't be run alone
		s.Float = func() (*debug.Run, error) { return d.run(d.float, d.edge, "float.tensors", twin) }
	}
}

// truth says what accuracy is measured by.
func (d *debugging) truth(s *debug.Sources) error {
	task := ""
	if d.subject.Pipeline != nil {
		task = d.subject.Pipeline.Task
	}
	o, err := d.options(task)
	if err != nil {
		return err
	}
	s.Accuracy = &o
	return nil
}

// run runs a model on the inputs of a snapshot, with trusted kernels.
func (d *debugging) run(model, inputs, name string, how comparing) (*debug.Run, error) {
	o := reference.RunOptions{Tools: d.how.tools, Model: model, Inputs: inputs, Runner: d.how.runner, Output: filepath.Join(d.dir, name)}
	if inputs == d.edge {
		o.Interpreter = d.interpreter
	}
	var said strings.Builder // of interest only when it fails
	if err := runReferenceTo(d.command.Context(), &said, o); err != nil {
		fmt.Fprint(d.command.ErrOrStderr(), said.String())
		return nil, err
	}
	log, err := d.subject.log(o.Output, 0)
	if err != nil {
		return nil, err
	}
	compare := func() (*compare.Result, error) { return how.compare(d.command.Context(), d.edge, o.Output) }
	return &debug.Run{Log: log, Compare: compare}, nil
}

// played runs the model on what the pipeline makes of the raw data: of files, if some are named, else of what the app marked.
func (d *debugging) played() (*debug.Run, error) {
	items := play.OfApp(d.subject.Edge)
	switch {
	case d.subject.One: // which all frames are pieces of, or the same
		items = play.OfDataSet(d.subject.items)
	case d.raw != "":
		items = play.OfFrames(d.subject.Edge, d.subject.items)
	}
	if len(items) == 0 {
		return nil, errors.New("there is no raw data (mark it in the app, or name files with --raw)")
	}
	p := playing{model: d.how.model, data: "the raw data", output: filepath.Join(d.dir, "inputs.tensors")}
	summary, err := p.write(d.subject.Pipeline, items)
	if err != nil {
		return nil, err
	}
	run, err := d.run(d.how.model, p.output, "played.tensors", d.how)
	if err == nil && len(summary.Broken) > 0 {
		first := summary.Broken[0]
		run.Problems = append(run.Problems, fmt.Sprintf("%d of %d pieces of raw data were left out, the first is %s: %v", len(summary.Broken), len(items), first.Name, first.Err))
	}
	return run, err
}
