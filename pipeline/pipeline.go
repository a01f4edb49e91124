// Package pipeline makes a model's inputs of raw data, step by step, as a pipeline file says.
//
// A pipeline file has a step a line: its name, then its arguments apart by blanks; comments from # on. A line
// "task NAME" says what the model is for, a line "input INDEX" that the steps behind it make that input of the model
// (without one they make input 0). Files that steps need are named from the folder of the pipeline file.
package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/rows"
	"github.com/edgexray/edgexray/pipeline/array"
	"github.com/edgexray/edgexray/pipeline/audio"
	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/pipeline/text"
)

// Pipeline makes the inputs of a model.
type Pipeline struct {
	Name   string // of the file or of the one that ships, for messages
	Task   string // one of Tasks; empty when the file doesn't say
	Inputs []Input

	folder string // of the file
}

// Input is how one input of the model is made.
type Input struct {
	Index int // among the model's inputs
	Steps []step.Step
}

// Tasks are what a model can be for: how its outputs are judged.
var Tasks = []string{"classification", "detection", "segmentation", "landmarks", "keywords", "sounds", "text"}

// maxInput is the last input that a file may name: more than any model has.
const maxInput = 1000

// Makers are all steps that a file can have.
func Makers() []step.Maker {
	return slices.Concat(image.Makers, audio.Makers, text.Makers, array.Makers, makers)
}

// Open reads a pipeline file.
func Open(path string) (*Pipeline, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open pipeline: %w", err)
	}
	return read(bytes.NewReader(file), &Pipeline{Name: path, folder: filepath.Dir(path)})
}

// Read reads a pipeline; name is what errors call it.
func Read(r io.Reader, name string) (*Pipeline, error) { return read(r, &Pipeline{Name: name}) }

func read(r io.Reader, p *Pipeline) (*Pipeline, error) {
	if _, err := rows.Read(r, p.Name, func(fields []string) (struct{}, error) { return struct{}{}, p.line(fields) }); err != nil {
		return nil, err
	}
	if len(p.Inputs) == 0 {
		return nil, fmt.Errorf("%s: it has no steps (write one a line; `edgexray pipeline --steps` lists them)", p.Name)
	}
	for _, input := range p.Inputs {
		if len(input.Steps) == 0 {
			return nil, fmt.Errorf("%s: input %d has no steps (write one a line behind it)", p.Name, input.Index)
		}
	}
	return p, nil
}

func (p *Pipeline) line(fields []string) error {
	switch fields[0] {
	case "task":
		if len(fields) != 2 || !slices.Contains(Tasks, fields[1]) {
			return fmt.Errorf("task takes one of %s", strings.Join(Tasks, ", "))
		}
		p.Task = fields[1]
		return nil
	case "input":
		return p.input(fields[1:])
	}
	s, err := makeStep(fields, p.folder)
	if err != nil {
		return err
	}
	if len(p.Inputs) == 0 {
		p.Inputs = []Input{{}}
	}
	last := &p.Inputs[len(p.Inputs)-1]
	last.Steps = append(last.Steps, s)
	return nil
}

func (p *Pipeline) input(fields []string) error {
	if len(fields) != 1 {
		return errors.New("input takes an index: that of one of the model's inputs, from 0 on")
	}
	index, err := strconv.Atoi(fields[0])
	if err != nil || index < 0 || index > maxInput {
		return fmt.Errorf("input %s: it takes an index from 0 on", fields[0])
	}
	if slices.ContainsFunc(p.Inputs, func(i Input) bool { return i.Index == index }) {
		return fmt.Errorf("input %d: it already has steps", index)
	}
	p.Inputs = append(p.Inputs, Input{Index: index})
	return nil
}

// Step makes a step of a line's fields.
func Step(fields []string) (step.Step, error) { return makeStep(fields, "") }

func makeStep(fields []string, folder string) (step.Step, error) {
	makers := Makers()
	i := slices.IndexFunc(makers, func(m step.Maker) bool { return m.Name == fields[0] })
	if i < 0 {
		return nil, fmt.Errorf("there is no step %q (`edgexray pipeline --steps` lists them)", fields[0])
	}
	args, err := step.Split(fields[1:])
	if err == nil {
		args.Folder = folder
		var s step.Step
		if s, err = makers[i].Make(args); err == nil {
			err = args.Err()
		}
		if err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%s: %w (%s %s)", fields[0], err, fields[0], makers[i].Usage)
}

// Run makes what a pipeline's steps make of a value.
func Run(steps []step.Step, v step.Value) (step.Value, error) {
	for i, s := range steps {
		var err error
		if v, err = s.Apply(v); err != nil {
			return v, fmt.Errorf("step %d, %v: %w", i+1, s, err)
		}
	}
	return v, nil
}

// Words are steps in one line, as tables show them.
func Words(steps []step.Step) string {
	words := make([]string, len(steps))
	for i, s := range steps {
		words[i] = s.String()
	}
	return strings.Join(words, ", ")
}
