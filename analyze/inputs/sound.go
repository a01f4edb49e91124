package inputs

import (
	"errors"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
)

// sound tells whether a frame's raw data is sound.
func (s *Source) sound(f *frames.Frame) bool {
	raw, err := s.raw(f)
	return err == nil && explain.IsSound(raw)
}

// whole judges what was fed in all frames as pieces of one sound, in order.
func (j *Judged) whole(s *Source, input pipeline.Input) error {
	var tensors []*step.Array
	var raws []step.Value
	for _, p := range s.Pairs {
		tensor, err := fed(p.Edge, input.Index)
		if err != nil {
			j.fail(p.Edge, err)
			continue
		}
		tensors = append(tensors, tensor)
		if s.hasRaw(p.Edge) && !(s.One && len(raws) > 0) {
			raw, err := s.raw(p.Edge)
			if err != nil {
				return fmt.Errorf("frame %d: %w", p.Edge.Number, err)
			}
			raws = append(raws, raw)
		}
	}
	all, err := explain.Concatenate(tensors)
	if err != nil {
		return err
	}
	raw, err := joined(raws)
	if err != nil {
		return err
	}
	verdict, err := explain.Judge(raw, all, pipeline.Undecoded(input.Steps, raw))
	if err != nil {
		return err
	}
	first := s.Pairs[0].Edge
	j.Name = first.Inputs[input.Index].GetName()
	j.count(first, &verdict, len(tensors))
	return nil
}

// joined is one sound of several, which must have the same rate, type and channels.
func joined(list []step.Value) (step.Value, error) {
	if len(list) == 0 {
		return step.Value{}, errors.New("no frame that has an input has raw data")
	}
	first := list[0]
	if len(list) == 1 {
		return first, nil
	}
	if first.Array == nil || len(first.Array.Shape) == 0 {
		return step.Value{}, fmt.Errorf("%d files or numbers are no single sound", len(list))
	}
	a := &step.Array{Shape: slices.Clone(first.Array.Shape)}
	a.Shape[0] = 0
	for i, v := range list {
		if v.Array == nil || v.Rate != first.Rate || v.Array.Type() != first.Array.Type() || len(v.Array.Shape) == 0 || !slices.Equal(v.Array.Shape[1:], first.Array.Shape[1:]) {
			return step.Value{}, fmt.Errorf("sound %d is %s at %d Hz, the first %s at %d", i+1, v.Describe(), v.Rate, first.Describe(), first.Rate)
		}
		a.Shape[0] += v.Array.Shape[0]
		a.Uint8, a.Int8, a.Int16 = append(a.Uint8, v.Array.Uint8...), append(a.Int8, v.Array.Int8...), append(a.Int16, v.Array.Int16...)
		a.Int32, a.Float32 = append(a.Int32, v.Array.Int32...), append(a.Float32, v.Array.Float32...)
	}
	return step.Value{Array: a, Rate: first.Rate}, nil
}
