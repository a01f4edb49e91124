package shim

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/trace"
)

// What of a recording can be replayed: what was on its way into the model, and what sensors said, in the order of the file.
func TestPlayer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tensors")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w, err := snapshot.NewWriter(out, &snapshot.Beginning{})
	if err != nil {
		t.Fatal(err)
	}
	const before, sensor = trace.MarkerKind_BEFORE, trace.MarkerKind_SENSOR
	for _, m := range []struct {
		*trace.Marker
		data string
	}{
		{&trace.Marker{Kind: before, Key: "camera", Type: 3}, "first"},
		{&trace.Marker{Kind: sensor, Key: "tilt", Numbers: []float64{1, 2}}, ""},
		{&trace.Marker{Kind: before, Key: "camera", Type: 3, Missing: "why"}, ""},
		{&trace.Marker{Kind: before, Key: "camera", Type: 3}, "third one"},
		{&trace.Marker{Kind: trace.MarkerKind_AFTER, Key: "scores", Type: 3}, "no"},
		{&trace.Marker{Kind: trace.MarkerKind_METRIC, Key: "metric", Numbers: []float64{1}}, ""},
		{&trace.Marker{Kind: before, Key: "", Type: 3}, "no"},
		{&trace.Marker{Kind: before, Key: strings.Repeat("k", 64), Type: 3}, "no"},
	} {
		var data []byte
		if m.data != "" {
			data = []byte(m.data)
		}
		if err := w.AddMarker(m.Marker, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(nil, &trace.End{}); err != nil {
		t.Fatal(err)
	}
	p, err := newPlayer([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string][]string)
	for _, track := range p.tracks {
		for _, piece := range track.pieces {
			data := piece.inline
			if data == nil {
				data = content[piece.offset : piece.offset+piece.bytes]
			}
			got[track.key] = append(got[track.key], string(data))
		}
	}
	want := map[string][]string{
		"camera": {"first", "third one"}, "tilt": {"\x00\x00\x00\x00\x00\x00\xf0\x3f\x00\x00\x00\x00\x00\x00\x00\x40"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(p.notes) != 1 || !strings.Contains(p.notes[0], `1 markers "camera"`) {
		t.Errorf("notes %q", p.notes)
	}
	if diff := cmp.Diff([]Replayed{{Key: "camera", Of: 2}, {Key: "tilt", Of: 1}}, p.replayed()); diff != "" {
		t.Error(diff)
	}
}
