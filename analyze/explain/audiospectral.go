package explain

import (
	"github.com/edgexray/edgexray/pipeline/audio"
	"github.com/edgexray/edgexray/pipeline/step"
)

// What is in use in the steps that make features.
var (
	usualFrames = []int{160, 200, 240, 256, 320, 400, 480, 512, 640, 800, 1024, 2048}
	usualSteps  = []int{80, 100, 128, 160, 200, 240, 256, 320, 400, 480, 512}
	usualFFTs   = []int{0, 256, 512, 1024, 2048}
	usualLows   = []float64{0, 20, 40, 50, 60, 64, 80, 100, 125, 133.3333, 150, 200, 300}
	usualHighs  = []float64{3400, 3800, 4000, 5000, 5500, 6000, 6855.4976, 7000, 7500, 7600, 7800, 8000, 11025, 16000}
	usualFloors = []float64{1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1}
)

// spectralAlternatives are those of the steps that make features of frames.
func spectralAlternatives(s step.Step, before step.Value) []audioAlternatives {
	switch s := s.(type) {
	case audio.Frame:
		return frameAlternatives(s, before)
	case audio.Window:
		var windows [][]step.Step
		for _, shape := range audio.WindowShapes {
			windows = append(windows, each(audio.Window{Shape: shape, Length: s.Length}, audio.Window{Shape: shape, Symmetric: true, Length: s.Length})...)
		}
		return []audioAlternatives{{"window", Spectrum, append(windows, nil)}}
	case audio.Spectrogram:
		return []audioAlternatives{
			{"power", Spectrum, each(audio.Spectrogram{Power: !s.Power, FFT: s.FFT})},
			{"fft", Spectrum, varied(s, func(g *audio.Spectrogram, n int) { g.FFT = n }, usualFFTs...)},
		}
	case audio.Mel:
		var kinds [][]step.Step
		for _, kind := range []string{"tf", "htk", "slaney", "op"} {
			for _, norm := range []bool{false, true} {
				changed := s
				changed.Kind, changed.Norm = kind, norm
				kinds = append(kinds, each(changed)...)
			}
		}
		return []audioAlternatives{
			{"mel", Spectrum, kinds},
			{"low", Spectrum, varied(s, func(m *audio.Mel, hz float64) { m.Low = hz }, usualLows...)},
			{"high", Spectrum, varied(s, func(m *audio.Mel, hz float64) { m.High = hz }, usualHighs...)},
			{"mel rate", SampleRate, varied(s, func(m *audio.Mel, hz float64) { m.Rate = hz }, 8000, 16000, 22050, 32000, 44100, 48000)},
		}
	case audio.Log:
		return logAlternatives(s)
	case audio.MFCC:
		return []audioAlternatives{{"mfcc", Spectrum, varied(s, func(m *audio.MFCC, scale string) { m.Scale = scale }, "tf", "ortho")}}
	case audio.Transpose:
		return []audioAlternatives{{"transpose", Layout, [][]step.Step{nil}}}
	}
	if before.Array != nil && len(before.Array.Shape) > 1 { // steps for any data: left out
		return []audioAlternatives{{"normalize", Normalization, [][]step.Step{nil}}}
	}
	return nil
}

func frameAlternatives(s audio.Frame, before step.Value) []audioAlternatives {
	if before.Array != nil && len(before.Array.Shape) > 1 {
		// Patches of features.
		return []audioAlternatives{{"patch", Spectrum, varied(s, func(f *audio.Frame, n int) { f.Step = n }, s.Length, max(1, s.Length/2))}}
	}
	var both [][]step.Step
	for _, length := range usualFrames {
		for _, hop := range usualSteps {
			both = append(both, each(audio.Frame{Length: length, Step: hop, Ends: s.Ends})...)
		}
	}
	return []audioAlternatives{
		{"frame", Spectrum, both},
		{"ends", Spectrum, varied(s, func(f *audio.Frame, ends string) { f.Ends = ends }, "", "pad", "center", "reflect")},
	}
}

// logAdded are the pipelines that take a logarithm where there is none: of a spectrogram, or of its bands.
func logAdded(h *hypothesis) (out []variant) {
	at := 0
	for i, s := range h.steps {
		switch s.(type) {
		case audio.Log:
			return nil
		case audio.Spectrogram, audio.Mel:
			at = i + 1
		}
	}
	if at == 0 {
		return nil
	}
	for _, base := range []string{"e", "10", "2", "db"} {
		logs := each(audio.Log{Base: base})
		for _, x := range usualFloors {
			logs = append(logs, each(audio.Log{Base: base, Floor: x}, audio.Log{Base: base, Offset: x})...)
		}
		for _, by := range logs {
			out = append(out, otherwise(h.steps, at, 0, audioAlternatives{slot: "log", aspect: Spectrum}, by))
		}
	}
	return out
}

func logAlternatives(s audio.Log) []audioAlternatives {
	var floors [][]step.Step
	for _, x := range usualFloors {
		floors = append(floors, each(audio.Log{Base: s.Base, Floor: x, Range: s.Range}, audio.Log{Base: s.Base, Offset: x, Range: s.Range})...)
	}
	return []audioAlternatives{
		{"log", Spectrum, append(varied(s, func(l *audio.Log, base string) { l.Base = base }, "e", "10", "2", "db"), nil)},
		{"floor", Spectrum, floors},
		{"range", Spectrum, varied(s, func(l *audio.Log, db float64) { l.Range = db }, 0, 80)},
	}
}
