package play_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/dataset"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/play"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

func read(t *testing.T, text string) *pipeline.Pipeline {
	t.Helper()
	p, err := pipeline.Read(strings.NewReader(text), "test.pipeline")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// model is one whose main subgraph has inputs of these shapes.
func model(inputs ...tflite.Tensor) *tflite.Model {
	main := tflite.Subgraph{Tensors: inputs}
	for i := range inputs {
		main.Inputs = append(main.Inputs, int32(i))
	}
	return &tflite.Model{Subgraphs: []tflite.Subgraph{main}}
}

func tokens(shape ...int32) tflite.Tensor {
	return tflite.Tensor{Name: "tokens", Type: tflite.Int32, Shape: shape}
}

// written plays items and reads what that gives.
func written(t *testing.T, items []play.Item, p *pipeline.Pipeline, m *tflite.Model) (*play.Summary, *frames.Log, error) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "inputs.tensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	summary, err := play.Write(out, items, play.Options{Pipeline: p, Model: m, Path: "/models/net.tflite", SHA256: "abc", Recorder: "edgexray"})
	if err != nil {
		return summary, nil, err
	}
	file, err := snapshot.Open(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	log, err := frames.Read(file, 0)
	if err != nil {
		t.Fatal(err)
	}
	return summary, log, nil
}

func TestDataSet(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"good/1.txt": "Yes", "bad/2.txt": "no", "bad/1.txt": "", "good/3.txt": "ja"} {
		os.MkdirAll(filepath.Dir(filepath.Join(folder, name)), 0o755)
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set, err := dataset.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	summary, log, err := written(t, play.OfDataSet(set), read(t, "task text\nlowercase\nbytes\nlength 4\n"), model(tokens(1, 4)))
	if err != nil {
		t.Fatal(err)
	}
	if summary.Played != 3 || len(summary.Broken) != 1 || summary.Broken[0].Name != "bad/1.txt" || !strings.Contains(summary.Broken[0].Err.Error(), "empty") {
		t.Errorf("%+v", summary)
	}
	if got := log.File.PlayedFrames(); !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("of the items %v", got)
	}
	if log.Model != "net.tflite" || log.SHA256 != "abc" || len(log.Frames) != 3 || len(log.Problems) != 0 {
		t.Fatalf("%+v", log)
	}
	second := log.Frames[1]
	label, _ := second.Label()
	name, _ := second.Name()
	in, err := second.Inputs[0].Array()
	if label != "good" || name != "good/1.txt" || err != nil || !slices.Equal(in.Int32, []int32{'y', 'e', 's', 0}) || !slices.Equal(in.Shape, []int{1, 4}) {
		t.Errorf("%s %s %+v, %v", label, name, in, err)
	}
}

// TestApp plays what an app marked, of which one frame has nothing.
func TestApp(t *testing.T) {
	app := framestest.App{Inputs: []*trace.Tensor{{Name: "tokens", Type: int32(tflite.Int32), Shape: []int32{1, 2}}}}
	for _, text := range []string{"ab", "", "cd"} {
		f := framestest.Frame{Inputs: []any{[]int32{1, 2}}}
		if text != "" {
			f.Before = []framestest.Marker{{Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "said", Text: text}}, framestest.Label(text)}
		}
		app.Frames = append(app.Frames, f)
	}
	log, err := frames.Read(app.Open(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	summary, played, err := written(t, play.OfApp(log), read(t, "bytes\nlength 2\n"), model(tokens(1, 2)))
	if err != nil || summary.Played != 2 || !slices.Equal(played.File.PlayedFrames(), []int{1, 3}) {
		t.Errorf("%+v, %v", summary, err)
	}
	pairs, how := frames.PairUp(log, played)
	if how != frames.ByPlay || pairs[1].Reference != nil || pairs[2].Reference == nil || pairs[2].Reference.Number != 2 {
		t.Errorf("paired by %s", how)
	}
}

// TestPieces plays more rows than an invoke takes.
func TestPieces(t *testing.T) {
	item := play.Item{Frame: 1, Name: "a", Read: func() (step.Value, error) {
		a := &step.Array{Shape: []int{7, 3}, Float32: make([]float32, 21)}
		for i := range a.Float32 {
			a.Float32[i] = float32(i)
		}
		return step.Value{Array: a, Rate: 16000}, nil
	}}
	summary, log, err := written(t, []play.Item{item}, read(t, "clip 0 100\n"), model(tflite.Tensor{Name: "rows", Type: tflite.Float32, Shape: []int32{1, 2, 3}}))
	if err != nil {
		t.Fatal(err)
	}
	last, err := log.Frames[2].Inputs[0].Array()
	if summary.Invokes != 3 || err != nil || !slices.Equal(last.Float32, []float32{12, 13, 14, 15, 16, 17}) {
		t.Errorf("%+v, %v, %v", summary, last, err)
	}
}

func TestErrors(t *testing.T) {
	text := play.Item{Frame: 1, Name: "a.txt", Read: func() (step.Value, error) { return step.Value{Bytes: []byte("abc")}, nil }}
	gone := play.Item{Frame: 2, Read: func() (step.Value, error) { return step.Value{}, os.ErrNotExist }}
	for name, c := range map[string]struct {
		items    []play.Item
		pipeline string
		model    *tflite.Model
		want     string
	}{
		"another size":        {[]play.Item{text}, "bytes\n", model(tokens(1, 5)), `none could be used: a.txt: the pipeline makes a INT32 array 3, and the model's input "tokens" takes [1 5]`},
		"no data":             {nil, "bytes\n", model(tokens(1, 5)), "there is no raw data"},
		"broken data":         {[]play.Item{gone}, "bytes\n", model(tokens(1, 5)), "frame 2: file does not exist"},
		"an input is missing": {[]play.Item{text}, "bytes\n", model(tokens(1, 3), tokens(1, 3)), `doesn't make input 1 of the model`},
		"an input too many":   {[]play.Item{text}, "bytes\ninput 1\nbytes\n", model(tokens(1, 3)), "the model has 1 inputs"},
		"no array":            {[]play.Item{text}, "lowercase\n", model(tokens(1, 3)), "no array (add a step that does)"},
		"no subgraph":         {[]play.Item{text}, "bytes\n", &tflite.Model{}, "no subgraph"},
	} {
		_, _, err := written(t, c.items, read(t, c.pipeline), c.model)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, without %q", name, err, c.want)
		}
		if (len(c.items) == 0 || name == "broken data") && !errors.Is(err, play.ErrNothing) {
			t.Errorf("%s: %v is no ErrNothing", name, err)
		}
	}
	open := tflite.Tensor{Name: "tokens", Type: tflite.Int32, Shape: []int32{1, 1}, ShapeSignature: []int32{1, -1}}
	if summary, log, err := written(t, []play.Item{text}, read(t, "bytes\n"), model(open)); err != nil || summary.Played != 1 || log.Frames[0].Inputs[0].Shape[1] != 3 {
		t.Errorf("a model that leaves its shape open: %+v, %v", summary, err)
	}
}
