package test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/trace"
)

// markedPython is marked.py, an app in Python that marks what it does.
func markedPython(t testing.TB, args ...string) []string {
	t.Helper()
	script := builds.Once(t, "marked.py", func(t testing.TB) string { return apps.Script(t, "marked.py") })
	return append([]string{"env", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=" + apps.MarkersPython(t), parts.Python(t), script}, args...)
}

// An app in Python marks as one in C does, and gets again what was recorded.
func TestPythonMarkers(t *testing.T) {
	command := markedPython(t, "--model", model(t, "mobilenet_v3_small_float"), "--frames", "2")
	alone(t, command)
	recorded := snapshotCommand(t, command, "--ends-only")
	replayed := snapshotCommand(t, command, "--ends-only", "--replay", recorded.file)
	if a, b := hashOf(t, recorded.stdout), hashOf(t, replayed.stdout); a != b || !strings.Contains(replayed.stderr, `replayed 2 of 2 "camera"`+"\n") {
		t.Errorf("the app's data has hash %s, replayed %s\n%s", a, b, replayed.stderr)
	}
	f := replayed.whole(t)
	var first []string
	for _, m := range f.Markers {
		if m.Frame == 1 && m.Kind != trace.MarkerKind_METRIC && m.Key != "top1" {
			first = append(first, saying(m))
		}
	}
	if diff := cmp.Diff([]string{
		"frame_begin in 1", `before "camera" type 3 [48 64 3]rgb in 1`, `before "crop" type 3 [40 48 3]bgr in 1`,
		`before "resized" type 1 [1 224 224 3] in 1`, `sensor "orientation" [0 0.25 0] in 1`, `after "scores" type 1 [1 1000] in 1`,
		`label "cat" in 1`, "frame_end in 1",
	}, first); diff != "" {
		t.Errorf("the first frame (-want +got):\n%s", diff)
	}
	camera, crop := keyed(f, "camera")[0].Data, keyed(f, "crop")[0].Data
	for y := range 40 {
		for x := range 48 {
			for c := range 3 {
				if got, want := crop[(y*48+x)*3+c], camera[((y+4)*64+x+8)*3+2-c]; got != want {
					t.Fatalf("the crop's pixel %d, %d, %d is %d, the camera's %d", y, x, c, got, want)
				}
			}
		}
	}
	for i, c := range f.Captures[:2] { // what goes in and comes out in the first invoke
		if m := keyed(f, []string{"resized", "scores"}[i])[0]; string(m.Data) != string(c.Data) {
			t.Errorf("%q isn't what the model had", m.Key)
		}
	}
	if f.Losses["records_without_sense"] != 0 {
		t.Errorf("losses %v", f.Losses)
	}
}

// Whatever is marked, no marker raises an exception, with nobody listening and with the shim.
func TestPythonMarksAnything(t *testing.T) {
	command := markedPython(t)
	if quiet := alone(t, command); quiet != "{\"replayed\": 0}\n" {
		t.Errorf("with nobody listening the app prints %s", quiet)
	}
	s := snapshotCommand(t, command)
	var got []string
	for _, m := range s.open(t).Markers {
		got = append(got, saying(m))
	}
	none := ": the app has nothing there that can be marked (its stderr says why)"
	want := []string{
		"frame_end", `before "picture" type 3 [4 5 3]rgb`, `before "bytes" type 3 [4 5 3]rgb`, `before "nv12" type 3 [6 5 1]nv12`,
		`before "read-only" type 3 [4 5 3]rgb`, `before "gray" type 3 [4 5 1]gray`, `before "bytes" type 7 [2 1] at 16000`,
		`before "stereo" type 1 [8 2] at 8000`, `before "tensor" type 10 [2 3]`, `before "int8" type 9 [2]`, `before "uint16" type 17 [2]`,
		`before "int32" type 2 [2]`, `before "uint32" type 16 [2]`, `before "int64" type 4 [2]`, `before "uint64" type 13 [2]`,
		`before "float64" type 11 [2]`, `before "bool" type 6 [2]`, `before "complex64" type 8 [2]`, `before "complex128" type 12 [2]`,
		`before "scalar" type 1 []`, `before "empty" type 11 [0 3]`, `before "text" "grüß dich"`, `before "surrogate" "?"`, `label "3"`,
		`metric "nan" [NaN]`, `before "channels" type 65535 []` + none, `before "format" type 65535 []` + none,
		`before "wide picture" type 65535 []` + none, `before "few bytes" type 3 [4 5 3]rgb: it has 3 bytes, which its shape does not take`,
		`before "sound" type 65535 []` + none, `before "rate" type 65535 []` + none, `before "big-endian" type 65535 []` + none,
		`before "objects" type 65535 []` + none, `before "none" type 65535 []` + none, `before "unwilling" type 65535 []` + none,
		`before "dimensions" type 65535 []` + none, `before "['key']" type 65535 []` + none,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, text := range []string{
		`marker 'format' can't be marked: 'rbg' is no format of images (rgb, bgr,`, `marker 'unwilling' can't be marked: on another device`,
		`marker 'word' can't be marked: could not convert`, `marker 'gaps' can't be marked: nothing can be replayed into it: it isn't contiguous`,
	} {
		if !strings.Contains(s.stderr, text) {
			t.Errorf("stderr lacks %q:\n%s", text, s.stderr)
		}
	}
}
