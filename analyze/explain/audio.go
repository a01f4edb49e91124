package explain

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/audio"
	"github.com/edgexray/edgexray/pipeline/library"
	"github.com/edgexray/edgexray/pipeline/step"
)

// The aspects of sound that pictures and texts don't have.
const (
	ByteOrder Aspect = "byte order"
	Timing    Aspect = "time"
)

// How far the search goes: how many things an app may do otherwise at once, how many pipelines of each kind it goes on with,
// and how many it tries in all, fewer of long sounds.
const (
	audioDepth  = 3
	audioWidth  = 8
	audioBudget = 900
	usualLength = 2 // seconds
)

// decodeAudio makes samples of raw data.
func decodeAudio(raw step.Value) (step.Value, error) {
	v, err := audio.WAV{}.Apply(raw)
	if err != nil {
		return v, fmt.Errorf("explain sound: %w", err)
	}
	if v.Array.Len() == 0 {
		return v, errors.New("explain sound: it has no samples (was anything recorded?)")
	}
	return v, nil
}

// judgeAudio searches around a reference. Of what was fed the first dimension are invokes, when there are several: those of an
// app that takes a sound piece by piece, as Concatenate makes them.
func judgeAudio(raw step.Value, fed *step.Array, reference []step.Step) (Verdict, error) {
	broken, bad := brokenAudio(fed)
	tooLarge := fed.Scale != 0 && fed.Len() > 0 && allOver(fed, [][]float32{fed.Reals()})
	if bad && !tooLarge {
		return broken, nil
	}
	raw, err := decodeAudio(raw)
	if err != nil {
		return Verdict{}, err
	}
	f := newAudioFed(fed)
	made, err := pipeline.Run(reference, raw)
	if err != nil {
		return Verdict{}, fmt.Errorf("run the reference: %w", err)
	}
	s := audioSearch(f, raw, len(made.Array.Shape) > 1, audioDepth)
	if tooLarge {
		if base, louder := s.louder(reference); len(louder) > 0 {
			return s.verdict(base, louder), nil
		}
		return broken, nil
	}
	base, best := s.run(reference)
	v := s.verdict(base, best)
	f.finish(&v, base, best[0], s)
	return v, nil
}

func audioSearch(f *audioFed, raw step.Value, features bool, depth int) *variantSearch {
	return &variantSearch{raw: raw, measure: f.measure, variants: audioVariants, refine: refineAudio,
		tolerance: f.tolerance(features), depth: depth, width: audioWidth,
		budget: min(audioBudget, audioBudget*usualLength*raw.Rate/raw.Array.Shape[0]), rows: f.rows}
}

func makesSound(raw step.Value, fed *step.Array, reference []step.Step) (bool, error) {
	raw, err := decodeAudio(raw)
	if err != nil {
		return false, err
	}
	made, err := pipeline.Run(reference, raw)
	if err != nil || made.Array == nil {
		return false, err
	}
	f := newAudioFed(fed)
	return f.measure(made).residual <= f.tolerance(len(made.Array.Shape) > 1), nil
}

// finish adds what follows of a fit: another scale at the end, what was looked for and where it was found.
func (f *audioFed) finish(v *Verdict, base, nearest *hypothesis, s *variantSearch) {
	if !v.Explanation.Explained && nearest.fit.bent <= s.tolerance && nearest.fit.scale != 0 {
		h := rescaled(nearest)
		v.Explanation.Explained, v.Explanation.Steps, v.Explanation.Residual = true, h.steps, nearest.fit.bent
		v.Differences = h.differences()
	}
	if !v.Explanation.Explained && base.fit.residual <= benefitOfDoubt*s.tolerance {
		v.Healthy = true
		v.Explanation = Explanation{Explained: true, Steps: base.steps, Residual: base.fit.residual}
	}
	if at := nearest.fit.at; v.Explanation.Explained && at != 0 {
		v.Explanation.Notes = append(v.Explanation.Notes, fmt.Sprintf("what was fed begins at value %d of what the steps make", at))
	}
	if !v.Explanation.Explained && slices.ContainsFunc(nearest.steps, isResample) {
		v.Explanation.Notes = append(v.Explanation.Notes, "resamplers of SoX, libsamplerate, Speex and Android have filters of their own, which aren't searched")
	}
}

// louder returns the pipelines that differ from a reference by a level at which all that they make is cut off.
func (s *variantSearch) louder(reference []step.Step) (base *hypothesis, best []*hypothesis) {
	one := *s
	one.refine = nil
	one.variants = func(h *hypothesis, one *variantSearch) []variant {
		return slices.DeleteFunc(s.variants(h, one), func(v variant) bool { return v.slot != gainSlot })
	}
	base = &hypothesis{steps: reference}
	return base, equallyGood(one.expand(base), 255*roundingOfFeatures)
}

func isResample(s step.Step) bool {
	_, ok := s.(audio.Resample)
	return ok
}

// rescaled is a hypothesis on the scale that fits best.
func rescaled(h *hypothesis) *hypothesis {
	mean, std := -h.fit.offset/h.fit.scale, 1/h.fit.scale
	words := fmt.Sprintf("values times %.6g plus %.6g", h.fit.scale, h.fit.offset)
	out := &hypothesis{fit: h.fit, steps: h.steps, changes: append(slices.Clone(h.changes), change{Difference: Difference{
		Aspect: Normalization, App: words, Reference: "values as they are", Advice: "Scale the values as the reference does."}})}
	line := []string{"normalize", fmt.Sprintf("mean=%g", mean), fmt.Sprintf("std=%g", std)}
	if s, err := pipeline.Step(line); err == nil {
		out.steps = append(slices.Clone(h.steps), s)
	}
	return out
}

// brokenAudio finds out what can't be sound.
func brokenAudio(fed *step.Array) (Verdict, bool) {
	values := fed.Reals()
	is := func(app, advice string) (Verdict, bool) {
		return Verdict{Distance: math.Inf(1), Explanation: Explanation{Residual: math.Inf(1), Notes: []string{"what was fed is " + app}},
			Differences: []Difference{{Aspect: Data, App: app, Reference: "sound", Advice: advice}}}, true
	}
	for _, x := range values {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return is("not finite in places (NaN or infinity)", "Look for a logarithm of 0 or a division by 0: give the logarithm a floor.")
		}
	}
	if len(values) == 0 || slices.Max(values) == slices.Min(values) {
		return is("the same value everywhere", "Look whether the microphone or the file was read at all, and whether the tensor was filled.")
	}
	return Verdict{}, false
}

// explainAudio searches around the pipelines that ship with the tool, and around none but samples.
func explainAudio(raw step.Value, fed *step.Array) (Explanation, error) {
	if v, bad := brokenAudio(fed); bad {
		return v.Explanation, nil
	}
	raw, err := decodeAudio(raw)
	if err != nil {
		return Explanation{}, err
	}
	f := newAudioFed(fed)
	var found []Verdict
	for depth := range 3 {
		for _, reference := range audioReferences() {
			made, err := pipeline.Run(reference, raw)
			if err != nil || math.IsInf(f.measure(made).residual, 1) {
				continue // it makes something of another shape
			}
			s := audioSearch(f, raw, len(made.Array.Shape) > 1, depth)
			base, best := s.run(reference)
			v := s.verdict(base, best)
			f.finish(&v, base, best[0], s)
			found = append(found, v)
		}
		slices.SortStableFunc(found, func(a, b Verdict) int {
			return cmp.Or(len(a.Differences)-len(b.Differences), cmp.Compare(a.Explanation.Residual, b.Explanation.Residual))
		})
		if i := slices.IndexFunc(found, func(v Verdict) bool { return v.Explanation.Explained }); i >= 0 {
			return found[i].Explanation, nil
		}
	}
	if len(found) == 0 {
		return Explanation{Residual: math.Inf(1), Notes: []string{"no pipeline that ships takes this sound"}}, nil
	}
	nearest := slices.MinFunc(found, func(a, b Verdict) int { return cmp.Compare(a.Explanation.Residual, b.Explanation.Residual) })
	return nearest.Explanation, nil
}

// audioReferences are the steps of pipelines to search around without a reference.
func audioReferences() (references [][]step.Step) {
	for _, name := range library.Names() {
		p, err := library.Open(name)
		if err == nil && slices.Contains([]string{"keywords", "sounds"}, p.Task) && len(p.Inputs) == 1 {
			references = append(references, p.Inputs[0].Steps)
		}
	}
	return references
}

// Concatenate makes one array [invokes, ...] of the inputs of a run's invokes, which must all have the same type and shape. Judge and
// Explain take it for pieces of one sound, in order.
func Concatenate(fed []*step.Array) (*step.Array, error) {
	if len(fed) == 0 {
		return nil, errors.New("concatenate inputs: there are none")
	}
	first := fed[0]
	out := &step.Array{Shape: append([]int{len(fed)}, first.Shape...), Scale: first.Scale, ZeroPoint: first.ZeroPoint}
	if len(first.Shape) > 1 && first.Shape[0] == 1 {
		out.Shape = append([]int{len(fed)}, first.Shape[1:]...)
	}
	for i, a := range fed {
		if a.Type() != first.Type() || !slices.Equal(a.Shape, first.Shape) || a.Scale != first.Scale || a.ZeroPoint != first.ZeroPoint {
			return nil, fmt.Errorf("concatenate inputs: invoke %d has %s, the first %s", i+1, step.Value{Array: a}.Describe(), step.Value{Array: first}.Describe())
		}
		out.Uint8 = append(out.Uint8, a.Uint8...)
		out.Int8 = append(out.Int8, a.Int8...)
		out.Int16 = append(out.Int16, a.Int16...)
		out.Int32 = append(out.Int32, a.Int32...)
		out.Float32 = append(out.Float32, a.Float32...)
	}
	return out, nil
}
