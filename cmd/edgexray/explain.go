package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/inputs"
	"github.com/edgexray/edgexray/dataset"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/shim/snapshot"
)

// explaining is the verb's flags.
type explaining struct {
	raw, pipeline      string
	input, frame       int
	interpreter        uint32
	asJSON, asMarkdown bool
}

func explainCommand() *cobra.Command {
	var o explaining
	c := &cobra.Command{
		Use:   "explain SNAPSHOT",
		Short: "Name what an app did with its raw data to make what it fed its model",
		Example: `  edgexray explain edge.tensors                                    of what the app marked
  edgexray explain edge.tensors --raw photo.jpg                    of a file
  edgexray explain edge.tensors --raw photo.jpg --pipeline mobilenet_v2    and how that differs`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			r, err := o.explain(args[0])
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			switch {
			case o.asJSON:
				err = writeJSON(out, r)
			case o.asMarkdown:
				err = report.Explain(out, r, report.Markdown, 0)
			default:
				err = report.Explain(out, r, report.Text, width(out))
			}
			if wrong := len(r.Differences) > 0 || r.Healthy != nil && !*r.Healthy; err == nil && wrong {
				return exitError{errors.New(""), exitFailed} // the verdict says it
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&o.raw, "raw", "", "raw data: a `file` or folder, or the key under which the app marks it (default: what it marks)")
	f.StringVar(&o.pipeline, "pipeline", "", "compare with a reference pipeline: a `file`, or one that ships (edgexray pipeline)")
	f.IntVar(&o.input, "input", 0, "look at the model's input with this `index`")
	f.IntVar(&o.frame, "frame", 1, "look at this `frame`, from 1 on")
	f.Uint32Var(&o.interpreter, "interpreter", 0, "look at the interpreter with this `number` in the snapshot")
	f.BoolVar(&o.asJSON, "json", false, "print JSON (docs/explain-json.md)")
	f.BoolVar(&o.asMarkdown, "markdown", false, "print Markdown")
	c.MarkFlagsMutuallyExclusive("json", "markdown")
	return c
}

func (o *explaining) explain(path string) (*explain.Result, error) {
	file, err := snapshot.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	log, err := frames.Read(file, o.interpreter)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if o.frame < 1 || o.frame > len(log.Frames) {
		return nil, fmt.Errorf("explain: there is no frame %d (%s has %d)", o.frame, path, len(log.Frames))
	}
	frame := log.Frames[o.frame-1]
	if o.input < 0 || o.input >= len(frame.Inputs) {
		return nil, fmt.Errorf("explain: there is no input %d (the model has %d)", o.input, len(frame.Inputs))
	}
	r := &explain.Result{Model: log.Model, Input: o.input, Name: frame.Inputs[o.input].GetName(), Frame: o.frame, Pipeline: o.pipeline}
	fed, err := frame.Inputs[o.input].Array()
	if err != nil {
		return nil, err
	}
	raw, err := o.rawOf(log, frame, r)
	if err != nil {
		return nil, err
	}
	reference, err := o.reference()
	if err != nil {
		return nil, err
	}
	return r, r.Of(raw, fed, reference)
}

// rawOf finds the raw data: that of a key, of a file, or what the app marked; nil when there is none.
func (o *explaining) rawOf(log *frames.Log, frame *frames.Frame, r *explain.Result) (*step.Value, error) {
	marked := frame.Raw()
	if key := frame.Marked(o.raw); o.raw != "" && key != nil {
		marked = key
	} else if o.raw != "" {
		items, err := dataset.Open(o.raw)
		if err != nil {
			return nil, fmt.Errorf("explain: %w (it is no key either; the app marked %s)", err, orNothing(frame.RawKeys()))
		}
		read, ok := inputs.Files(items)(frame)
		if !ok {
			return nil, fmt.Errorf("explain: %s has no file for frame %d", o.raw, o.frame)
		}
		r.Raw = o.raw
		v, err := read()
		return &v, err
	}
	if marked == nil {
		return nil, nil
	}
	v, err := log.RawValue(marked)
	r.Raw = marked.GetKey()
	return &v, err
}

func orNothing(keys []string) string {
	if len(keys) == 0 {
		return "no raw data"
	}
	return strings.Join(keys, ", ")
}

func (o *explaining) reference() ([]step.Step, error) {
	if o.pipeline == "" {
		return nil, nil
	}
	p, err := openPipeline(o.pipeline)
	if err != nil {
		return nil, err
	}
	for _, input := range p.Inputs {
		if input.Index == o.input {
			return input.Steps, nil
		}
	}
	return nil, fmt.Errorf("explain: %s doesn't say how input %d is made", p.Name, o.input)
}
