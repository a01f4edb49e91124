package heard

import (
	"cmp"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/test/parts"
)

// References are the right pipelines of the front ends.
var References = map[string]string{
	"samples": "wav, mono mean, resample 16000 polyphase, float",
	"tf mel":  "wav, mono mean, resample 16000 polyphase, float, frame length=400 step=160, window hann, spectrogram magnitude fft=512, mel tf bins=64 low=125 high=7500, log e offset=0.001",
	"tf mfcc": "wav, mono mean, resample 16000 polyphase, float, frame length=640 step=320, window hann, spectrogram magnitude fft=1024, mel tf bins=40 low=20 high=4000, log e offset=1e-06, mfcc tf 13",
	"librosa": "wav, mono mean, resample 16000 polyphase, float, frame length=512 step=160 center, window hann, spectrogram power, mel slaney bins=40 low=20 high=7600, log db floor=1e-10 range=80",
	"micro":   "wav, mono mean, resample 16000 linear truncate, microfrontend",
}

var features = map[string]Features{
	"tf mel":  {Frame: 400, Step: 160, FFT: 512, Window: "hann", Power: 1, Bins: 64, Low: 125, High: 7500, Log: "e", Offset: 0.001},
	"tf mfcc": {Frame: 640, Step: 320, FFT: 1024, Window: "hann", Power: 1, Bins: 40, Low: 20, High: 4000, Log: "e", Offset: 1e-6, MFCC: 13},
	"librosa": {Frame: 512, Step: 160, Window: "hann", Center: "constant", Power: 2, Mel: "slaney", Norm: "slaney", Bins: 40, Low: 20, High: 7600,
		Log: "db", Floor: 1e-10, Range: 80},
}

// Recording is one that a package ships, or that was synthesised.
type Recording struct {
	Path     string
	Rate     int
	Channels int
}

// Recordings finds the recordings: people who speak, at several rates, one channel or two. Those that are made here go to dir.
func Recordings(dir string) ([]Recording, error) {
	root, err := parts.Dir("recordings")
	if err != nil {
		return nil, err
	}
	alsa := filepath.Join(root, "usr/share/sounds/alsa")
	sphinx := filepath.Join(root, "usr/share/pocketsphinx/test/data")
	synthesised := filepath.Join(dir, "synthesised.wav")
	if output, err := exec.Command("espeak-ng", "-v", "en-us", "-w", synthesised, "okay nabu, what time is it").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run espeak-ng: %w (run `make setup`)\n%s", err, output)
	}
	python, err := parts.Find("python-audio/bin/python")
	if err != nil {
		return nil, err
	}
	recordings := []Recording{{"speaker.wav", 48000, 1}, {"cards.wav", 16000, 1}, {"stereo.wav", 44100, 2}, {"synthesised.wav", 22050, 1}}
	for i := range recordings {
		recordings[i].Path = filepath.Join(dir, recordings[i].Path)
	}
	command := exec.Command(python, "-c", excerpts, dir, filepath.Join(alsa, "Front_Center.wav"), filepath.Join(sphinx, "cards/005.wav"),
		filepath.Join(alsa, "Front_Left.wav"), filepath.Join(alsa, "Rear_Right.wav"), synthesised)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("make excerpts in %s: %w\n%s", dir, err, output)
	}
	return recordings, nil
}

// excerpts makes 1.2 s of each; one with two people at the rate of CDs, one in each channel.
const excerpts = `
import sys, soundfile, numpy as np, scipy.signal
folder, speaker, cards, left, right, synthesised = sys.argv[1:]
def excerpt(name, path):
    x, rate = soundfile.read(path, dtype="int16")
    begin = max(0, int(np.argmax(np.abs(x) > np.abs(x).max() / 10)) - rate // 50)
    soundfile.write(f"{folder}/{name}.wav", x[begin:begin + rate * 6 // 5], rate, subtype="PCM_16")
excerpt("speaker", speaker)
excerpt("cards", cards)
excerpt("synthesised", synthesised)
a, b = (soundfile.read(p)[0][:57600] for p in (left, right))
x = np.stack([a, 0.5 * b + 0.2 * a], axis=1)
soundfile.write(f"{folder}/stereo.wav", scipy.signal.resample_poly(x, 147, 160), 44100, subtype="PCM_16")`

// change is what an app does otherwise.
type change struct {
	name, aspect string
	fronts       string // the first words of those it can be done at, or one as a whole
	rated        bool   // only where the recording's rate isn't the model's
	stereo       bool   // only with two channels
	set          func(*Case)
}

func hops(hops ...Hop) func(*Case) { return func(c *Case) { c.Resample = hops } }

func gain(g float64) func(*Case) { return func(c *Case) { c.Gain = g } }

func feature(set func(*Features)) func(*Case) { return func(c *Case) { set(&c.Features) } }

const (
	level    = "level"
	rate     = "sample rate"
	spectrum = "spectrogram"
)

// changes are those that are tried, each by itself and some in pairs.
var changes = []change{
	{name: "right"},
	{name: "left", aspect: "channel order", stereo: true, set: func(c *Case) { c.Mono = "left" }},
	{name: "right channel", aspect: "channel order", stereo: true, set: func(c *Case) { c.Mono = "right" }},
	{name: "bytes swapped", aspect: "byte order", set: func(c *Case) { c.Swap = true }},
	{name: "linear", aspect: rate, fronts: "samples tf librosa", rated: true, set: hops(Hop{16000, "linear", 0})},
	{name: "fourier", aspect: rate, rated: true, set: hops(Hop{16000, "fourier", 0})},
	{name: "hold", aspect: rate, rated: true, set: hops(Hop{16000, "hold", 0})},
	{name: "rate ignored", aspect: rate, rated: true, set: func(c *Case) { c.Resample = nil }},
	{name: "8 kHz as 16", aspect: rate, set: hops(Hop{8000, "linear", 16000})},
	{name: "8 kHz decimated as 16", aspect: rate, set: hops(Hop{8000, "hold", 16000})},
	{name: "22.05 kHz as 16", aspect: rate, set: hops(Hop{24000, "polyphase", 16000})},
	{name: "through 8 kHz", aspect: rate, fronts: "samples tf librosa", set: hops(Hop{8000, "polyphase", 0}, Hop{16000, "polyphase", 0})},
	{name: "half", aspect: level, set: gain(0.5)},
	{name: "-12 dB", aspect: level, set: gain(0.251188643150958)},
	{name: "0.33", aspect: level, fronts: "samples tf librosa", set: gain(0.33)},
	{name: "0.9", aspect: level, fronts: "samples tf librosa", set: gain(0.9)},
	{name: "clipped", aspect: level, set: func(c *Case) { c.Gain, c.Clip = 4, true }},
	{name: "by 32767", aspect: level, fronts: "samples", set: func(c *Case) { c.Divide = 32767 }},
	{name: "unscaled", aspect: level, fronts: "samples tf librosa", set: func(c *Case) { c.Divide = 1 }},
	{name: "scaled twice", aspect: level, fronts: "samples tf", set: func(c *Case) { c.Divide = 32768 * 32768 }},
	{name: "peak", aspect: level, fronts: "samples tf", set: func(c *Case) { c.Level = "peak" }},
	{name: "standard", aspect: level, fronts: "samples", set: func(c *Case) { c.Level = "standard" }},
	{name: "preemphasis", aspect: spectrum, fronts: "tf librosa", set: func(c *Case) { c.Preemphasis = 0.97 }},
	{name: "hamming", aspect: spectrum, fronts: "tf librosa", set: feature(func(f *Features) { f.Window = "hamming" })},
	{name: "hann symmetric", aspect: spectrum, fronts: "tf", set: feature(func(f *Features) { f.Window = "hann symmetric" })},
	{name: "no window", aspect: spectrum, fronts: "tf", set: feature(func(f *Features) { f.Window = "none" })},
	{name: "step 200", aspect: spectrum, fronts: "tf librosa", set: feature(func(f *Features) { f.Step = 200 })},
	{name: "frame 480", aspect: spectrum, fronts: "tf mel", set: feature(func(f *Features) { f.Frame = 480 })},
	{name: "power", aspect: spectrum, fronts: "tf", set: feature(func(f *Features) { f.Power = 2 })},
	{name: "magnitude", aspect: spectrum, fronts: "librosa", set: feature(func(f *Features) { f.Power = 1 })},
	{name: "fft", aspect: spectrum, fronts: "tf mel", set: feature(func(f *Features) { f.FFT = 1024 })},
	{name: "low 0", aspect: spectrum, fronts: "tf librosa", set: feature(func(f *Features) { f.Low = 0 })},
	{name: "high 8000", aspect: spectrum, fronts: "tf librosa", set: feature(func(f *Features) { f.High = 8000 })},
	{name: "htk", aspect: spectrum, fronts: "librosa", set: feature(func(f *Features) { f.Mel, f.Norm = "htk", "" })},
	{name: "no norm", aspect: spectrum, fronts: "librosa", set: feature(func(f *Features) { f.Norm = "" })},
	{name: "not centered", aspect: spectrum, fronts: "librosa", set: feature(func(f *Features) { f.Center = "" })},
	{name: "reflected", aspect: spectrum, fronts: "librosa", set: feature(func(f *Features) { f.Center = "reflect" })},
	{name: "log 10", aspect: spectrum, fronts: "tf", set: feature(func(f *Features) { f.Log = "10" })},
	{name: "dB", aspect: spectrum, fronts: "tf", set: feature(func(f *Features) { f.Log = "db" })},
	{name: "offset", aspect: spectrum, fronts: "tf", set: feature(func(f *Features) { f.Offset = 0.01 })},
	{name: "no range", aspect: spectrum, fronts: "librosa", set: feature(func(f *Features) { f.Range = 0 })},
}

// pairs are changes made together.
var pairs = [][2]string{
	{"half", "hamming"}, {"-12 dB", "power"}, {"left", "linear"}, {"left", "half"}, {"linear", "by 32767"}, {"rate ignored", "half"},
	{"8 kHz as 16", "-12 dB"}, {"hamming", "log 10"}, {"low 0", "half"}, {"right channel", "dB"}, {"0.33", "fourier"}, {"htk", "half"},
}

// outside is what no pipeline says.
var outside = []string{"noise 20 dB", "noise 40 dB", "reverb", "stretched", "pitch", "codec", "mu-law", "low pass", "high pass", "compressed", "reversed", "dropouts"}

// Cases are all kinds of making with some front ends, the named of them if there are names: each of one recording that it makes
// sense of, in turn.
func Cases(recordings []Recording, fronts []string, names ...string) (cases []Case) {
	add := func(front, outside string, made ...change) {
		var fit []Case
		for _, r := range recordings {
			if c, ok := caseOf(r, front, outside, made); ok {
				fit = append(fit, c)
			}
		}
		if len(fit) > 0 {
			c := fit[len(cases)%len(fit)]
			if len(names) == 0 || slices.Contains(names, c.Name) {
				cases = append(cases, c)
			}
		}
	}
	byName := func(name string) change {
		return changes[slices.IndexFunc(changes, func(c change) bool { return c.name == name })]
	}
	for _, front := range fronts {
		for range recordings {
			add(front, "", changes[0])
		}
		for _, each := range changes[1:] {
			add(front, "", each)
		}
		for _, pair := range pairs {
			add(front, "", byName(pair[0]), byName(pair[1]))
		}
		for _, how := range outside {
			add(front, how)
		}
	}
	return cases
}

// caseOf is a recording with changes, if it can have them.
func caseOf(r Recording, front, outside string, made []change) (Case, bool) {
	c := Case{Recording: r.Path, Front: front, Mono: "mean", Resample: []Hop{{16000, "polyphase", 0}}, Features: features[front], Outside: outside}
	if front == "micro" {
		c.Resample[0].Method = "linear"
	}
	var words []string
	for _, each := range made {
		if each.rated && r.Rate == 16000 || each.stereo && r.Channels == 1 || !each.at(front) {
			return c, false
		}
		if each.set != nil {
			each.set(&c)
			c.Aspects = append(c.Aspects, each.aspect)
		}
		words = append(words, each.name)
	}
	slices.Sort(c.Aspects)
	c.Name = cmp.Or(outside, strings.Join(words, " + "))
	return c, true
}

// at says whether a change can be made at a front end.
func (c change) at(front string) bool {
	if _, one := References[c.fronts]; one && strings.Contains(c.fronts, " ") {
		return c.fronts == front
	}
	return c.fronts == "" || slices.Contains(strings.Fields(c.fronts), strings.Fields(front)[0])
}
