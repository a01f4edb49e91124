package checks

import (
	"errors"
	"fmt"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/inputs"
	"github.com/edgexray/edgexray/analyze/stragglers"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/tflite"
)

// Subject is what is checked. Everything but Edge or Trace may be missing: what needs it isn't checked then.
type Subject struct {
	Edge      *frames.Log
	Reference *frames.Log
	Trace     *analyze.OpsResult
	Pipeline  *pipeline.Pipeline
	Model     *tflite.Model
	Raw       func(f *frames.Frame) (inputs.Read, bool) // of files; see inputs.Source
	One       bool                                      // Raw has the same data for all frames
	Frames    int                                       // whose inputs are judged; 0: inputs.DefaultFrames
	Compare   func() (*compare.Result, error)           // edge with reference, layer by layer; nil without a reference

	// What several checks need is computed once.
	pairs      []frames.Pair
	how        frames.Pairing
	judged     []*inputs.Judged
	hasJudged  bool
	compared   *compare.Result
	whyNot     error
	stragglers *stragglers.Result
	failed     error
}

// Pairs are the edge's frames with the reference's that belong to them.
func (s *Subject) Pairs() []frames.Pair {
	if s.pairs == nil && s.Edge != nil {
		s.pairs, s.how = frames.PairUp(s.Edge, s.Reference)
	}
	return s.pairs
}

// Judged is what is found of each input.
func (s *Subject) Judged() []*inputs.Judged {
	if !s.hasJudged {
		s.hasJudged = true
		s.judged = inputs.Judge(inputs.Source{Pairs: s.Pairs(), Edge: s.Edge, Pipeline: s.Pipeline, Raw: s.Raw, One: s.One, Frames: s.Frames})
	}
	return s.judged
}

var errNoReference = errors.New("there is no reference run (--ref)")

// Compared is the comparison layer by layer.
func (s *Subject) Compared() (*compare.Result, error) {
	if s.compared == nil && s.whyNot == nil {
		if s.Compare == nil {
			s.whyNot = errNoReference
		} else {
			s.compared, s.whyNot = s.Compare()
		}
	}
	return s.compared, s.whyNot
}

var errNoTrace = errors.New("there is no trace (--trace)")

// Stragglers are the slow ops of the trace.
func (s *Subject) Stragglers() (*stragglers.Result, error) {
	if s.stragglers == nil && s.failed == nil {
		if s.Trace == nil {
			s.failed = errNoTrace
		} else {
			s.stragglers, s.failed = stragglers.Find(s.Trace, stragglers.Options{})
		}
	}
	return s.stragglers, s.failed
}

// Problems are what is wrong with what was given.
func (s *Subject) Problems() []string {
	var list []string
	for _, side := range []struct {
		name string
		log  *frames.Log
	}{{"edge", s.Edge}, {"reference", s.Reference}} {
		if side.log == nil {
			continue
		}
		for _, p := range side.log.Problems {
			list = append(list, side.name+": "+p.String())
		}
		if side.log.File != nil && side.log.File.Cut != "" {
			list = append(list, side.name+": "+side.log.File.Cut)
		}
	}
	for _, j := range s.judged {
		if j.Failed > 0 {
			list = append(list, fmt.Sprintf("input %d: %d frames could not be judged by %s: %s", j.Input, j.Failed, j.By, j.FirstError))
		}
	}
	if s.Reference != nil && s.Edge != nil {
		s.Pairs()
		if e, r := len(s.Edge.Frames), len(s.Reference.Frames); e != r && s.how == frames.ByOrder {
			list = append(list, "the edge and the reference have other numbers of frames, which were paired by their order")
		}
	}
	return list
}

// kind is what the model's data is, as far as that is known.
type kind int

const (
	anything kind = iota
	image
	sound
	text
)

// kindOf tells it from the pipeline's task, the markers, or the shape of the input.
func (s *Subject) kindOf() kind {
	if s.Pipeline != nil {
		if k, ok := kinds[s.Pipeline.Task]; ok {
			return k
		}
	}
	if s.Edge == nil || len(s.Edge.Frames) == 0 {
		return anything
	}
	first := s.Edge.Frames[0]
	if m := first.Raw(); m != nil {
		switch {
		case m.GetFormat() != "":
			return image
		case m.GetRate() != 0:
			return sound
		case m.GetType() == 0:
			return text
		}
	}
	if s.Pipeline != nil {
		for _, input := range s.Pipeline.Inputs {
			words := pipeline.Words(input.Steps)
			switch {
			case strings.Contains(words, "resize"):
				return image
			case strings.Contains(words, "frame") || strings.Contains(words, "resample"):
				return sound
			}
		}
	}
	if len(first.Inputs) > 0 {
		shape := first.Inputs[0].GetShape()
		if n := len(shape); n == 4 && (shape[n-1] == 3 || shape[1] == 3) {
			return image
		}
	}
	return anything
}

var kinds = map[string]kind{
	"classification": image, "detection": image, "segmentation": image, "landmarks": image,
	"keywords": sound, "sounds": sound, "text": text,
}
