package explain

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/audio"
	"github.com/edgexray/edgexray/pipeline/step"
)

// audioAdvice is what to do about an aspect of sound.
var audioAdvice = map[Aspect]string{
	Channels:      "Make one channel of several as the reference does.",
	SampleRate:    "Resample to the rate that the model was trained at, by the method of the reference.",
	Level:         "Feed the samples on the scale of the reference.",
	Spectrum:      "Make the spectrogram as the model was trained with.",
	ByteOrder:     "Read the samples in the byte order that they are stored in.",
	Timing:        "Cut the frames where the reference does.",
	Layout:        "Feed the features as [frames, bins], or as the model takes them.",
	Normalization: "Normalize as the reference does.",
	Quantization:  "Quantize with the scale and the zero point of the model's input.",
}

// audioAlternatives are the steps that stand in for a step, each list in one slot.
type audioAlternatives struct {
	slot   string
	aspect Aspect
	by     [][]step.Step
}

// audioVariants are the pipelines that differ from a hypothesis by one step that apps get wrong.
func audioVariants(h *hypothesis, s *variantSearch) (out []variant) {
	if s.complete(h); len(h.values) == 0 {
		return nil
	}
	for at, each := range h.steps {
		if at >= len(h.values) {
			break
		}
		for _, a := range alternatives(each, s.before(h, at)) {
			for _, by := range a.by {
				if (len(by) != 1 || by[0] != each) && !s.hopeless(h, at, by) {
					out = append(out, otherwise(h.steps, at, 1, a, by))
				}
			}
		}
	}
	return append(out, inserted(h, s)...)
}

// hopeless says that frames of another length or step are too few or too many.
func (s *variantSearch) hopeless(h *hypothesis, at int, by []step.Step) bool {
	old, ok := h.steps[at].(audio.Frame)
	if !ok || len(by) != 1 || len(h.values) != len(h.steps) {
		return false
	}
	rows := h.values[at].Array.Shape[0]
	changed, ok := by[0].(audio.Frame)
	if last := h.values[len(h.values)-1].Array; !ok || changed.Ends != old.Ends || old.Ends != "" || last.Shape[0] != rows {
		return false
	}
	n := s.before(h, at).Array.Shape[0]
	return n < changed.Length || !s.rows((n-changed.Length)/changed.Step+1, rows)
}

func otherwise(steps []step.Step, at, n int, a audioAlternatives, by []step.Step) variant {
	d := Difference{Aspect: a.aspect, App: pipeline.Words(by), Reference: pipeline.Words(steps[at : at+n]), Advice: audioAdvice[a.aspect]}
	if len(by) == 0 {
		d.App = "without " + d.Reference
	}
	if n == 0 {
		d.Reference = "none"
	}
	if n == 1 && len(by) == 1 {
		if was, is := scaleOf(steps[at]), scaleOf(by[0]); was != 0 && is != 0 && math.Abs(was/is-1) > 0.01 {
			d.App, d.Reference = levelOf(was/is), atTheirLevel
		}
	}
	return variant{change{Difference: d, slot: a.slot}, replaced(steps, at, n, by...), at}
}

// scaleOf is by what a step divides samples; 0 when that isn't all it does.
func scaleOf(s step.Step) float64 {
	if f, ok := s.(audio.Float); ok {
		return f.Divide
	}
	return 0
}

// each makes lists of one step.
func each[S step.Step](steps ...S) (by [][]step.Step) {
	for _, s := range steps {
		by = append(by, []step.Step{s})
	}
	return by
}

// varied makes steps that have another value in one place.
func varied[S step.Step, V any](s S, set func(*S, V), values ...V) (by [][]step.Step) {
	for _, v := range values {
		changed := s
		set(&changed, v)
		by = append(by, []step.Step{changed})
	}
	return by
}

// usualRates are sample rates in use.
var usualRates = []int{8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000}

// alternatives are those of one step; before is what it is given.
func alternatives(s step.Step, before step.Value) []audioAlternatives {
	switch s := s.(type) {
	case audio.Mono:
		if before.Array == nil || len(before.Array.Shape) < 2 {
			return nil
		}
		return []audioAlternatives{{"mono", Channels, each(audio.Mono{Of: "mean"}, audio.Mono{Of: "left"}, audio.Mono{Of: "right"}, audio.Mono{Of: "interleaved"})}}
	case audio.Resample:
		return resampleAlternatives(s, before.Rate)
	case audio.Float:
		return []audioAlternatives{{gainSlot, Level, append(varied(s, func(f *audio.Float, d float64) { f.Divide = d }, 32768, 32767, 1, 65536, 128, 255, 65535),
			nil)}}
	case audio.Level:
		return []audioAlternatives{{"level", Level, append(each(audio.Level{To: "peak"}, audio.Level{To: "rms"}, audio.Level{To: "standard"}), nil)}}
	case audio.Preemphasis:
		return []audioAlternatives{{"preemphasis", Spectrum, append(each(audio.Preemphasis{Coefficient: 0.95}, audio.Preemphasis{Coefficient: 0.97}), nil)}}
	case audio.Int16:
		return []audioAlternatives{{"int16", Level, slices.Concat(varied(s, func(i *audio.Int16, r string) { i.Rounding = r }, "", "truncate", "floor"),
			varied(s, func(i *audio.Int16, w bool) { i.Wrap = w }, !s.Wrap))}}
	case audio.Length:
		// A window of a longer sound, or a shorter one that is filled up elsewhere.
		return []audioAlternatives{{"length", "", [][]step.Step{nil}},
			{"length", Timing, varied(s, func(l *audio.Length, at string) { l.At = at }, "", "front", "both")}}
	case audio.Microfrontend:
		return []audioAlternatives{
			{"pcan", Spectrum, varied(s, func(m *audio.Microfrontend, no bool) { m.NoPCAN = no }, !s.NoPCAN)},
			{"frame", Spectrum, varied(s, func(m *audio.Microfrontend, ms int) { m.Window = ms }, 20, 25, 30, 32, 40)},
			{"step", Spectrum, varied(s, func(m *audio.Microfrontend, ms int) { m.Step = ms }, 10, 15, 20)},
			{"low", Spectrum, varied(s, func(m *audio.Microfrontend, hz float64) { m.Low = hz }, 0, 20, 60, 125)},
			{"high", Spectrum, varied(s, func(m *audio.Microfrontend, hz float64) { m.High = hz }, 3800, 4000, 7000, 7500, 7600, 7800)},
		}
	}
	return spectralAlternatives(s, before)
}

func resampleAlternatives(s audio.Resample, from int) []audioAlternatives {
	if from == s.Rate {
		// It doesn't matter whether what has the rate goes through a resampler, but for rounding.
		return []audioAlternatives{{"resample", "", [][]step.Step{{audio.Resample{Rate: s.Rate, Method: "linear", Whole: "truncate", Always: true}}}}}
	}
	var methods, roundings, wrong [][]step.Step
	for _, m := range audio.ResampleMethods {
		for _, whole := range []string{"", "truncate", "round"} {
			changed := audio.Resample{Rate: s.Rate, Method: m, Whole: whole}
			switch {
			case whole == s.Whole || m != s.Method && s.Whole != "" && whole != "":
				methods = append(methods, []step.Step{changed})
			case m == s.Method && s.Whole != "":
				roundings = append(roundings, []step.Step{changed})
			}
		}
	}
	wrong = append(wrong, []step.Step{audio.AssumeRate{Rate: s.Rate}})
	wrong = append(wrong, ratesInstead(s.Rate, from, s.Whole)...)
	return []audioAlternatives{{"resample", SampleRate, methods}, {"resample", SampleRate, roundings}, {"resample", SampleRate, wrong}}
}

// ratesInstead make samples of another rate, and take them for ones of the model's; or go through a lower rate.
func ratesInstead(to, from int, whole string) (by [][]step.Step) {
	for _, rate := range usualRates {
		for _, m := range []string{"linear", "hold", "polyphase", "fourier"} {
			if rate == to || rate == from {
				continue
			}
			first := audio.Resample{Rate: rate, Method: m, Whole: whole}
			by = append(by, []step.Step{first, audio.AssumeRate{Rate: to}})
			if rate < to && 2*rate >= to {
				by = append(by, []step.Step{first, audio.Resample{Rate: to, Method: m, Whole: whole}})
			}
			if rate < to && 2*rate >= to && m != "linear" {
				by = append(by, []step.Step{first, audio.Resample{Rate: to, Method: "linear", Whole: whole}})
			}
		}
	}
	return by
}

// inserted are the pipelines with a step more: among the samples, before anything is made of them.
func inserted(h *hypothesis, s *variantSearch) (out []variant) {
	at, whole := endOfSamples(h.steps)
	if at > len(h.values) {
		return nil
	}
	v := s.before(h, at)
	if v.Array == nil || len(v.Array.Shape) != 1 {
		return nil
	}
	add := func(slot string, aspect Aspect, at int, by ...step.Step) {
		out = append(out, otherwise(h.steps, at, 0, audioAlternatives{slot: slot, aspect: aspect}, by))
	}
	out = append(out, gainVariants(h, at, whole)...)
	out = append(out, gainBefore(h, at)...)
	if s.raw.Array != nil && s.raw.Array.Int16 != nil {
		add("bytes", ByteOrder, 0, audio.SwapBytes{})
	}
	rounding := ""
	if whole {
		rounding = "truncate"
	}
	if s.raw.Rate == v.Rate {
		for _, by := range ratesInstead(v.Rate, v.Rate, rounding) {
			add("resample", SampleRate, at, by...)
		}
	}
	if !whole {
		behind := at
		if at < len(h.steps) {
			if _, ok := h.steps[at].(audio.Float); ok {
				behind++
			}
		}
		for _, to := range []string{"peak", "rms", "standard"} {
			add("level", Level, behind, audio.Level{To: to})
		}
		for _, c := range []float64{0.95, 0.97} {
			add("preemphasis", Spectrum, at, audio.Preemphasis{Coefficient: c})
		}
	}
	if last := h.values[len(h.values)-1].Array; last != nil && len(last.Shape) == 2 {
		add("transpose", Layout, len(h.steps), audio.Transpose{})
	}
	out = append(out, logAdded(h)...)
	out = append(out, scaledAlone(h)...)
	return append(out, timeVariants(h, s, at)...)
}

// endOfSamples is where the first step is that makes something else of samples, or sets their scale or number, and whether it takes 16 bits.
func endOfSamples(steps []step.Step) (at int, whole bool) {
	for i, s := range steps {
		switch s.(type) {
		case audio.WAV, audio.Mono, audio.Resample, audio.AssumeRate, audio.SwapBytes, audio.Gain, audio.Clip:
		case audio.Int16, audio.Microfrontend:
			return i, true
		case audio.Length:
			_, whole = endOfSamples(steps[i+1:])
			return i, whole
		default:
			return i, false
		}
	}
	return len(steps), false
}

// timeVariants begin elsewhere among the samples, by parts of a frame's step: what begins whole steps later is found without.
func timeVariants(h *hypothesis, s *variantSearch, at int) (out []variant) {
	hop := 0
	for i, each := range h.steps {
		switch each := each.(type) {
		case audio.Frame:
			if hop == 0 {
				hop = each.Step
			}
		case audio.Microfrontend:
			hop = each.Step * s.before(h, i).Rate / 1000
		}
	}
	if hop == 0 {
		return nil
	}
	// First each eighth of a step: the features change little over less.
	for k := 1; k < 8; k++ {
		out = append(out, beginning(h.steps, at, 0, hop*k/8))
	}
	return out
}

// beginning is a pipeline whose frames begin later.
func beginning(steps []step.Step, at, n, samples int) variant {
	d := Difference{Aspect: Timing, App: fmt.Sprintf("frames begin %d samples later", samples), Reference: "frames begin at the first sample",
		Advice: audioAdvice[Timing]}
	return variant{change{d, timeSlot, 1}, replaced(steps, at, n, audio.Skip{N: samples}), at}
}

const timeSlot = "time"

// refineTime halves its steps down to a sample.
func refineTime(parent *hypothesis, children []*hypothesis, s *variantSearch) []*hypothesis {
	best := bestOf[audio.Skip](timeSlot, parent, children, s)
	if best == nil {
		return nil
	}
	at := best.from
	begun := best.steps[at].(audio.Skip).N
	for by := max(begun/2, 16); by > 0; by /= 2 {
		now := best.steps[at].(audio.Skip).N
		for _, n := range []int{now - by, now + by} {
			if n <= 0 {
				continue
			}
			if h := s.child(parent, beginning(best.steps, at, 1, n)); h.fit.residual < best.fit.residual {
				best = h
			}
		}
	}
	return []*hypothesis{best}
}
