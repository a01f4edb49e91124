package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edgexray/edgexray/analyze/accuracy"
	"github.com/edgexray/edgexray/dataset"
	"github.com/edgexray/edgexray/report"
)

func accuracyCommand() *cobra.Command {
	var e evidence
	var how measuring
	var asJSON, asMarkdown bool
	c := &cobra.Command{
		Use:   "accuracy --edge SNAPSHOT --ref SNAPSHOT",
		Short: "Say how often a model is right on its device, and whether its reference is right more often",
		Example: `  edgexray accuracy --edge edge.tensors --ref ref.tensors                       labels that the app marked
  edgexray accuracy --edge edge.tensors --ref ref.tensors --labels labels.csv --classes classes.txt
  edgexray accuracy --edge edge.tensors --task detection --labels instances.json
  edgexray accuracy --edge edge.tensors --ref ref.tensors --metric metric.star  by a function of your own`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			result, err := how.measureFiles(c, &e)
			if err != nil {
				return fmt.Errorf("accuracy: %w", err)
			}
			out := c.OutOrStdout()
			switch {
			case asJSON:
				err = writeJSON(out, result)
			case asMarkdown:
				err = report.Accuracy(out, result, report.Markdown, 0)
			default:
				err = report.Accuracy(out, result, report.Text, width(out))
			}
			if err == nil && result.Verdict == accuracy.Worse {
				return exitError{errors.New(""), exitFailed} // the verdict says it
			}
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&e.edge, "edge", "", "`snapshot` of the app (edgexray snapshot)")
	f.StringVar(&e.ref, "ref", "", "`snapshot` of the reference run (edgexray reference)")
	f.Uint32Var(&e.interpreter, "interpreter", 0, "look at the interpreter with this `number` in the snapshot")
	f.StringVar(&e.pipeline, "pipeline", "", "take the task from this reference pipeline: a `file`, or one that ships")
	how.add(f)
	f.BoolVar(&asJSON, "json", false, "print JSON (docs/accuracy.md)")
	f.BoolVar(&asMarkdown, "markdown", false, "print Markdown")
	c.MarkFlagsMutuallyExclusive("json", "markdown")
	if err := c.MarkFlagRequired("edge"); err != nil {
		panic(err) // there is no such flag
	}
	return c
}

// measuring is how accuracy is measured, as flags say it.
type measuring struct {
	task, labels, classes, metric, data string
	top                                 []int
}

func (m *measuring) add(f *pflag.FlagSet) {
	f.StringVar(&m.task, "task", "", "what the model is for: classification, detection, segmentation or text (default: the pipeline's, or classification)")
	f.StringVar(&m.labels, "labels", "", "right answers: CSV or COCO's JSON in a `file`, or a folder (default: the app's markers)")
	f.StringVar(&m.classes, "classes", "", "names of the model's classes in a `file`, a line each")
	f.StringVar(&m.metric, "metric", "", "functions metric(outputs, label) or detections(outputs) in a Starlark `file`")
	f.StringVar(&m.data, "data", "", "`folder` with the data that the frames are of, in the order of their names, for names and labels")
	f.IntSliceVar(&m.top, "top", nil, "the `k` of top-k accuracy (default 1,5)")
}

// options reads what is named. A pipeline's task counts when no other was named.
func (m *measuring) options(pipelineTask string) (accuracy.Options, error) {
	o := accuracy.Options{Task: accuracy.Task(m.task), Top: m.top}
	var err error
	if m.metric != "" {
		if o.Script, err = accuracy.OpenScript(m.metric); err != nil {
			return o, err
		}
	}
	if o.Task == "" && o.Script != nil && o.Script.HasMetric() {
		o.Task = accuracy.Custom
	}
	o.Task = cmp.Or(o.Task, accuracy.TaskOf(pipelineTask), accuracy.Classification)
	if m.classes != "" {
		file, err := os.Open(m.classes)
		if err != nil {
			return o, err
		}
		defer file.Close()
		if o.Classes, err = accuracy.ReadNames(file); err != nil {
			return o, fmt.Errorf("%s: %w", m.classes, err)
		}
	}
	var items []dataset.Item
	if m.data != "" {
		if items, err = dataset.Open(m.data); err != nil {
			return o, err
		}
	}
	if labels := cmp.Or(m.labels, m.data); labels != "" {
		o.Truth, err = accuracy.OpenTruth(labels, o.Task, items)
	}
	return o, err
}

func (m *measuring) measureFiles(c *cobra.Command, e *evidence) (*accuracy.Result, error) {
	subject, err := e.open(c.Context())
	if err != nil {
		return nil, err
	}
	defer subject.Close()
	task := ""
	if subject.Pipeline != nil {
		task = subject.Pipeline.Task
	}
	o, err := m.options(task)
	if err != nil {
		return nil, err
	}
	return accuracy.Measure(subject.Pairs(), o)
}
