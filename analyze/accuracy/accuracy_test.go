package accuracy_test

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/accuracy"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

func floats(name string, shape ...int32) *trace.Tensor {
	return &trace.Tensor{Name: name, Type: int32(tflite.Float32), Shape: shape}
}

// answers are frames with an input of their own, a label each (empty: none), and outputs.
func answers(outputs []*trace.Tensor, labels []string, data ...[]any) framestest.App {
	app := framestest.App{Inputs: []*trace.Tensor{floats("in", 1)}, Outputs: outputs}
	for i, out := range data {
		f := framestest.Frame{Inputs: []any{[]float32{float32(i)}}, Outputs: out}
		if i < len(labels) && labels[i] != "" {
			f.Before = []framestest.Marker{framestest.Label(labels[i])}
		}
		app.Frames = append(app.Frames, f)
	}
	return app
}

func log(t *testing.T, app framestest.App) *frames.Log {
	t.Helper()
	l, err := frames.Read(app.Open(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func pairs(t *testing.T, edge framestest.App, reference *framestest.App) []frames.Pair {
	t.Helper()
	var r *frames.Log
	if reference != nil {
		r = log(t, *reference)
	}
	list, _ := frames.PairUp(log(t, edge), r)
	return list
}

// scores are a classifier's, of three classes, one answer a letter: a, b, c is the most probable class, the next one comes second.
func scores(letters string) (all [][]any) {
	for _, l := range letters {
		s := []float32{0.05, 0.05, 0.05}
		s[l-'a'], s[(l-'a'+1)%3] = 0.7, 0.25
		all = append(all, []any{s})
	}
	return all
}

func TestClassification(t *testing.T) {
	three := []*trace.Tensor{floats("scores", 1, 3)}
	ten := strings.Split("a b c a b c a b c a", " ")
	one := func(edge, reference string) (framestest.App, *framestest.App) {
		r := answers(three, nil, scores(reference)...)
		return answers(three, ten, scores(edge)...), &r
	}
	edge, reference := one("bbcbbcbbcb", "abcabcabca")
	r, err := accuracy.Measure(pairs(t, edge, reference), accuracy.Options{Task: accuracy.Classification, Top: []int{1, 2, 5}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Metrics) != 2 || r.Metrics[0].Edge != 0.6 || r.Metrics[0].Reference != 1 || r.Verdict != accuracy.Worse || r.Lost != 4 || r.Gained != 0 || r.Samples != 10 {
		t.Errorf("%+v", r)
	}
	if top2 := r.Metrics[1]; top2.Name != "top-2" || top2.Edge != 0.6 || top2.Reference != 1 {
		t.Errorf("%+v", top2)
	}
	if f := r.Flipped[0]; f.Frame != 1 || f.Label != "a" || f.Edge != "b 0.70" || f.Reference != "a 0.70" || !f.Lost {
		t.Errorf("%+v", f)
	}
	if c := r.Classes[0]; c.Class != "a" || c.Samples != 4 || c.Edge != 0 || c.Reference != 1 || c.Difference != -1 {
		t.Errorf("the worst class is %+v", c)
	}
	edge, reference = one("abcabcabcb", "bbcabcabca")
	if r, err = accuracy.Measure(pairs(t, edge, reference), accuracy.Options{Task: accuracy.Classification}); err != nil || r.Verdict != accuracy.Same || r.Lost != 1 || r.Gained != 1 {
		t.Errorf("one flip each way: %+v, %v", r, err)
	}
	edge, _ = one("abcabcabcb", "")
	if r, err = accuracy.Measure(pairs(t, edge, nil), accuracy.Options{Task: accuracy.Classification}); err != nil || r.Verdict != accuracy.OneSide || r.Metrics[0].Edge != 0.9 || len(r.Flipped) != 0 {
		t.Errorf("without a reference: %+v, %v", r, err)
	}
}

func TestKindsOfAnswers(t *testing.T) {
	index := &trace.Tensor{Name: "class", Type: int32(tflite.Int64), Shape: []int32{1}}
	stored := &trace.Tensor{Name: "scores", Type: int32(tflite.UInt8), Shape: []int32{1, 2}, Scale: 1. / 256}
	for name, c := range map[string]struct {
		app     framestest.App
		classes []string
		want    float64
	}{
		"the class itself":   {answers([]*trace.Tensor{index}, []string{"2", "7"}, []any{[]int64{2}}, []any{[]int64{3}}), nil, 0.5},
		"one probability":    {answers([]*trace.Tensor{floats("p", 1, 1)}, []string{"good", "bad"}, []any{[]float32{0.9}}, []any{[]float32{0.8}}), []string{"bad", "good"}, 0.5},
		"quantized":          {answers([]*trace.Tensor{stored}, []string{"1", "0"}, []any{[]uint8{3, 200}}, []any{[]uint8{90, 20}}), nil, 1},
		"names of classes":   {answers([]*trace.Tensor{floats("s", 1, 3)}, []string{"Great_Dane", "tabby cat"}, scores("ba")...), []string{"tabby cat", "great dane", "other"}, 1},
		"in alphabet order":  {answers([]*trace.Tensor{floats("s", 1, 3)}, []string{"dog", "cat", "eel"}, scores("bac")...), nil, 1},
		"some without label": {answers([]*trace.Tensor{floats("s", 1, 3)}, []string{"0", "", "1"}, scores("aab")...), nil, 1},
		"an unknown label":   {answers([]*trace.Tensor{floats("s", 1, 3)}, []string{"x", "y"}, scores("aa")...), []string{"x", "z", "w"}, 1},
	} {
		r, err := accuracy.Measure(pairs(t, c.app, nil), accuracy.Options{Task: accuracy.Classification, Classes: c.classes})
		if err != nil || r.Metrics[0].Edge != c.want {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestErrors(t *testing.T) {
	three := []*trace.Tensor{floats("scores", 1, 3)}
	for name, c := range map[string]struct {
		app  framestest.App
		o    accuracy.Options
		want string
		is   error
	}{
		"no labels":        {answers(three, nil, scores("ab")...), accuracy.Options{Task: accuracy.Classification}, "--labels", accuracy.ErrNoTruth},
		"which is which":   {answers(three, []string{"cat", "dog"}, scores("ab")...), accuracy.Options{Task: accuracy.Classification}, "2 different labels and 3 classes", nil},
		"no task":          {answers(three, nil, scores("ab")...), accuracy.Options{}, "--task", nil},
		"no outputs":       {answers(three, []string{"0"}, []any{nil}), accuracy.Options{Task: accuracy.Classification}, "was not captured", nil},
		"no boxes":         {answers(three, nil, scores("a")...), accuracy.Options{Task: accuracy.Detection}, "COCO", accuracy.ErrNoTruth},
		"no masks":         {answers(three, nil, scores("a")...), accuracy.Options{Task: accuracy.Segmentation}, "PNG", accuracy.ErrNoTruth},
		"no results":       {answers(three, []string{"yes"}, scores("a")...), accuracy.Options{Task: accuracy.Text}, "edgexray_result", nil},
		"no metric":        {answers(three, []string{"0"}, scores("a")...), accuracy.Options{Task: accuracy.Custom}, "--metric", nil},
		"top-0":            {answers(three, []string{"0"}, scores("a")...), accuracy.Options{Task: accuracy.Classification, Top: []int{0}}, "k is from 1 to 100", nil},
		"top-5 of three":   {answers(three, []string{"0"}, scores("a")...), accuracy.Options{Task: accuracy.Classification, Top: []int{5}}, "says nothing of 3 classes", nil},
		"no such class":    {answers(three, []string{"3"}, scores("a")...), accuracy.Options{Task: accuracy.Classification}, "no label is one of the model's classes", accuracy.ErrNoTruth},
		"no such detector": {answers(three, nil, scores("a")...), accuracy.Options{Task: accuracy.Detection, Truth: accuracy.Truth{Boxes: func(*frames.Frame) ([]accuracy.Box, bool) { return nil, true }}}, "TFLite_Detection_PostProcess", nil},
	} {
		_, err := accuracy.Measure(pairs(t, c.app, nil), c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v, without %q", name, err, c.want)
		}
	}
}

// TestUnpaired has a picture with boxes of which the reference has nothing.
func TestUnpaired(t *testing.T) {
	app := answers([]*trace.Tensor{floats("scores", 1, 3)}, nil, scores("ab")...)
	list := pairs(t, app, &app)
	list[0].Reference = nil
	boxes := func(f *frames.Frame) ([]accuracy.Box, bool) { return nil, f.Number == 1 }
	_, err := accuracy.Measure(list, accuracy.Options{Task: accuracy.Detection, Truth: accuracy.Truth{Boxes: boxes}})
	if err == nil || !strings.Contains(err.Error(), "none of 1 pictures with boxes has outputs on both sides") {
		t.Errorf("the error is %v", err)
	}
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, source string) *accuracy.Script {
	t.Helper()
	s, err := accuracy.OpenScript(write(t, "metric.star", source))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDetection(t *testing.T) {
	tf1 := []*trace.Tensor{floats("boxes", 1, 2, 4), floats("classes", 1, 2), floats("scores", 1, 2), floats("count", 1)}
	tf2 := []*trace.Tensor{floats("scores", 1, 2), floats("boxes", 1, 2, 4), floats("count", 1), floats("classes", 1, 2)}
	right := []any{[]float32{0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1}, []float32{0, 1}, []float32{0.9, 0.8}, []float32{2}}
	exchanged := []any{[]float32{0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1}, []float32{1, 0}, []float32{0.9, 0.8}, []float32{2}}
	reordered := []any{right[2], right[0], right[3], right[1]}
	labels := "name,label,top,left,bottom,right\na.jpg,cat,0,0,0.5,0.5\na.jpg,dog,0.5,0.5,1,1\nb.jpg,cat,0,0,.5,.5\n"
	truth, err := accuracy.OpenTruth(write(t, "boxes.csv", labels), accuracy.Detection, nil)
	if err != nil {
		t.Fatal(err)
	}
	measure := func(edge framestest.App, reference *framestest.App, s *accuracy.Script) *accuracy.Result {
		t.Helper()
		r, err := accuracy.Measure(pairs(t, edge, reference), accuracy.Options{Task: accuracy.Detection, Classes: []string{"cat", "dog"}, Truth: truth, Script: s})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	edge, reference := answers(tf1, nil, exchanged, exchanged), answers(tf1, nil, right, right)
	r := measure(edge, &reference, nil)
	if r.Metrics[0].Name != "AP" || r.Metrics[0].Edge != 0 || math.Abs(r.Metrics[0].Reference-1) > 1e-9 || r.Samples != 2 || r.Lost != 2 || r.Verdict != accuracy.Worse {
		t.Errorf("exchanged classes: %+v", r)
	}
	if iou := r.Metrics[4]; iou.Reference != 1 || iou.Edge != 0 {
		t.Errorf("%+v", iou)
	}
	if r := measure(answers(tf2, nil, reordered, reordered), nil, nil); r.Metrics[0].Edge != measure(reference, nil, nil).Metrics[0].Edge {
		t.Errorf("TensorFlow 2's order: %+v", r)
	}
	script := open(t, "def detections(outputs):\n  b = outputs[0][0]\n  return [(int(outputs[1][0, i]), outputs[2][0, i], b[i, 0], b[i, 1], b[i, 2], b[i, 3]) for i in range(2)]")
	if r := measure(reference, nil, script); math.Abs(r.Metrics[1].Edge-1) > 1e-9 {
		t.Errorf("a user's function: %+v", r)
	}
}

func TestSegmentation(t *testing.T) {
	folder := t.TempDir()
	mask := image.NewGray(image.Rect(0, 0, 4, 4))
	for y := range 4 {
		for x := range 4 {
			mask.SetGray(x, y, color.Gray{uint8(x / 2)}) // the left half is 0, the right one 1
		}
	}
	mask.SetGray(0, 0, color.Gray{255})
	file, err := os.Create(filepath.Join(folder, "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(file, mask), file.Close()); err != nil {
		t.Fatal(err)
	}
	truth, err := accuracy.OpenTruth(folder, accuracy.Segmentation, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []float32 // the top half is 0, the bottom one 1
	for y := range 4 {
		for range 4 {
			out = append(out, float32(1-y/2), float32(y/2))
		}
	}
	r, err := accuracy.Measure(pairs(t, answers([]*trace.Tensor{floats("mask", 1, 4, 4, 2)}, nil, []any{out}), nil), accuracy.Options{Task: accuracy.Segmentation, Truth: truth})
	if err != nil {
		t.Fatal(err)
	}
	// Of class 0: 3 right, 7 there, 7 said: 3/11. Of class 1: 4 right, 8 there, 8 said: 4/12. Of 15 pixels 7 are right.
	if want := (3./11 + 4./12) / 2; math.Abs(r.Metrics[0].Edge-want) > 1e-12 || math.Abs(r.Metrics[1].Edge-7./15) > 1e-12 || len(r.Classes) != 2 {
		t.Errorf("%+v, not %v", r, want)
	}
	if r, err := accuracy.Measure(pairs(t, answers([]*trace.Tensor{floats("p", 1, 2, 2, 1)}, nil, []any{[]float32{0.1, 0.9, 0.2, 0.8}}), nil), accuracy.Options{Task: accuracy.Segmentation, Truth: truth}); err != nil || r.Metrics[1].Edge != 1 {
		t.Errorf("one class, smaller than its mask: %+v, %v", r, err)
	}
	if _, err := accuracy.Measure(pairs(t, answers([]*trace.Tensor{floats("p", 7)}, nil, []any{make([]float32, 7)}), nil), accuracy.Options{Task: accuracy.Segmentation, Truth: truth}); err == nil || !strings.Contains(err.Error(), "is no segmentation") {
		t.Errorf("a list: %v", err)
	}
}

func TestText(t *testing.T) {
	said := func(list ...string) framestest.App {
		app := answers([]*trace.Tensor{floats("s", 1, 3)}, []string{"turn on the light", "stop"}, scores("ab")...)
		for i, text := range list {
			app.Frames[i].After = []framestest.Marker{{Marker: &trace.Marker{Kind: trace.MarkerKind_AFTER, Key: "said", Text: text}}}
		}
		return app
	}
	reference := said("Turn on the light!", "stop")
	r, err := accuracy.Measure(pairs(t, said("turn the light", "stop"), &reference), accuracy.Options{Task: accuracy.Text})
	if err != nil {
		t.Fatal(err)
	}
	if r.Metrics[0].Edge != 0.5 || r.Metrics[0].Reference != 1 || r.Metrics[1].Edge != 0.8 || r.Lost != 1 || r.Flipped[0].Edge != "turn the light" {
		t.Errorf("%+v", r)
	}
}

func TestCustom(t *testing.T) {
	app := answers([]*trace.Tensor{floats("angle", 1)}, []string{"10", "20"}, []any{[]float32{11}}, []any{[]float32{29}})
	reference := answers([]*trace.Tensor{floats("angle", 1)}, nil, []any{[]float32{10}}, []any{[]float32{20}})
	s := open(t, "def metric(outputs, label):\n  return -abs(outputs[0][0] - float(label))")
	r, err := accuracy.Measure(pairs(t, app, &reference), accuracy.Options{Task: accuracy.Custom, Script: s})
	if err != nil || r.Metrics[0].Edge != -5 || r.Metrics[0].Reference != 0 || r.Lost != 2 || r.Verdict != accuracy.Worse {
		t.Errorf("%+v, %v", r, err)
	}
	for source, want := range map[string]string{
		"def metric(outputs, label):\n  return 'x'":                 "returned x, neither a finite number",
		"def metric(outputs, label):\n  return outputs[3]":          "metric.star:2:17: in metric: ",
		"def metric(outputs, label):\n  return label == outputs[0]": "",
	} {
		_, err := accuracy.Measure(pairs(t, app, nil), accuracy.Options{Task: accuracy.Custom, Script: open(t, source)})
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", source, err)
		}
	}
	if _, err := accuracy.OpenScript(write(t, "none.star", "x = 1")); err == nil || !strings.Contains(err.Error(), "neither a function metric") {
		t.Errorf("no function: %v", err)
	}
}

func TestOpenTruth(t *testing.T) {
	app := answers([]*trace.Tensor{floats("s", 1, 3)}, nil, scores("ab")...)
	app.Frames[0].Before = []framestest.Marker{{Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "file", Text: "photos/b.jpg"}}}
	l := log(t, app)
	truth, err := accuracy.OpenTruth(write(t, "labels.csv", "a.jpg,cat\nb.jpg,dog\n"), accuracy.Classification, nil)
	if err != nil {
		t.Fatal(err)
	}
	if label, ok := truth.Label(l.Frames[0]); label != "dog" || !ok {
		t.Errorf("by name: %q", label)
	}
	if label, ok := truth.Label(l.Frames[1]); label != "dog" || !ok {
		t.Errorf("by order: %q", label)
	}
	folder := t.TempDir()
	for _, name := range []string{"cat/1.jpg", "dog/2.jpg"} {
		os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755)
		os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o644)
	}
	if truth, err = accuracy.OpenTruth(folder, accuracy.Classification, nil); err != nil {
		t.Fatal(err)
	}
	if label, _ := truth.Label(l.Frames[1]); label != "dog" {
		t.Errorf("by folder: %q", label)
	}
	for content, want := range map[string]string{
		"a.jpg,cat,0,0\n":            "line 1 has 4 fields",
		"a.jpg,cat,0,0,1,9\n":        "is no part of a picture's side",
		"name,label\n":               "line 1 has 2 fields",
		"a.jpg,cat,0,0,1,\"1\nb,c\n": "line",
	} {
		if _, err := accuracy.OpenTruth(write(t, "boxes.csv", content), accuracy.Detection, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, without %q", content, err, want)
		}
	}
	for content, want := range map[string]string{
		"[]":                    "COCO's JSON",
		"{}":                    "no images",
		`{"images":[{"id":1}]}`: "no width and height",
		`{"images":[{"id":1,"file_name":"a","width":4,"height":4}],"annotations":[{"image_id":2}]}`: "annotation 0",
	} {
		if _, err := accuracy.OpenTruth(write(t, "boxes.json", content), accuracy.Detection, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, without %q", content, err, want)
		}
	}
}
