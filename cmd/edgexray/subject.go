package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/inputs"
	"github.com/edgexray/edgexray/checks"
	"github.com/edgexray/edgexray/dataset"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/library"
	"github.com/edgexray/edgexray/reference"
	"github.com/edgexray/edgexray/shim/snapshot"
)

// evidence is the files from which an app's run is judged, as flags name them.
type evidence struct {
	edge, ref, trace, pipeline, raw string
	interpreter                     uint32
	frames                          int
	how                             comparing
}

func (e *evidence) add(f *pflag.FlagSet) {
	f.StringVar(&e.edge, "edge", "", "`snapshot` of the app (edgexray snapshot)")
	f.StringVar(&e.trace, "trace", "", "`trace` of the app (edgexray record)")
	f.StringVar(&e.pipeline, "pipeline", "", "reference pipeline: a `file`, or one that ships (edgexray pipeline); default: what the model's metadata says")
	f.StringVar(&e.raw, "raw", "", "raw data in a `file` or folder, in the order of frames, where the app marks none")
	f.Uint32Var(&e.interpreter, "interpreter", 0, "look at the interpreter with this `number` in the snapshot")
	f.IntVar(&e.frames, "frames", inputs.DefaultFrames, "judge the inputs of so many frames, evenly chosen")
	e.how.add(f)
}

// opened is what evidence opened; close it.
type opened struct {
	checks.Subject
	items []dataset.Item // of raw data
	files []*snapshot.File
}

func (o *opened) Close() {
	for _, f := range o.files {
		f.Close()
	}
}

// open reads what is named. What isn't is missing in the subject.
func (e *evidence) open(ctx context.Context) (*opened, error) {
	o := &opened{Subject: checks.Subject{Frames: e.frames}}
	if err := e.fill(ctx, o); err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

func (e *evidence) fill(ctx context.Context, o *opened) error {
	var err error
	if e.edge == "" && e.trace == "" {
		return errors.New("there is nothing to look at (name a snapshot with --edge, a trace with --trace)")
	}
	if e.frames < 0 {
		return fmt.Errorf("--frames is %d: how many frames to judge is a positive number", e.frames)
	}
	if e.edge != "" {
		if o.Edge, err = o.log(e.edge, e.interpreter); err != nil {
			return err
		}
	}
	if e.ref != "" {
		if o.Reference, err = o.log(e.ref, 0); err != nil {
			return err
		}
	}
	if e.trace != "" {
		if o.Trace, err = readOps(e.trace, analyze.Options{}); err != nil {
			return err
		}
	}
	if e.pipeline != "" {
		if o.Pipeline, err = openPipeline(e.pipeline); err != nil {
			return err
		}
	}
	if e.pipeline == "" && e.how.model != "" {
		o.Pipeline = ownPipeline(e.how.model)
	}
	if e.raw != "" {
		if o.items, err = dataset.Open(e.raw); err != nil {
			return err
		}
		o.Raw, o.One = inputs.Files(o.items), len(o.items) == 1
	}
	if e.how.model != "" {
		if o.Model, _, err = reference.OpenModel(e.how.model); err != nil {
			return fmt.Errorf("%s: %w", e.how.model, err)
		}
	}
	if e.edge != "" && e.ref != "" {
		o.Compare = func() (*compare.Result, error) { return e.how.compare(ctx, e.edge, e.ref) }
	}
	return nil
}

// ownPipeline is what a model's metadata says of its inputs, nil when it says nothing.
func ownPipeline(model string) *pipeline.Pipeline {
	text, err := proposed(model)
	if err != nil {
		return nil
	}
	p, err := pipeline.Read(strings.NewReader(text), "in the metadata of "+model)
	if err != nil {
		return nil
	}
	return p
}

// openPipeline opens a pipeline that ships, by its name, or a file.
func openPipeline(name string) (*pipeline.Pipeline, error) {
	if slices.Contains(library.Names(), name) {
		return library.Open(name)
	}
	// A vocabulary that a file names may be missing, too.
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open pipeline: %w (it is neither a file nor one of those that ship: %s)", err, strings.Join(library.Names(), ", "))
	}
	return pipeline.Open(name)
}

// log opens a snapshot as frames.
func (o *opened) log(path string, interpreter uint32) (*frames.Log, error) {
	f, err := snapshot.Open(path)
	if err != nil {
		return nil, err
	}
	o.files = append(o.files, f)
	log, err := frames.Read(f, interpreter)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return log, nil
}

// describe writes into a result what files it is of.
func (e *evidence) describe(o *opened, r *checks.Result) {
	r.Edge, r.Reference, r.Trace, r.Pipeline = e.edge, e.ref, e.trace, e.pipeline
	if e.pipeline == "" && o.Pipeline != nil {
		r.Pipeline = o.Pipeline.Name
	}
}
