package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/dataset"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/play"
	"github.com/edgexray/edgexray/reference"
	"github.com/edgexray/edgexray/shim/snapshot"
)

func playCommand() *cobra.Command {
	var p playing
	var run string
	var o reference.RunOptions
	c := &cobra.Command{
		Use:   "play PIPELINE --data FOLDER|SNAPSHOT --model MODEL",
		Short: "Run raw data through a reference pipeline: inputs for a reference run",
		Example: `  edgexray play mobilenet.pipeline --data photos/ --model model.tflite -o inputs.tensors
  edgexray play mobilenet.pipeline --data edge.tensors --model model.tflite     what the app marked as raw data
  edgexray play mobilenet.pipeline --data edge.tensors --model model.tflite --run ref.tensors`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p.pipeline = args[0]
			if run == "" {
				return p.play(c.ErrOrStderr())
			}
			if !c.Flags().Changed("output") {
				dir, err := os.MkdirTemp("", "edgexray-play-")
				if err != nil {
					return err
				}
				defer os.RemoveAll(dir)
				p.output = filepath.Join(dir, "inputs.tensors")
			}
			if err := p.play(c.ErrOrStderr()); err != nil {
				return err
			}
			o.Model, o.Inputs, o.Output = p.model, p.output, run
			return runReference(c, o)
		},
	}
	f := c.Flags()
	f.StringVar(&p.data, "data", "", "raw data: a `folder` of files, a file, or a snapshot of an app that marks its own")
	f.StringVar(&p.model, "model", "", "the model `file` that the inputs are for")
	f.StringVarP(&p.output, "output", "o", "inputs.tensors", "file for the snapshot of the inputs")
	f.StringVar(&run, "run", "", "run the model on the inputs at once, and write the snapshot of that into `file` (edgexray reference)")
	f.StringVar(&o.Runner, "runner", "", "run it with litert or go-tflite (default: the first that works)")
	addTools(f, &o.Tools)
	for _, flag := range []string{"data", "model"} {
		if err := c.MarkFlagRequired(flag); err != nil {
			panic(err) // there is no such flag
		}
	}
	return c
}

// playing is what is played, as flags name it.
type playing struct{ pipeline, data, model, output string }

// shownBroken is how many pieces of data that can't be played are named.
const shownBroken = 10

func (p *playing) play(stderr io.Writer) error {
	steps, err := openPipeline(p.pipeline)
	if err != nil {
		return err
	}
	items, done, err := itemsOf(p.data)
	if err != nil {
		return err
	}
	defer done()
	summary, err := p.write(steps, items)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s: %d of %d pieces of data, %d invokes\n", p.output, summary.Played, len(items), summary.Invokes)
	for i, b := range summary.Broken {
		if i == shownBroken {
			fmt.Fprintf(stderr, "and %d more were left out\n", len(summary.Broken)-i)
			break
		}
		fmt.Fprintf(stderr, "left out: %s: %v\n", b.Name, b.Err)
	}
	return nil
}

// write plays items.
func (p *playing) write(steps *pipeline.Pipeline, items []play.Item) (*play.Summary, error) {
	model, sum, err := reference.OpenModel(p.model)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.model, err)
	}
	out, err := createOutput(p.output)
	if err != nil {
		return nil, err
	}
	summary, err := play.Write(out.File, items, play.Options{Pipeline: steps, Model: model, Path: p.model, SHA256: sum, Recorder: "edgexray " + version})
	if err == nil {
		err = out.begin()
	}
	if err = errors.Join(err, out.end()); err != nil {
		return nil, fmt.Errorf("play %s: %w", p.data, err)
	}
	return summary, nil
}

// itemsOf are the raw data of a snapshot, or of a data set. What they refer to is open until done is called.
func itemsOf(path string) (items []play.Item, done func(), err error) {
	f, err := snapshot.Open(path)
	switch {
	case err == nil:
		log, err := frames.Read(f, 0)
		if err != nil {
			f.Close()
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		return play.OfApp(log), func() { f.Close() }, nil
	case !errors.Is(err, snapshot.ErrNotSnapshot) && !isFolder(path):
		return nil, nil, err
	}
	set, err := dataset.Open(path)
	return play.OfDataSet(set), func() {}, err
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
