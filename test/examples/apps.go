// Package examples builds and runs the example apps (the folder examples), and says how well they do.
package examples

import (
	"slices"

	"github.com/edgexray/edgexray/analyze/explain"
)

// App is one of the example apps.
type App struct {
	Name   string // "classify", "classify-java"
	Source string // in the folder examples
	Data   string // what it sees, hears or reads: a task of make_data.py
	Models []Model
	Bugs   []Bug
}

// Model is one that an app can run, in the forms float and int8.
type Model struct {
	Name  string   // of the file, without its form, and of its pipeline
	Flags []string // that tell the app how the model wants its data
}

// Bug is a mistake that an app can make.
type Bug struct {
	Name  string // --bug; "kernel" for a broken kernel, of which the app knows nothing
	Issue Issue
	Only  string // the form whose apps can make it; empty: both
}

// Issue is what is wrong, as the rows of the paper's Figure 3 call it.
type Issue string

// Issues, in the order of tables. Those of what is fed to the model are aspects of package explain.
const (
	Kernel  Issue = "kernel"
	Latency Issue = "latency"
)

// Issues are all of them.
var Issues = []Issue{
	Issue(explain.Channels), Issue(explain.Normalization), Issue(explain.Resize), Issue(explain.Orientation), Issue(explain.Crop),
	Issue(explain.Layout), Issue(explain.Quantization), Issue(explain.SampleRate), Issue(explain.Level), Issue(explain.Spectrum),
	Issue(explain.Case), Issue(explain.Tokens), Kernel, Latency,
}

func bug(name string, aspect explain.Aspect) Bug { return Bug{Name: name, Issue: Issue(aspect)} }

func (b Bug) only(form string) Bug { b.Only = form; return b }

// Forms are those of each model.
var Forms = []string{"float", "int8"}

// Apps are all of them.
var Apps = []App{
	{
		Name: "classify", Source: "cpp/classify.cc", Data: "fabrics",
		Models: []Model{
			{"fabrics_mobilenet", []string{"--family", "mobilenet"}}, {"fabrics_inception", []string{"--family", "inception"}},
			{"fabrics_resnet", []string{"--family", "resnet"}}, {"fabrics_densenet", []string{"--family", "densenet"}},
		},
		Bugs: []Bug{
			bug("resize", explain.Resize), bug("nearest", explain.Resize), bug("bgr", explain.Channels), bug("scale", explain.Normalization),
			bug("raw", explain.Normalization), bug("rotate", explain.Orientation), bug("flip", explain.Orientation),
			bug("planes", explain.Layout), bug("quantization", explain.Quantization).only("int8"), bug("uint8", explain.Quantization).only("int8"), broken,
		},
	},
	{
		Name: "classify-java", Source: "java/Classify.java", Data: "fabrics",
		Models: []Model{{Name: "fabrics_mobilenet"}},
		Bugs: []Bug{
			bug("resize", explain.Resize), bug("bgr", explain.Channels), bug("scale", explain.Normalization),
			bug("rotate", explain.Orientation), bug("flip", explain.Orientation), bug("sign", explain.Normalization),
		},
	},
	{
		Name: "detect", Source: "python/detect.py", Data: "objects",
		Models: []Model{{Name: "objects"}},
		Bugs: []Bug{
			bug("resize", explain.Resize), bug("bgr", explain.Channels), bug("scale", explain.Normalization),
			bug("rotate", explain.Orientation), bug("flip", explain.Orientation), bug("crop", explain.Crop), broken, {Name: "reference", Issue: Latency},
		},
	},
	{
		Name: "segment", Source: "python/segment.py", Data: "regions",
		Models: []Model{{Name: "regions"}},
		Bugs: []Bug{
			bug("resize", explain.Resize), bug("bgr", explain.Channels), bug("scale", explain.Normalization), bug("rotate", explain.Orientation),
			bug("quantization", explain.Quantization).only("int8"), bug("uint8", explain.Quantization).only("int8"), broken,
		},
	},
	{
		Name: "listen", Source: "python/listen.py", Data: "words",
		Models: []Model{{"words_log_mel", []string{"--front", "log_mel"}}, {"words_spectrogram", []string{"--front", "spectrogram"}}},
		Bugs: []Bug{
			bug("rate", explain.SampleRate), bug("level", explain.Level), bug("unscaled", explain.Level),
			bug("window", explain.Spectrum), bug("log", explain.Spectrum), bug("normalization", explain.Normalization), broken,
		},
	},
	{
		Name: "review", Source: "python/review.py", Data: "reviews",
		Models: []Model{{Name: "reviews"}},
		Bugs:   []Bug{bug("case", explain.Case), bug("offset", explain.Tokens), bug("start", explain.Tokens), bug("pad", explain.Tokens)},
	},
}

// broken are kernels of an int8 model, its first ones, that go around instead of being limited to what their type holds.
var broken = Bug{Name: "kernel", Issue: Kernel, Only: "int8"}

// Makes tells whether an app with a model of a form can make the mistake.
func (b Bug) Makes(form string) bool { return b.Only == "" || b.Only == form }

// Checks are those of `edgexray debug` whose finding says what it is.
func (b Bug) Checks() []string {
	switch b.Issue {
	case Kernel:
		return []string{"kernels"}
	case Latency:
		return []string{"stragglers", "delegates"}
	case Issue(explain.Quantization): // what another scale and zero point do, other factors of pixels do, too
		return []string{string(explain.Quantization), string(explain.Normalization)}
	}
	return []string{string(b.Issue)}
}

// Find returns an app by its name.
func Find(name string) App {
	return Apps[slices.IndexFunc(Apps, func(a App) bool { return a.Name == name })]
}
