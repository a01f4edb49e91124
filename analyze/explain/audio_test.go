package explain

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
)

// voice is a sound like a voice: harmonics of a gliding tone that come and go, and noise.
func voice(seconds float64, rate, channels int, seed uint64) step.Value {
	random := rand.New(rand.NewPCG(seed, 1))
	n := int(seconds * float64(rate))
	a := &step.Array{Shape: []int{n}}
	if channels > 1 {
		a.Shape = []int{n, channels}
	}
	phase := 0.0
	for i := range n {
		t := float64(i) / float64(rate)
		phase += 2 * math.Pi * (120 + 60*math.Sin(3*t)) / float64(rate)
		x := 0.0
		for h := 1.0; h < 30; h++ {
			x += math.Sin(h*phase+float64(seed)) / h
		}
		for c := range channels {
			y := x*math.Abs(math.Sin(5*t+float64(c))) + 0.05*random.NormFloat64()
			a.Int16 = append(a.Int16, int16(min(max(y*6000, -32768), 32767)))
		}
	}
	return step.Value{Array: a, Rate: rate}
}

func stepsOf(t testing.TB, text string) []step.Step {
	t.Helper()
	p, err := pipeline.Read(strings.NewReader(strings.ReplaceAll(text, ", ", "\n")), "test")
	if err != nil {
		t.Fatal(err)
	}
	return p.Inputs[0].Steps
}

func made(t testing.TB, text string, raw step.Value) *step.Array {
	t.Helper()
	v, err := pipeline.Run(stepsOf(t, text), raw)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v.Array
}

// asInt8 is an array as INT8 over its range.
func asInt8(a *step.Array, low, high float64) *step.Array {
	out := &step.Array{Shape: a.Shape, Scale: (high - low) / 255}
	out.ZeroPoint = int(math.RoundToEven(-128 - low/out.Scale))
	for _, x := range a.Reals() {
		q := math.RoundToEven(float64(x)/out.Scale + float64(out.ZeroPoint))
		out.Int8 = append(out.Int8, int8(min(max(q, -128), 127)))
	}
	return out
}

const (
	yamnet      = "mono mean, resample 16000 polyphase, float, frame length=400 step=160, window hann, spectrogram magnitude fft=512, mel tf bins=64 low=125 high=7500, log e offset=0.001"
	mfcc        = "mono mean, resample 16000 linear, float, frame length=640 step=320, window hann, spectrogram magnitude fft=1024, mel tf bins=40 low=20 high=4000, log e offset=1e-06, mfcc tf 13"
	spectrogram = "mono mean, resample 16000 linear, float, frame length=255 step=128, window hann, spectrogram magnitude fft=256"
	samples     = "mono mean, resample 16000 polyphase, float, length 16000"
	micro       = "mono mean, resample 16000 linear truncate, microfrontend"
)

func TestJudgeAudio(t *testing.T) {
	for i, c := range []struct {
		reference, app string // app: replacements in the reference, "old>new|old>new"
		rate, channels int
		want           string // the aspects, in the order of the app's steps
	}{
		{yamnet, "", 44100, 2, ""},
		{micro, "", 16000, 1, ""},
		{samples, "", 44100, 1, ""},
		{samples, "float>float divide=32767", 16000, 1, "level"},
		{samples, "float>gain 0.437, float", 44100, 1, "level"},
		{samples, "float>gain 8, clip -32768 32768, float", 16000, 1, "level"},
		{samples, "length 16000>length 16000, normalize mean=-0.05 std=1", 16000, 1, "normalization"},
		{samples, "length 16000>length 16000, normalize mean=-1 std=2", 16000, 1, "normalization"},
		{samples, "resample 16000 polyphase>assume-rate 16000", 22050, 1, "sample rate"},
		{samples, "mono mean>mono left", 44100, 2, "channel order"},
		{samples, "mono mean>swap-bytes, mono mean", 16000, 1, "byte order"},
		{samples, "mono mean>mono left|polyphase>linear|float>float divide=32767", 44100, 2, "channel order, level, sample rate"},
		{yamnet, "polyphase>fourier", 22050, 1, "sample rate"},
		{yamnet, "resample 16000 polyphase>resample 8000 linear, assume-rate 16000", 44100, 1, "sample rate"},
		{yamnet, "float>gain 0.5, float", 16000, 1, "level"},
		{yamnet, "window hann>window hann symmetric", 16000, 1, "spectrogram"},
		{yamnet, "window hann>window hamming|log e>log db", 16000, 1, "spectrogram, spectrogram"},
		{yamnet, "low=125>low=0|float>gain 0.25, float", 16000, 1, "level, spectrogram"},
		{yamnet, "mel tf>mel slaney|mono mean>mono right", 16000, 2, "channel order, spectrogram"},
		{yamnet, "offset=0.001>offset=1e-06", 16000, 1, "spectrogram"},
		{yamnet, "offset=0.001>offset=0.001, min-max, quantize scale=0.035 zero-point=19 type=int8", 16000, 1, "normalization"},
		{yamnet, "step=160>step=200", 16000, 1, "spectrogram"},
		{spectrogram, "fft=256>fft=256, log e offset=1e-06", 16000, 1, "spectrogram"},
		{spectrogram, "fft=256>fft=256, log db floor=1e-10|window hann, >", 16000, 1, "spectrogram, spectrogram"},
		{yamnet, "float>skip 37, float", 16000, 1, "time"},
		{mfcc, "mfcc tf>mfcc ortho", 16000, 1, "spectrogram"},
		{mfcc, "float>float, preemphasis 0.97", 16000, 1, "spectrogram"},
		{mfcc, "magnitude>power", 16000, 1, "spectrogram"},
		{micro, "microfrontend>gain 0.5, int16 truncate, microfrontend", 16000, 1, "level"},
		{micro, "resample 16000 linear truncate>assume-rate 16000", 8000, 1, "sample rate"},
		{micro, "microfrontend>microfrontend no-pcan", 16000, 1, "spectrogram"},
		{micro, "microfrontend>resample 8000 hold truncate, assume-rate 16000, microfrontend", 16000, 1, "sample rate"},
	} {
		name := fmt.Sprintf("%d %s", i, c.app)
		t.Run(name, func(t *testing.T) {
			raw := voice(0.7, c.rate, c.channels, uint64(i))
			app := c.reference
			for _, change := range strings.Split(c.app, "|") {
				old, by, _ := strings.Cut(change, ">")
				app = strings.Replace(app, old, by, 1)
			}
			fed := made(t, app, raw)
			if c.reference == micro {
				fed = asInt8(fed, 0, 26)
			}
			began := time.Now()
			v, err := judgeAudio(raw, fed, stepsOf(t, c.reference))
			if err != nil {
				t.Fatal(err)
			}
			var aspects []string
			for _, d := range v.Differences {
				aspects = append(aspects, string(d.Aspect))
			}
			got := joinedSorted(aspects)
			t.Logf("%v: %v, distance %.3g, residual %.3g, %v: %+v %v", time.Since(began), v.Explanation.Explained, v.Distance, v.Explanation.Residual, pipeline.Words(v.Explanation.Steps), v.Differences, v.Explanation.Notes)
			if got != c.want || !v.Explanation.Explained || v.Healthy != (c.want == "") {
				t.Errorf("named %q, want %q", got, c.want)
			}
		})
	}
}

func joinedSorted(words []string) string {
	slices.Sort(words)
	return strings.Join(words, ", ")
}

// Without a reference the pipelines that ship are what is searched around.
func TestExplainAudio(t *testing.T) {
	raw := voice(1.1, 16000, 1, 5)
	for _, steps := range []string{
		"wav, mono mean, resample 16000 linear truncate, microfrontend",
		"wav, mono mean, resample 16000 polyphase, float, length 16000, frame length=480 step=160, window hann, spectrogram power fft=512, mel op bins=40 low=20 high=4000, log e floor=1e-12, mfcc tf 40",
	} {
		e, err := Explain(raw, made(t, steps, raw))
		if err != nil || !e.Explained || pipeline.Words(e.Steps) != steps {
			t.Errorf("%s, %v: explained %v by %s, residual %.3g", steps, err, e.Explained, pipeline.Words(e.Steps), e.Residual)
		}
	}
}

func TestBrokenAudio(t *testing.T) {
	raw := voice(1.1, 16000, 1, 6)
	constant := &step.Array{Shape: []int{1, 16000}, Float32: make([]float32, 16000)}
	nan := &step.Array{Shape: []int{2}, Float32: []float32{0, float32(math.NaN())}}
	for _, fed := range []*step.Array{constant, nan} {
		v, err := Judge(raw, fed, stepsOf(t, samples))
		if err != nil || v.Healthy || v.Explanation.Explained || len(v.Differences) != 1 || v.Differences[0].Aspect != Data {
			t.Errorf("%v, %v", v, err)
		}
	}
	if _, err := Judge(step.Value{Bytes: []byte("RIFF, but no more")}, made(t, samples, raw), stepsOf(t, samples)); err == nil {
		t.Error("a damaged file is judged")
	}
	empty := step.Value{Array: &step.Array{Shape: []int{0}, Int16: []int16{}}, Rate: 16000}
	if _, err := Judge(empty, made(t, samples, raw), stepsOf(t, "wav")); err == nil || !strings.Contains(err.Error(), "no samples") {
		t.Errorf("a sound without samples: %v", err)
	}
	// References of which nothing is left when steps are left out, and that can't be halved.
	raw, other := voice(0.1, 16000, 1, 6), voice(0.1, 16000, 1, 7)
	for _, reference := range []string{"length 800", "float, frame length=400 step=160, frame length=1 step=1"} {
		if v, err := Judge(raw, made(t, reference, other), stepsOf(t, reference)); err != nil || v.Explanation.Explained {
			t.Errorf("%s of another voice: explained by %s, %v", reference, pipeline.Words(v.Explanation.Steps), err)
		}
	}
	for _, fed := range [][]*step.Array{nil, {constant, nan}} {
		if _, err := Concatenate(fed); err == nil {
			t.Errorf("%v is concatenated", fed)
		}
	}
}

// Where all that was fed is cut off at its type's upper limit only what makes it so loud can be told; where it is at the lower one, nothing.
func TestJudgeAudioCutOff(t *testing.T) {
	raw := voice(1.1, 16000, 1, 6)
	fed := asInt8(made(t, strings.Replace(yamnet, "float", "float divide=1", 1), raw), -7, 1.5)
	v, err := Judge(raw, fed, stepsOf(t, yamnet))
	if err != nil || !v.Explanation.Explained || len(v.Differences) != 1 || v.Differences[0].Aspect != Level || !strings.Contains(v.Differences[0].App, "whole numbers") {
		t.Errorf("%+v, %v", v, err)
	}
	for i := range fed.Int8 {
		fed.Int8[i] = math.MinInt8
	}
	if v, err := Judge(raw, fed, stepsOf(t, yamnet)); err != nil || v.Explanation.Explained || v.Differences[0].Aspect != Data {
		t.Errorf("silence: %+v, %v", v, err)
	}
}

// An app that listens feeds windows that overlap; the first begin before the sound does.
func TestJudgeWindows(t *testing.T) {
	raw := voice(1, 16000, 1, 7)
	var windows []*step.Array
	all := made(t, "mono mean, float, skip -4000", raw)
	for at := 0; at+8000 <= len(all.Float32); at += 2000 {
		windows = append(windows, &step.Array{Shape: []int{1, 8000}, Float32: all.Float32[at : at+8000]})
	}
	fed, err := Concatenate(windows)
	if err != nil {
		t.Fatal(err)
	}
	reference := stepsOf(t, "mono mean, float, length 8000")
	if v, err := Judge(raw, fed, reference); err != nil || !v.Healthy || !v.Explanation.Explained {
		t.Errorf("windows: healthy %v, residual %.3g, %v", v.Healthy, v.Explanation.Residual, err)
	}
	for i := range fed.Float32 {
		fed.Float32[i] *= 0.5
	}
	v, err := Judge(raw, fed, reference)
	if err != nil || len(v.Differences) != 1 || v.Differences[0].Aspect != Level {
		t.Errorf("windows at half level: %v, residual %.3g, %v", v.Differences, v.Explanation.Residual, err)
	}
}
