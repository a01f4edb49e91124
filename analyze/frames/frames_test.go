package frames_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

func classifier(list ...framestest.Frame) framestest.App {
	return framestest.App{
		Model: "/data/net.tflite", SHA256: "abc", Frames: list,
		Inputs:  []*trace.Tensor{{Name: "image", Type: int32(tflite.UInt8), Shape: []int32{1, 2, 2, 3}, Scale: 1. / 255}},
		Outputs: []*trace.Tensor{{Name: "scores", Type: int32(tflite.Float32), Shape: []int32{1, 2}}},
	}
}

var (
	image  = []uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	scores = []float32{0.25, 0.75}
)

func frame(label string) framestest.Frame {
	return framestest.Frame{
		Before: []framestest.Marker{framestest.Image("camera", "bgr", 2, 2, 3, image), framestest.Label(label)},
		Inputs: []any{image}, Outputs: []any{scores},
		After: []framestest.Marker{{Marker: &trace.Marker{Kind: trace.MarkerKind_METRIC, Key: "fps", Numbers: []float64{30}}}},
	}
}

func TestRead(t *testing.T) {
	log, err := frames.Read(classifier(frame("cat"), frame("dog")).Open(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if log.Model != "net.tflite" || log.SHA256 != "abc" || len(log.Frames) != 2 || len(log.Problems) != 0 {
		t.Fatalf("%s %s: %d frames, problems %v", log.Model, log.SHA256, len(log.Frames), log.Problems)
	}
	second := log.Frames[1]
	if label, ok := second.Label(); label != "dog" || !ok {
		t.Errorf("label %q", label)
	}
	if m := second.Marked("fps"); m == nil || m.Numbers[0] != 30 {
		t.Errorf("fps is %v", m)
	}
	in, err := second.Inputs[0].Array()
	if err != nil || !slices.Equal(in.Uint8, image) || in.Scale != 1./255 || in.Shape[3] != 3 {
		t.Errorf("input %v: %v", in, err)
	}
	if got := second.Layers(); !slices.Equal(got, []string{"scores"}) {
		t.Errorf("layers %v", got)
	}
	layer, err := second.Layer("scores")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := layer.Array(); err != nil || !slices.Equal(out.Float32, scores) {
		t.Errorf("output %v: %v", out, err)
	}
	if raw, err := log.RawValue(second.Raw()); err != nil || !slices.Equal(raw.Array.Uint8[:3], []uint8{3, 2, 1}) {
		t.Errorf("a BGR image isn't made RGB: %v, %v", raw.Array, err)
	}
}

func TestProblems(t *testing.T) {
	framed := func(f framestest.Frame) framestest.Frame { f.Framed = true; return f }
	noRaw, noLabel, noInput, noInvoke := frame("a"), frame("b"), frame("c"), framed(frame("d"))
	noRaw.Before = noRaw.Before[1:]
	noLabel.Before = noLabel.Before[:1]
	noInput.Inputs = []any{nil}
	noInvoke.NoInvoke = true
	lost := frame("e")
	lost.Before = []framestest.Marker{{Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "camera", Type: 3, Shape: []int64{9}, Missing: "dropped"}}, framestest.Label("e")}
	for name, c := range map[string]struct {
		frames []framestest.Frame
		want   string
		count  int
	}{
		"no raw frame":           {[]framestest.Frame{frame("a"), noRaw}, "frames without raw data", 1},
		"its data is missing":    {[]framestest.Frame{frame("a"), lost}, "frames whose raw data is missing", 1},
		"no label":               {[]framestest.Frame{frame("a"), noLabel, noLabel}, "frames without a label", 2},
		"no input":               {[]framestest.Frame{noInput}, "inputs that have no data", 1},
		"a frame without invoke": {[]framestest.Frame{framed(frame("a")), noInvoke}, "frames of the app in which the model wasn't run", 1},
		"an invoke without frame": {[]framestest.Frame{framed(frame("a")), {Inputs: []any{image}, Outputs: []any{scores}}},
			"invokes outside of any frame", 1},
	} {
		t.Run(name, func(t *testing.T) {
			log, err := frames.Read(classifier(c.frames...).Open(t), 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range log.Problems {
				if strings.HasPrefix(p.What, c.want) && p.Count == c.count && p.First != "" {
					return
				}
			}
			t.Errorf("problems are %v, not %d %s", log.Problems, c.count, c.want)
		})
	}
}

func TestNone(t *testing.T) {
	_, err := frames.Read(classifier().Open(t), 0)
	if !errors.Is(err, frames.ErrNone) {
		t.Errorf("no invoke: %v", err)
	}
	only := classifier(framestest.Frame{Before: []framestest.Marker{framestest.Label("x")}, NoInvoke: true})
	if _, err := frames.Read(only.Open(t), 0); err == nil || !strings.Contains(err.Error(), "only 1 markers") {
		t.Errorf("markers alone: %v", err)
	}
	if _, err := frames.Read(classifier(frame("x")).Open(t), 7); err == nil || !strings.Contains(err.Error(), "interpreter 7") {
		t.Errorf("another interpreter: %v", err)
	}
}

func TestHostileMarkers(t *testing.T) {
	for name, m := range map[string]framestest.Marker{
		"too large":  {Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "k", Type: 3, Shape: []int64{1 << 40, 1 << 40}}, Data: image},
		"negative":   {Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "k", Type: 3, Shape: []int64{-1}}, Data: image},
		"short":      {Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "k", Type: 1, Shape: []int64{4}}, Data: image},
		"no numbers": {Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "k", Type: 5, Shape: []int64{4}}, Data: image},
		"format":     {Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "k", Type: 3, Shape: []int64{12}, Format: "bgra"}, Data: image},
	} {
		f := frame("x")
		f.Before = []framestest.Marker{m}
		log, err := frames.Read(classifier(f).Open(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := log.RawValue(log.Frames[0].Raw()); err == nil || !strings.Contains(err.Error(), `"k"`) {
			t.Errorf("%s: %v, %v", name, v, err)
		}
	}
}

func TestPairUp(t *testing.T) {
	other := slices.Clone(image)
	other[0] = 200
	with := func(pixels []uint8) framestest.Frame {
		return framestest.Frame{Inputs: []any{pixels}, Outputs: []any{scores}}
	}
	raw := func(pixels []uint8) framestest.Frame {
		f := with(pixels)
		f.Before = []framestest.Marker{framestest.Image("camera", "rgb", 2, 2, 3, image)}
		return f
	}
	third := slices.Clone(image)
	third[0] = 99
	for name, c := range map[string]struct {
		edge, reference []framestest.Frame
		want            []int // numbers of the reference's frames, 0 for none
		how             frames.Pairing
		played          []int
	}{
		"same inputs, another order": {[]framestest.Frame{with(image), with(other)}, []framestest.Frame{with(other), with(image)}, []int{2, 1}, frames.ByInputs, nil},
		"the same data twice":        {[]framestest.Frame{with(image), with(image)}, []framestest.Frame{with(image), with(image)}, []int{1, 2}, frames.ByInputs, nil},
		"other inputs":               {[]framestest.Frame{with(image), with(image)}, []framestest.Frame{with(third)}, []int{1, 0}, frames.ByOrder, nil},
		"made of the raw ones":       {[]framestest.Frame{with(image), raw(other)}, []framestest.Frame{with(third)}, []int{0, 1}, frames.ByOrder, nil},
		"the first one was broken":   {[]framestest.Frame{with(image), with(image), with(image)}, []framestest.Frame{with(third), with(other)}, []int{0, 1, 2}, frames.ByPlay, []int{2, 3}},
		"several invokes a frame":    {[]framestest.Frame{with(image)}, []framestest.Frame{with(third), with(other)}, []int{1}, frames.ByOrder, []int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			edge, err := frames.Read(classifier(c.edge...).Open(t), 0)
			if err != nil {
				t.Fatal(err)
			}
			app := classifier(c.reference...)
			app.Played = c.played
			reference, err := frames.Read(app.Open(t), 0)
			if err != nil {
				t.Fatal(err)
			}
			pairs, how := frames.PairUp(edge, reference)
			got := make([]int, len(pairs))
			for i, p := range pairs {
				if p.Reference != nil {
					got[i] = p.Reference.Number
				}
			}
			if !slices.Equal(got, c.want) || how != c.how {
				t.Errorf("paired %v by %s, not %v by %s", got, how, c.want, c.how)
			}
		})
	}
}

func TestLabelsThatAreNumbers(t *testing.T) {
	for number, want := range map[float64]string{7: "7", 2000000: "2000000", 0.5: "0.5"} {
		f := frame("x")
		f.Before = []framestest.Marker{{Marker: &trace.Marker{Kind: trace.MarkerKind_LABEL, Numbers: []float64{number}}}}
		log, err := frames.Read(classifier(f).Open(t), 0)
		if err != nil {
			t.Fatal(err)
		}
		if label, ok := log.Frames[0].Label(); !ok || label != want {
			t.Errorf("the label %v is %q", number, label)
		}
	}
}
