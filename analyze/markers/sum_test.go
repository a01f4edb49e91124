package markers

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// read reads the markers of a trace.
func read(t testing.TB, file []byte) *Log {
	t.Helper()
	r, err := trace.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l, err := ReadTrace(r)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func marksOf(t testing.TB, tag string) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := tracetest.Marked(&file, tag); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// What is summed up, as users of --json see it.
func TestResult(t *testing.T) {
	got, err := json.Marshal(read(t, marksOf(t, "")).Result())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{
"recording": {"recorder": "edgexray 0.1.0", "command_line": ["edgexray", "record"], "linux": "6.1.0", "hostname": "board",
	"start_unix_ns": 1700000000000000000, "duration_ns": 4202000},
"cut": "", "lost": {"markers_ring_full": 4}, "notes": [], "no_invokes": "", "invokes": 3, "markers": 24, "untied": 0,
"processes": [{"pid": 100, "process": "app", "markers": 24, "frames": 3,
	"frame_ns": {"count": 2, "nans": 0, "min": 732000, "median": 732000, "max": 732000}, "invokes": 3, "most_invokes": 1}],
"keys": [
	{"process": 0, "kind": "before", "key": "mic", "count": 1, "frames": 0, "invokes": 1, "untied": 0, "numbers": [], "texts": [], "other_texts": 0,
		"arrays": [{"type": "INT16", "shape": [16000, 1], "format": "", "rate": 16000, "count": 1, "bytes": 32000}], "missing": {}},
	{"process": 0, "kind": "sensor", "key": "orientation", "count": 3, "frames": 0, "invokes": 3, "untied": 0,
		"numbers": [{"count": 3, "nans": 0, "min": 0, "median": 1, "max": 2, "last": 2}, {"count": 3, "nans": 0, "min": -1, "median": -1, "max": -1, "last": -1},
			{"count": 3, "nans": 3, "min": null, "median": null, "max": null, "last": null}],
		"texts": [], "other_texts": 0, "arrays": [], "missing": {}},
	{"process": 0, "kind": "before", "key": "camera", "count": 3, "frames": 3, "invokes": 3, "untied": 0, "numbers": [], "texts": [], "other_texts": 0,
		"arrays": [{"type": "UINT8", "shape": [480, 640, 3], "format": "rgb", "rate": 0, "count": 3, "bytes": 921600}], "missing": {}},
	{"process": 0, "kind": "before", "key": "input", "count": 3, "frames": 3, "invokes": 3, "untied": 0, "numbers": [], "texts": [], "other_texts": 0,
		"arrays": [{"type": "FLOAT32", "shape": [], "format": "", "rate": 0, "count": 3, "bytes": 0}], "missing": {"it is larger than memory can be": 3}},
	{"process": 0, "kind": "after", "key": "top1", "count": 3, "frames": 3, "invokes": 3, "untied": 0, "numbers": [],
		"texts": [{"text": "cat", "count": 2}, {"text": "dog", "count": 1}], "other_texts": 0, "arrays": [], "missing": {}},
	{"process": 0, "kind": "label", "key": "", "count": 3, "frames": 3, "invokes": 3, "untied": 0, "numbers": [],
		"texts": [{"text": "cat", "count": 3}], "other_texts": 0, "arrays": [], "missing": {}},
	{"process": 0, "kind": "metric", "key": "score", "count": 3, "frames": 3, "invokes": 3, "untied": 0,
		"numbers": [{"count": 3, "nans": 0, "min": 0.5, "median": 0.6, "max": 0.7, "last": 0.7}], "texts": [], "other_texts": 0, "arrays": [], "missing": {}}
]}`
	if diff := cmp.Diff(decoded(t, []byte(want)), decoded(t, got)); diff != "" {
		t.Error(diff)
	}
}

func decoded(t *testing.T, text []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// Texts and arrays that differ each time take no more room than what is told.
func TestResultIsBounded(t *testing.T) {
	l := &Log{}
	for i := range maxTexts + 100 {
		l.Markers = append(l.Markers, Marked{Marker: &trace.Marker{Kind: after, Text: strings.Repeat("x", i%200) + string(rune('a'+i%1000)), Type: 1, Shape: []int64{int64(i)}}})
	}
	k := l.Result().Keys[0]
	shown := 0
	for _, text := range k.Texts {
		shown += text.Count
	}
	if len(k.Texts) != shownTexts || shown+k.OtherTexts != len(l.Markers) || len(k.Arrays) != shownArrays {
		t.Errorf("%d texts of %d markers and %d others, %d arrays", len(k.Texts), shown, k.OtherTexts, len(k.Arrays))
	}
}

// A trace that is cut off, or whose ops were summed up, tells what it has.
func TestReadTrace(t *testing.T) {
	whole := marksOf(t, "")
	cut := read(t, whole[:len(whole)-30])
	if cut.Cut == "" {
		t.Error("a trace without its end says nothing of it")
	}
	for _, m := range read(t, whole).Markers {
		if m.Invoke == nil || m.Invoke.Model != "cat.tflite" || m.Frame != 0 && m.Invoke.Number != m.Frame {
			t.Errorf("%v belongs to %+v", m.Marker, m.Invoke)
		}
	}
	var file bytes.Buffer
	w, err := trace.NewWriter(&file, &trace.Header{AggregateOctave: 16})
	if err != nil {
		t.Fatal(err)
	}
	w.Describe(&trace.Marker{Kind: before, Key: "camera"})
	w.Close(&trace.End{})
	if l := read(t, file.Bytes()); len(l.Markers) != 1 || l.NoInvokes == "" {
		t.Errorf("%d markers, invokes %q", len(l.Markers), l.NoInvokes)
	}
}

func FuzzReadTrace(f *testing.F) {
	f.Add(marksOf(f, ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := trace.NewReader(bytes.NewReader(b))
		if err != nil {
			return
		}
		defer r.Close()
		if l, err := ReadTrace(r); err == nil {
			l.Result()
		}
	})
}
