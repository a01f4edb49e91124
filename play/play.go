// Package play runs raw data through a reference pipeline and writes a snapshot of what that makes: inputs for a reference
// run, of the data that an app saw, or of a data set.
package play

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// ErrNothing is the error when no piece of data became inputs.
var ErrNothing = errors.New("nothing could be played")

// Item is a piece of raw data.
type Item struct {
	Frame    int // of the app that it is of, or its place in the data set, counted from 1
	Name     string
	Label    string
	Labelled bool
	Read     func() (step.Value, error)
}

// Options says what makes inputs for what.
type Options struct {
	Pipeline *pipeline.Pipeline
	Model    *tflite.Model
	Path     string // of the model's file
	SHA256   string
	Recorder string // name and version, for the file
}

// Broken is a piece of data that could not be played.
type Broken struct {
	Name string
	Err  error
}

// Summary is what became of the data.
type Summary struct {
	Played  int // pieces of data
	Invokes int // that they make
	Broken  []Broken
}

// Write writes inputs to an empty regular file. Data that can't be read, or that the pipeline doesn't take, is left out and listed.
// The error is ErrNothing, with the first reason, when nothing is left.
func Write(out *os.File, items []Item, o Options) (*Summary, error) {
	p := &player{options: o, summary: &Summary{}}
	if err := p.wants(); err != nil {
		return nil, err
	}
	var err error
	if p.writer, err = snapshot.NewWriter(out, &snapshot.Beginning{Header: &trace.Header{Recorder: o.Recorder}}); err != nil {
		return nil, err
	}
	if err := p.describe(); err != nil {
		return nil, err
	}
	for _, item := range items {
		inputs, err := p.make(item)
		if err != nil {
			p.summary.Broken = append(p.summary.Broken, Broken{cmp.Or(item.Name, fmt.Sprintf("frame %d", item.Frame)), err})
			continue
		}
		if err := p.write(item, inputs); err != nil {
			return nil, err
		}
	}
	if p.summary.Played == 0 {
		return p.summary, p.nothing(len(items))
	}
	if err := p.writer.Describe(&trace.Note{Kind: snapshot.PlayedNote, Text: snapshot.Played(p.frames)}); err != nil {
		return nil, err
	}
	return p.summary, p.writer.Close(nil, &trace.End{Reason: "all data was played"})
}

func (p *player) nothing(items int) error {
	if len(p.summary.Broken) == 0 {
		return fmt.Errorf("%w: there is no raw data", ErrNothing)
	}
	first := p.summary.Broken[0]
	return fmt.Errorf("%w: of %d pieces of data none could be used: %s: %w", ErrNothing, items, first.Name, first.Err)
}

// player writes inputs.
type player struct {
	options Options
	wanted  []*tflite.Tensor // the model's inputs
	indices []int32          // theirs
	writer  *snapshot.Writer
	summary *Summary
	frames  []int // that invokes are of
	invoke  uint64
	clock   uint64
}

// wants finds the model's inputs, each of which the pipeline must make.
func (p *player) wants() error {
	if len(p.options.Model.Subgraphs) == 0 {
		return fmt.Errorf("%s: the model has no subgraph", p.options.Path)
	}
	main := &p.options.Model.Subgraphs[0]
	for _, index := range main.Inputs {
		if index >= 0 {
			p.wanted, p.indices = append(p.wanted, &main.Tensors[index]), append(p.indices, index)
		}
	}
	for i, t := range p.wanted {
		if !slices.ContainsFunc(p.options.Pipeline.Inputs, func(in pipeline.Input) bool { return in.Index == i }) {
			return fmt.Errorf("pipeline %s doesn't make input %d of the model, %q (add a line \"input %d\" and the steps that make it)", p.options.Pipeline.Name, i, t.Name, i)
		}
	}
	for _, in := range p.options.Pipeline.Inputs {
		if in.Index >= len(p.wanted) {
			return fmt.Errorf("pipeline %s makes input %d, and the model has %d inputs: is it for another model?", p.options.Pipeline.Name, in.Index, len(p.wanted))
		}
	}
	return nil
}

func (p *player) describe() error {
	inputs := make([]*trace.Tensor, len(p.wanted))
	for i, t := range p.wanted {
		inputs[i] = &trace.Tensor{Index: p.indices[i], Name: t.Name, Type: int32(t.Type), Shape: t.Shape}
	}
	return errors.Join(
		p.writer.Describe(&trace.Process{Id: 1, Name: "edgexray play"}),
		p.writer.Describe(&trace.Thread{Id: 1, Process: 1}),
		p.writer.Describe(&trace.Model{Id: 1, Path: filepath.Base(p.options.Path), Sha256: p.options.SHA256}),
		p.writer.Describe(&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Model: 1, EndsKnown: true, Inputs: p.indices}),
	)
}

// make runs the pipeline: of each input of the model the tensors of one invoke, or of several when it makes as many rows as these take.
func (p *player) make(item Item) ([][]*step.Array, error) {
	raw, err := item.Read()
	if err != nil {
		return nil, err
	}
	made := make([][]*step.Array, len(p.wanted))
	for _, in := range p.options.Pipeline.Inputs {
		v, err := pipeline.Run(pipeline.Undecoded(in.Steps, raw), raw)
		if err != nil {
			return nil, err
		}
		if v.Array == nil {
			return nil, fmt.Errorf("the pipeline makes %s of it, no array (add a step that does)", v.Describe())
		}
		if made[in.Index], err = fit(v.Array, p.wanted[in.Index]); err != nil {
			return nil, err
		}
		if n := len(made[in.Index]); n != len(made[p.options.Pipeline.Inputs[0].Index]) {
			return nil, fmt.Errorf("the pipeline makes %d invokes of input %d, and other numbers of others", n, in.Index)
		}
	}
	return made, nil
}

// fit gives an array the shape that the model takes, in pieces when it has the rows of several invokes.
func fit(a *step.Array, t *tflite.Tensor) ([]*step.Array, error) {
	wanted := make([]int, len(t.Shape))
	rows := 1
	for i, d := range t.Shape {
		wanted[i] = int(d)
		rows *= int(d)
	}
	open := slices.Contains(t.ShapeSignature, -1)
	switch {
	case a.Len() == rows:
		out := *a
		out.Shape = wanted
		return []*step.Array{&out}, nil
	case open && len(a.Shape) == len(wanted):
		return []*step.Array{a}, nil
	case open && len(a.Shape)+1 == len(wanted):
		out := *a
		out.Shape = append([]int{1}, a.Shape...)
		return []*step.Array{&out}, nil
	}
	if pieces := split(a, wanted, rows); pieces != nil {
		return pieces, nil
	}
	return nil, fmt.Errorf("the pipeline makes %s, and the model's input %q takes %v", step.Value{Array: a}.Describe(), t.Name, t.Shape)
}

// split cuts features into pieces of as many rows as an invoke takes; what is left at the end is dropped.
func split(a *step.Array, wanted []int, size int) []*step.Array {
	want := &step.Array{Shape: wanted}
	w, has := want.Squeezed(), a.Squeezed()
	if len(w) != len(has) || len(w) < 2 || has[0] < w[0] || !slices.Equal(w[1:], has[1:]) || size == 0 {
		return nil
	}
	var pieces []*step.Array
	for i := range has[0] / w[0] {
		pieces = append(pieces, part(a, wanted, i*size, (i+1)*size))
	}
	return pieces
}

func part(a *step.Array, shape []int, from, to int) *step.Array {
	out := &step.Array{Shape: shape, Scale: a.Scale, ZeroPoint: a.ZeroPoint}
	switch {
	case a.Uint8 != nil:
		out.Uint8 = a.Uint8[from:to]
	case a.Int8 != nil:
		out.Int8 = a.Int8[from:to]
	case a.Int16 != nil:
		out.Int16 = a.Int16[from:to]
	case a.Int32 != nil:
		out.Int32 = a.Int32[from:to]
	default:
		out.Float32 = a.Float32[from:to]
	}
	return out
}

// write writes the invokes of a piece of data.
func (p *player) write(item Item, made [][]*step.Array) error {
	for piece := range made[0] {
		p.invoke++
		if err := p.mark(item); err != nil {
			return err
		}
		node := &trace.Node{Id: uint32(p.invoke), Subgraph: 1, Op: "model", Custom: true}
		for i := range made {
			a := made[i][piece]
			t := &trace.Tensor{Index: p.indices[i], Name: p.wanted[i].Name, Type: int32(a.Type()), Scale: a.Scale, ZeroPoint: int64(a.ZeroPoint)}
			for _, d := range a.Shape {
				if d > math.MaxInt32 {
					return fmt.Errorf("a dimension of %d", d)
				}
				t.Shape = append(t.Shape, int32(d))
			}
			node.Inputs = append(node.Inputs, t)
		}
		if err := p.writer.Describe(node); err != nil {
			return err
		}
		p.clock++
		for i := range made {
			c := &snapshot.Capture{Node: node.Id, Tensor: p.indices[i], Role: snapshot.Role_INPUT, Invoke: p.invoke, Thread: 1, StartNs: p.clock}
			if err := p.writer.Add(c, bytesOf(made[i][piece])); err != nil {
				return err
			}
		}
		p.frames = append(p.frames, item.Frame)
		p.summary.Invokes++
	}
	p.summary.Played++
	return nil
}

// mark marks of which data an invoke is.
func (p *player) mark(item Item) error {
	for _, m := range []*trace.Marker{
		{Kind: trace.MarkerKind_BEFORE, Key: "file", Text: item.Name},
		{Kind: trace.MarkerKind_LABEL, Text: item.Label},
	} {
		if m.Text == "" {
			continue
		}
		p.clock++
		m.Process, m.Thread, m.TimeNs = 1, 1, p.clock
		if err := p.writer.AddMarker(m, nil); err != nil {
			return err
		}
	}
	return nil
}
