package inputs_test

import (
	"testing"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/analyze/frames/framestest"
	"github.com/edgexray/edgexray/analyze/inputs"
	"github.com/edgexray/edgexray/dataset"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// A frame is of the item that it names, else of the one at its place; never of another one than it names.
func TestItemOf(t *testing.T) {
	named := func(name string) framestest.Frame {
		f := framestest.Frame{Inputs: []any{[]float32{1}}, Outputs: []any{[]float32{1}}}
		if name != "" {
			f.Before = []framestest.Marker{{Marker: &trace.Marker{Kind: trace.MarkerKind_BEFORE, Key: "file", Text: name}}}
		}
		return f
	}
	one := []*trace.Tensor{{Name: "x", Type: int32(tflite.Float32), Shape: []int32{1}}}
	app := framestest.App{Model: "/m.tflite", SHA256: "a", Inputs: one, Outputs: one,
		Frames: []framestest.Frame{named("/sd/b.jpg"), named(""), named("elsewhere.jpg"), named("twice.jpg"), named("")}}
	log, err := frames.Read(app.Open(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	items := []dataset.Item{{Name: "a.jpg"}, {Name: "b.jpg"}, {Name: "c.jpg"}, {Name: "x/twice.jpg"}, {Name: "y/twice.jpg"}}
	for i, want := range []string{"b.jpg", "b.jpg", "", "x/twice.jpg", "y/twice.jpg"} {
		got := ""
		if item, ok := inputs.ItemOf(log.Frames[i], items); ok {
			got = item.Name
		}
		if got != want {
			t.Errorf("frame %d is of %q, want %q", i+1, got, want)
		}
	}
	if item, ok := inputs.ItemOf(log.Frames[2], items[:1]); !ok || item.Name != "a.jpg" {
		t.Errorf("a single item isn't that of all frames: %v", item)
	}
}
