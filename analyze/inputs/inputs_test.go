package inputs_test

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/explain"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/analyze/inputs"
	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

const (
	taken = 48 // pixels a side of raw pictures
	side  = 24 // that the model takes
)

// camera is a raw picture.
func camera(seed uint64) []uint8 {
	out := make([]uint8, 0, taken*taken*3)
	for _, v := range framestest.Photo(seed, taken) {
		out = append(out, uint8(math.Round(float64(v)*255)))
	}
	return out
}

func read(t *testing.T, text string) *pipeline.Pipeline {
	t.Helper()
	p, err := pipeline.Read(strings.NewReader(text), "test")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fed is what an app with a pipeline feeds its model.
func fed(t *testing.T, p *pipeline.Pipeline, raw step.Value) []float32 {
	t.Helper()
	v, err := pipeline.Run(p.Inputs[0].Steps, raw)
	if err != nil {
		t.Fatal(err)
	}
	return v.Array.Reals()
}

func log(t *testing.T, app framestest.App) (*frames.Log, []frames.Pair) {
	t.Helper()
	l, err := frames.Read(app.Open(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	pairs, _ := frames.PairUp(l, nil)
	return l, pairs
}

func bgr(values []float32) []float32 {
	out := make([]float32, len(values))
	for i := range values {
		out[i] = values[i-i%3+2-i%3]
	}
	return out
}

// An app that feeds a frame late is told so; it isn't where frames are alike.
func TestAnotherFrame(t *testing.T) {
	reference := read(t, "task classification\nresize 24x24 tf2.bilinear\n")
	for _, late := range []uint64{0, 1} {
		app := framestest.App{Inputs: []*trace.Tensor{{Name: "image", Type: int32(tflite.Float32), Shape: []int32{1, side, side, 3}}}}
		for seed := range uint64(4) {
			of := step.Value{Array: &step.Array{Shape: []int{taken, taken, 3}, Uint8: camera(seed - min(seed, late))}}
			app.Frames = append(app.Frames, framestest.Frame{Before: []framestest.Marker{framestest.Image("camera", "rgb", taken, taken, 3, camera(seed))}, Inputs: []any{fed(t, reference, of)}})
		}
		edge, pairs := log(t, app)
		j := inputs.Judge(inputs.Source{Pairs: pairs, Edge: edge, Pipeline: reference})[0]
		named, _ := j.Named()
		switch {
		case late == 0 && (j.Healthy != 4 || len(named) > 0):
			t.Errorf("%+v", j)
		case late == 1 && (len(named) != 1 || named[0].Aspect != explain.Data || named[0].App != "the raw data of the frame before" || named[0].Frames != 3):
			t.Errorf("late: %+v", j)
		}
	}
}

func TestByRaw(t *testing.T) {
	reference := read(t, "task classification\nresize 24x24 tf2.bilinear\n")
	app := framestest.App{Inputs: []*trace.Tensor{{Name: "image", Type: int32(tflite.Float32), Shape: []int32{1, side, side, 3}}}}
	for seed := range uint64(4) {
		raw := camera(seed)
		data := fed(t, reference, step.Value{Array: &step.Array{Shape: []int{taken, taken, 3}, Uint8: raw}})
		if seed > 0 {
			data = bgr(data)
		}
		app.Frames = append(app.Frames, framestest.Frame{Before: []framestest.Marker{framestest.Image("camera", "rgb", taken, taken, 3, raw)}, Inputs: []any{data}})
	}
	l, pairs := log(t, app)
	list := inputs.Judge(inputs.Source{Pairs: pairs, Edge: l, Pipeline: reference})
	if len(list) != 1 {
		t.Fatalf("%d inputs", len(list))
	}
	j := list[0]
	tally, n := j.Of(explain.Channels)
	if j.By != inputs.ByRaw || j.Frames != 4 || j.Healthy != 1 || n != 3 || tally.App != "BGR" || tally.First != 2 || tally.Advice == "" || j.Failed != 0 {
		t.Errorf("%+v", j)
	}
	if few := inputs.Judge(inputs.Source{Pairs: pairs, Edge: l, Pipeline: reference, Frames: 2}); few[0].Frames != 2 {
		t.Errorf("of two frames %d were judged", few[0].Frames)
	}
	broken := func(f *frames.Frame) (inputs.Read, bool) {
		return func() (step.Value, error) { return step.Value{}, errors.New("broken.jpg: no picture") }, f.Number == 2
	}
	if j := inputs.Judge(inputs.Source{Pairs: pairs, Edge: l, Pipeline: reference, Raw: broken})[0]; j.Failed != 1 || j.Frames != 3 || j.FirstError != "frame 2: broken.jpg: no picture" {
		t.Errorf("one raw file is broken: %+v", j)
	}
	if j := inputs.Judge(inputs.Source{Pairs: pairs, Edge: l})[0]; j.By != inputs.ByItself || !strings.Contains(j.Why, "--pipeline") {
		t.Errorf("without a pipeline: %+v", j)
	}
	other := read(t, "input 3\nresize 24x24 tf2.bilinear\n")
	if j := inputs.Judge(inputs.Source{Pairs: pairs, Edge: l, Pipeline: other})[0]; j.By != inputs.ByNothing || !strings.Contains(j.Why, "the model has 1 inputs") {
		t.Errorf("an input that there isn't: %+v", j)
	}
}

// wave is a WAV file of 16-bit samples at 16 kHz.
func wave(samples []int16) []byte {
	data, _ := binary.Append(nil, binary.LittleEndian, samples)
	head, _ := binary.Append([]byte("RIFF"), binary.LittleEndian, uint32(36+len(data)))
	head = append(head, "WAVEfmt "...)
	head, _ = binary.Append(head, binary.LittleEndian, struct {
		Size             uint32
		Format, Channels uint16
		Rate, Bytes      uint32
		Align, Bits      uint16
	}{16, 1, 1, 16000, 32000, 2, 16})
	head, _ = binary.Append(append(head, "data"...), binary.LittleEndian, uint32(len(data)))
	return append(head, data...)
}

// TestSound has an app that takes a sound in eight pieces, at half its level or not.
func TestSound(t *testing.T) {
	const pieces, length = 8, 1000
	samples := make([]int16, pieces*length)
	for i := range samples {
		samples[i] = int16(8000 * math.Sin(float64(i)*float64(i)/90000) * math.Cos(float64(i)/700))
	}
	reference := read(t, "task sounds\nwav\nfloat\n")
	for name, c := range map[string]struct {
		gain    float32
		healthy int
	}{"as it is": {1, pieces}, "half as loud": {0.5, 0}} {
		app := framestest.App{Inputs: []*trace.Tensor{{Name: "samples", Type: int32(tflite.Float32), Shape: []int32{1, length}}}}
		for p := range pieces {
			piece := make([]float32, length)
			for i := range piece {
				piece[i] = c.gain * float32(samples[p*length+i]) / 32768
			}
			app.Frames = append(app.Frames, framestest.Frame{Inputs: []any{piece}})
		}
		l, pairs := log(t, app)
		file := func(*frames.Frame) (inputs.Read, bool) {
			return func() (step.Value, error) { return step.Value{Bytes: wave(samples)}, nil }, true
		}
		j := inputs.Judge(inputs.Source{Pairs: pairs, Edge: l, Pipeline: reference, Raw: file, One: true})[0]
		_, n := j.Of(explain.Level, explain.Normalization)
		if j.By != inputs.ByRaw || j.Frames != pieces || j.Healthy != c.healthy || n != pieces-c.healthy {
			t.Errorf("%s: %+v", name, j)
		}
	}
}

// TestNamed has levels that are another in each frame: where all frames are explained by one, the app scales each sound by itself.
func TestNamed(t *testing.T) {
	levels := func(aspect explain.Aspect) (tallies []inputs.Tally) {
		for i, app := range []string{"times 0.1", "times 0.2", "times 0.3", "times 0.4"} {
			tallies = append(tallies, inputs.Tally{Aspect: aspect, App: app, Frames: 1, First: i + 1})
		}
		return tallies
	}
	for name, c := range map[string]struct {
		judged inputs.Judged
		named  int
	}{
		"each at its level":  {inputs.Judged{Frames: 4, Differences: levels(explain.Level)}, 1},
		"one is right":       {inputs.Judged{Frames: 5, Healthy: 1, Differences: levels(explain.Level)}, 0},
		"one is unexplained": {inputs.Judged{Frames: 5, Unexplained: 1, Differences: levels(explain.Level)}, 0},
		"each its resize":    {inputs.Judged{Frames: 4, Differences: levels(explain.Resize)}, 0},
	} {
		named, doubtful := c.judged.Named()
		if len(named) != c.named || len(doubtful) != 1-c.named {
			t.Errorf("%s: named %+v, doubtful %+v", name, named, doubtful)
		}
		if c.named == 1 && (named[0].Frames != 4 || !strings.Contains(named[0].App, "another number")) {
			t.Errorf("%s: %+v", name, named[0])
		}
	}
}
