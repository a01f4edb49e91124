// Package inputs judges what an app fed its model, over all of its frames: against what a reference pipeline makes of the raw
// data, or else against what the reference fed its own model, or else by what the tensors alone prove.
package inputs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/relate"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
)

// Basis is what inputs were judged by.
type Basis string

// The bases, the one that tells most first.
const (
	ByRaw       Basis = "raw data"
	ByReference Basis = "the reference's inputs"
	ByItself    Basis = "its own values"
	ByNothing   Basis = "nothing"
)

// DefaultFrames is how many frames are judged when nobody says: naming what a wrong pipeline does takes a second or two a frame.
const DefaultFrames = 12

// Source is what inputs are judged by.
type Source struct {
	Pairs    []frames.Pair
	Edge     *frames.Log
	Pipeline *pipeline.Pipeline                 // nil: none is known
	Raw      func(f *frames.Frame) (Read, bool) // of files; nil or false: the app's markers are taken
	One      bool                               // Raw has the same data for all frames
	Frames   int                                // that are judged, evenly chosen; 0: DefaultFrames
}

// Judge judges each input of the model that the pipeline makes, or the first one without a pipeline.
func Judge(s Source) []*Judged {
	if len(s.Pairs) == 0 {
		return nil
	}
	var list []*Judged
	made := []pipeline.Input{{Index: 0}}
	if s.Pipeline != nil {
		made = s.Pipeline.Inputs
	} else if f := s.Pairs[0]; f.Reference != nil {
		for i := 1; i < len(f.Edge.Inputs) && i < len(f.Reference.Inputs); i++ {
			made = append(made, pipeline.Input{Index: i})
		}
	}
	for _, input := range made {
		list = append(list, s.judge(input))
	}
	return list
}

// judge judges one input by the best that works.
func (s *Source) judge(input pipeline.Input) *Judged {
	var missing []string
	for _, way := range ways {
		j := &Judged{Input: input.Index, By: way.basis, Differences: []Tally{}}
		err := way.judge(s, input, j)
		if err == nil {
			j.Why = strings.Join(missing, "; ")
			j.sort()
			return j
		}
		missing = append(missing, err.Error())
	}
	return &Judged{Input: input.Index, By: ByNothing, Differences: []Tally{}, Why: strings.Join(missing, "; ")}
}

// ways are how inputs can be judged. An error says why one doesn't work.
var ways = []struct {
	basis Basis
	judge func(s *Source, input pipeline.Input, j *Judged) error
}{
	{ByRaw, (*Source).byRaw}, {ByReference, (*Source).byReference}, {ByItself, (*Source).byItself},
}

// chosen are the pairs to judge, evenly spread.
func (s *Source) chosen(usable func(frames.Pair) bool) []frames.Pair {
	var all []frames.Pair
	for _, p := range s.Pairs {
		if usable(p) {
			all = append(all, p)
		}
	}
	n := min(cmp.Or(s.Frames, DefaultFrames), len(all))
	list := make([]frames.Pair, n)
	for i := range list {
		list[i] = all[spread(i, n)*len(all)/n]
	}
	return list
}

// spread is the i-th of n places in an order in which any few are far apart: in steps of the golden section.
func spread(i, n int) int {
	step := max(1, int(0.618*float64(n)))
	for gcd(step, n) != 1 {
		step++
	}
	return i * step % n
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// alike is how many frames that all differ in a same way are enough to know.
const alike = 5

// Frames are judged until patience is lost, but the fewest in any case: a search that finds nothing can take long.
const (
	patience = time.Minute
	fewest   = 3
)

// settled tells whether more frames would tell nothing new.
func (j *Judged) settled() bool {
	if j.Frames < alike || j.Healthy+j.Failed+j.Unexplained > 0 {
		return false
	}
	return slices.ContainsFunc(j.Differences, func(t Tally) bool { return t.Frames == j.Frames })
}

// fed returns the tensor that an app fed.
func fed(f *frames.Frame, input int) (*step.Array, error) {
	if input >= len(f.Inputs) {
		return nil, fmt.Errorf("the model has %d inputs, and the pipeline makes input %d", len(f.Inputs), input)
	}
	return f.Inputs[input].Array()
}

// byRaw runs the reference pipeline on raw data: frame by frame or, of a sound that is taken piece by piece, on all of it.
func (s *Source) byRaw(input pipeline.Input, j *Judged) error {
	if s.Pipeline == nil {
		return errors.New("no reference pipeline was named (--pipeline)")
	}
	usable := func(p frames.Pair) bool { return s.hasRaw(p.Edge) }
	pairs := s.chosen(usable)
	if len(pairs) == 0 {
		return errors.New("there is no raw data (mark it in the app, or name files with --raw)")
	}
	sound, several := s.sound(pairs[0].Edge), len(pairs) > 1
	if sound && several && s.One {
		return j.whole(s, input)
	}
	begun := time.Now()
	for _, p := range pairs {
		raw, err := s.raw(p.Edge)
		if err == nil {
			err = s.judgeOne(j, p.Edge, raw, input)
		}
		if err != nil {
			j.fail(p.Edge, err)
		}
		if j.settled() || j.Frames >= fewest && time.Since(begun) > patience {
			break
		}
	}
	if wrong := j.Unexplained + j.Failed; sound && several && 2*wrong > j.Frames+j.Failed {
		w := Judged{Input: j.Input, By: j.By, Differences: []Tally{}} // perhaps frames overlap
		if err := w.whole(s, input); err == nil && w.Unexplained == 0 {
			*j = w
		}
	}
	if j.Frames == 0 {
		return fmt.Errorf("no frame could be judged by its raw data: %s", j.FirstError)
	}
	return nil
}

func (s *Source) hasRaw(f *frames.Frame) bool {
	if s.Raw != nil {
		if _, ok := s.Raw(f); ok {
			return true
		}
	}
	return f.Raw() != nil
}

func (s *Source) raw(f *frames.Frame) (step.Value, error) {
	if s.Raw != nil {
		if read, ok := s.Raw(f); ok {
			return read()
		}
	}
	return s.Edge.RawValue(f.Raw())
}

func (s *Source) judgeOne(j *Judged, f *frames.Frame, raw step.Value, input pipeline.Input) error {
	tensor, err := fed(f, input.Index)
	if err != nil {
		return err
	}
	j.Name = f.Inputs[input.Index].GetName()
	if raw.Array != nil && raw.Rate == 0 && slices.Contains([]string{"keywords", "sounds"}, s.Pipeline.Task) {
		return errors.New("the pipeline takes sound, and the raw data has no sample rate: mark it as sound with its rate (edgexray_audio, edgexray.audio)")
	}
	reference := pipeline.Undecoded(input.Steps, raw)
	makes, err := explain.Makes(raw, tensor, reference)
	if err != nil {
		return err
	}
	if !makes {
		if of := s.another(f, tensor, input); of != "" {
			j.count(f, &explain.Verdict{Differences: []explain.Difference{{Aspect: explain.Data, App: of, Reference: "that of the frame itself",
				Advice: "feed what was made of this very frame: copy what another thread or the next frame writes to"}}}, 1)
			return nil
		}
	}
	verdict, err := explain.Judge(raw, tensor, reference)
	if err != nil {
		return err
	}
	j.count(f, &verdict, 1)
	return nil
}

// another says of which other frame's raw data the reference makes what a frame was fed: the one before, or the one behind; empty: of neither.
func (s *Source) another(f *frames.Frame, tensor *step.Array, input pipeline.Input) string {
	at := slices.IndexFunc(s.Pairs, func(p frames.Pair) bool { return p.Edge == f })
	type neighbour struct {
		at    int
		words string
	}
	for _, next := range []neighbour{{at - 1, "the raw data of the frame before"}, {at + 1, "the raw data of the next frame"}} {
		if s.One || next.at < 0 || next.at >= len(s.Pairs) || !s.hasRaw(s.Pairs[next.at].Edge) {
			continue
		}
		raw, err := s.raw(s.Pairs[next.at].Edge)
		if err != nil {
			continue // it is told where that frame is judged
		}
		if makes, err := explain.Makes(raw, tensor, pipeline.Undecoded(input.Steps, raw)); err == nil && makes {
			return next.words
		}
	}
	return ""
}

// count adds the verdict of frames, of which f is the first.
func (j *Judged) count(f *frames.Frame, verdict *explain.Verdict, n int) {
	j.Frames += n
	if verdict.Healthy {
		j.Healthy += n
		return
	}
	j.off(f)
	if len(verdict.Differences) == 0 {
		if j.Unexplained == 0 {
			j.Nearest = pipeline.Words(verdict.Explanation.Steps)
		}
		j.Unexplained += n
	}
	if j.Explanation == "" && verdict.Explanation.Explained {
		j.Explanation = pipeline.Words(verdict.Explanation.Steps)
	}
	j.add(f, verdict.Differences, n)
}

// byReference relates tensors to those of a reference that was fed by a pipeline of its own.
func (s *Source) byReference(input pipeline.Input, j *Judged) error {
	pairs := s.chosen(func(p frames.Pair) bool { return p.Reference != nil })
	if len(pairs) == 0 {
		return errors.New("there is no reference run")
	}
	identical := true
	for _, p := range pairs {
		same, err := j.relateOne(p, input.Index)
		if err != nil {
			j.fail(p.Edge, err)
		}
		identical = identical && same
	}
	switch {
	case j.Frames == 0:
		return fmt.Errorf("no frame could be compared with the reference's: %s", j.FirstError)
	case identical:
		return errors.New("the reference was fed the very same tensors (give it its own: edgexray play)")
	}
	return nil
}

// relateOne tells whether the tensors are the same to the last bit.
func (j *Judged) relateOne(p frames.Pair, input int) (same bool, err error) {
	edge, err := fed(p.Edge, input)
	if err != nil {
		return false, err
	}
	reference, err := fed(p.Reference, input)
	if err != nil {
		return false, err
	}
	j.Name = p.Edge.Inputs[input].GetName()
	if e, r := edge.Reals(), reference.Reals(); slices.Equal(edge.Shape, reference.Shape) && slices.Equal(e, r) {
		j.Frames++
		j.Healthy++
		return true, nil
	}
	relation, err := relate.Find(edge, reference)
	if err != nil {
		return false, err
	}
	j.Frames++
	if relation.Same {
		j.Healthy++
		return false, nil
	}
	j.off(p.Edge)
	if !relation.Related {
		j.Unexplained++
	}
	j.add(p.Edge, relation.Differences, 1)
	return false, nil
}

// byItself looks for what a tensor's own values prove. It never finds one healthy.
func (s *Source) byItself(input pipeline.Input, j *Judged) error {
	for _, p := range s.chosen(func(p frames.Pair) bool { return true }) {
		tensor, err := fed(p.Edge, input.Index)
		if err != nil {
			j.fail(p.Edge, err)
			continue
		}
		j.Frames++
		j.Name = p.Edge.Inputs[input.Index].GetName()
		if proved := explain.Prove(tensor, input.Steps); len(proved) > 0 {
			j.off(p.Edge)
			j.add(p.Edge, proved, 1)
		}
	}
	if j.Frames == 0 {
		return fmt.Errorf("no input was captured: %s", j.FirstError)
	}
	return nil
}
