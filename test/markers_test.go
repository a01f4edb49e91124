package test

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/trace"
)

// marked is marked.c, an app that marks what it does.
func marked(t testing.TB, args ...string) []string {
	t.Helper()
	return append([]string{builds.Once(t, "marked", func(t testing.TB) string { return apps.Marked(t, "amd64") })}, args...)
}

// markedModel is marked.c with a model.
func markedModel(t testing.TB, args ...string) []string {
	t.Helper()
	return marked(t, append([]string{"--library", library(t, "2.17.1"), "--model", model(t, "mobilenet_v2_float")}, args...)...)
}

// keyed returns the markers with a key, in the order of the file.
func keyed(f *snapshot.File, key string) (list []snapshot.Marked) {
	for _, m := range f.Markers {
		if m.Key == key {
			list = append(list, m)
		}
	}
	return list
}

// saying is what a marker is, in short.
func saying(m snapshot.Marked) string {
	s := strings.ToLower(m.Kind.String())
	if m.Key != "" {
		s += fmt.Sprintf(" %q", m.Key)
	}
	if m.Text != "" {
		s += fmt.Sprintf(" %q", m.Text)
	}
	if len(m.Numbers) > 0 {
		s += fmt.Sprint(" ", m.Numbers)
	}
	if m.Type != 0 {
		s += fmt.Sprintf(" type %d %v%s", m.Type, m.Shape, m.Format)
	}
	if m.Rate != 0 {
		s += fmt.Sprintf(" at %d", m.Rate)
	}
	if m.Frame != 0 {
		s += fmt.Sprintf(" in %d", m.Frame)
	}
	if m.Missing != "" {
		s += ": " + m.Missing
	}
	return s
}

// hashOfMarked is the hash that marked.c makes of its own data.
func hashOfMarked(f *snapshot.File) string {
	var hash uint64
	for _, m := range f.Markers {
		for _, b := range m.Data {
			hash = (hash ^ uint64(b)) * 0x100000001b3
		}
	}
	return fmt.Sprintf("%016x", hash)
}

// What an app marks is in the snapshot as the app has it, and stands to what the shim captures itself.
func TestMarkers(t *testing.T) {
	s := snapshotCommand(t, markedModel(t, "--frames", "2"), "--ends-only")
	f := s.whole(t)
	if got, want := hashOfMarked(f), hashOf(t, s.stdout); got != want {
		t.Errorf("what was marked has hash %s, the app says %s", got, want)
	}
	var first []string
	for _, m := range f.Markers {
		if m.Frame == 1 && m.Kind != trace.MarkerKind_METRIC && !strings.HasPrefix(m.Text, "class") {
			first = append(first, saying(m))
		}
	}
	if diff := cmp.Diff([]string{
		"frame_begin in 1", `before "camera" type 3 [40 61 3]rgb in 1`, `before "microphone" type 7 [1600 1] at 16000 in 1`,
		`sensor "orientation" [0 0.25 -90] in 1`, `sensor "light" [200] in 1`, `label "cat" in 1`,
		`before "resized" type 1 [1 224 224 3] in 1`, `after "scores" type 1 [1000] in 1`, `before "question" "why?" in 1`, "frame_end in 1",
	}, first); diff != "" {
		t.Errorf("the first frame (-want +got):\n%s", diff)
	}
	for role, key := range map[snapshot.Role]string{snapshot.Role_INPUT: "resized", snapshot.Role_OUTPUT: "scores"} {
		var captured [][]byte
		for _, c := range f.Captures {
			if c.Role == role {
				captured = append(captured, c.Data)
			}
		}
		var said [][]byte
		for _, m := range keyed(f, key) {
			said = append(said, m.Data)
		}
		if len(said) != 2 || !slices.EqualFunc(said, captured, slices.Equal) {
			t.Errorf("%d markers %q differ from the %d tensors %v", len(said), key, len(captured), role)
		}
	}
	if !strings.Contains(s.stderr, fmt.Sprintf(", and %d markers, of 2 invokes", len(f.Markers))) {
		t.Errorf("the summary says:\n%s", s.stderr)
	}
	last := f.Markers[len(f.Markers)-1]
	if saying(last) != `metric "at exit" [1]` {
		t.Errorf("the last marker is %s", saying(last))
	}
}

// What was recorded comes back bit-identical, to an app whose own camera gives something else each time.
func TestReplay(t *testing.T) {
	command := markedModel(t, "--frames", "3")
	recorded := snapshotCommand(t, command, "--ends-only")
	replayed := snapshotCommand(t, command, "--ends-only", "--replay", recorded.file)
	if a, b := hashOf(t, recorded.stdout), hashOf(t, replayed.stdout); a != b {
		t.Errorf("the app's data has hash %s, replayed %s", a, b)
	}
	a, b := recorded.whole(t), replayed.whole(t)
	if !slices.Equal(apps.MadeInSnapshot(a), apps.MadeInSnapshot(b)) || hashOfMarked(a) != hashOfMarked(b) {
		t.Error("what the model was fed, or made, isn't what was recorded")
	}
	for _, text := range []string{`replayed 3 of 3 "camera"`, `replayed 3 of 3 "microphone"`, `replayed 3 of 3 "orientation"`} {
		if !strings.Contains(replayed.stderr, text+"\n") || !slices.ContainsFunc(b.Notes, func(n *trace.Note) bool { return n.Text == text }) {
			t.Errorf("neither the summary nor a note says %s:\n%s", text, replayed.stderr)
		}
	}
	var app struct{ Replayed int }
	decode(t, replayed.stdout, &app)
	if app.Replayed != 9 {
		t.Errorf("the app was given %d pieces, want 9", app.Replayed)
	}
}

// Raw data comes from a file, part by part, or from a folder, file by file. What doesn't fit stays away, and is told.
func TestReplayOfFiles(t *testing.T) {
	const frame, sound = 61 * 40 * 3, 2 * 1600
	stream := make([]byte, 2*frame+100)
	for i := range stream {
		stream[i] = byte(i * 31)
	}
	folder := t.TempDir()
	for i, bytes := range []int{sound, sound - 2, sound} {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.pcm", i)), slices.Repeat([]byte{byte(i + 1)}, bytes), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := snapshotCommand(t, marked(t, "--frames", "4"), "--replay", "camera="+write(t, "frames.rgb", stream), "--replay", "microphone="+folder)
	f := s.open(t)
	camera, microphone := keyed(f, "camera"), keyed(f, "microphone")
	if len(camera) != 4 || !slices.Equal(camera[0].Data, stream[:frame]) || !slices.Equal(camera[1].Data, stream[frame:2*frame]) ||
		slices.Equal(camera[2].Data[:100], stream[2*frame:]) || microphone[0].Data[sound-1] != 1 || slices.Equal(microphone[1].Data, microphone[0].Data) {
		t.Error("the app's frames aren't those that it should have got")
	}
	for _, text := range []string{
		`replayed 2 pieces of "camera", 14640 of 14740 bytes; 2 times the app asked for another size, first for 7320 bytes where 100 were recorded: it kept its own data`,
		`replayed 1 of 3 "microphone"; 3 times the app asked for another size, first for 3200 bytes where 3198 were recorded: it kept its own data`,
	} {
		if !strings.Contains(s.stderr, text+"\n") {
			t.Errorf("the summary lacks %s:\n%s", text, s.stderr)
		}
	}
	more := snapshotCommand(t, marked(t, "--frames", "5"), "--replay", snapshotCommand(t, marked(t, "--frames", "2")).file)
	if !strings.Contains(more.stderr, `replayed 2 of 2 "camera"; 3 times the app asked for more than there is, and kept its own data`) {
		t.Errorf("the summary says:\n%s", more.stderr)
	}
}

func TestReplayRefused(t *testing.T) {
	empty := snapshotCommand(t, capi(t, "2.9.0", "--model", model(t, "while")), "--invokes", "1")
	raw, folder := write(t, "raw", []byte("raw")), t.TempDir()
	for name, test := range map[string]struct {
		replay []string
		texts  []string
	}{
		"no such file":      {[]string{"/no/such.tensors"}, []string{"--replay /no/such.tensors", "no such file"}},
		"no snapshot":       {[]string{raw}, []string{"not an edgexray snapshot"}},
		"without markers":   {[]string{empty.file}, []string{"no markers whose data can be replayed", "docs/markers.md"}},
		"no key":            {[]string{"=" + raw}, []string{"can't be a marker's key"}},
		"a long key":        {[]string{strings.Repeat("k", 64) + "=" + raw}, []string{"1 to 63 bytes"}},
		"a key twice":       {[]string{"a=" + raw, "a=" + raw}, []string{`under the key "a" already`}},
		"an empty folder":   {[]string{"a=" + folder}, []string{"there is no file in it"}},
		"no such raw file":  {[]string{"a=/no/such"}, []string{"--replay a=/no/such", "no such file"}},
		"neither of either": {[]string{"a=/dev/null"}, []string{"neither a file nor a folder"}},
	} {
		t.Run(name, func(t *testing.T) {
			var args []string
			for _, r := range test.replay {
				args = append(args, "--replay", r)
			}
			wantFailure(t, snapshotOf(t, append(args, "--", "true")...).outcome, 2, test.texts...)
		})
	}
}

// Whatever a marker says, the app goes on, and what can't be is told.
func TestBadMarkers(t *testing.T) {
	filter := apps.Program(t, "filtered.c")
	for name, command := range map[string][]string{
		"as ever": marked(t, "--bad"), "where memory can't be copied": append([]string{filter}, marked(t, "--bad")...),
	} {
		t.Run(name, func(t *testing.T) {
			s := snapshotCommand(t, command, "--replay", "camera="+write(t, "raw", make([]byte, 61*40*3)))
			f := s.open(t)
			var got []string
			for _, m := range f.Markers {
				if m.Frame == 0 && m.Key != "at exit" {
					text, _, _ := strings.Cut(saying(m), strings.Repeat("x", 100))
					got = append(got, text)
				}
			}
			shape, unreadable := ": no array has the shape, type or stride that the app says it has", ": the app's memory could not be read where it should be"
			want := []string{
				"frame_end", "metric [1]", "metric [2]", `metric "` + strings.Repeat("k", 63) + `" [3]`, "metric \"not \uFFFD UTF-8\" [4]",
				`metric "not a number" [NaN]`, `metric "infinite" [-Inf]`, `after "no text"`, "label",
				`before "nowhere" type 1 [2 3]` + unreadable, `before "null" type 1 [2 3]` + unreadable, `before "half there" type 1 [2 3]` + unreadable,
				`before "large" type 1 [1073741824]` + unreadable, `before "huge" type 1 [1073741824 1073741824 1073741824]` + shape,
				`before "negative" type 1 [-1 4]` + shape, `before "rank" type 1 [2 3 1 1 1 1 1 1]` + shape,
				`before "type" type 99 [2 3]: elements of type TYPE_99 have no size that an array could be copied by`,
				`before "fine" type 1 [2 3 1 1 1 1 1 1]`, `before "narrow" type 3 [4 4 3]rgb` + shape, `before "format" type 3 [2 2 1]`,
				`before "wide" type 3 [1073741824 1073741824 4]rgba` + shape, `before "gaps nowhere" type 3 [16 2 3]rgb` + unreadable,
				`before "i420" type 3 [5 5 1]i420`,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// Two keys and two texts that can't be read, and events with too many numbers, too small, and of no kind.
			if f.Losses["markers_lost"] != 6 || f.Losses["records_without_sense"] != 1 || len(f.Losses) != 2 {
				t.Errorf("losses %v", f.Losses)
			}
			for _, text := range []string{"ended a frame that it hadn't begun", "longer than 63 bytes", `1 could not be read or put where the app wanted them`} {
				if !strings.Contains(s.stderr, text) {
					t.Errorf("the summary lacks %q:\n%s", text, s.stderr)
				}
			}
		})
	}
}

// Rows of an image come without the gaps between them; arrays that don't fit into the memory that is shared come in pieces.
func TestMarkedData(t *testing.T) {
	s := snapshotCommand(t, marked(t, "--crop", "--frames", "2"))
	f := s.open(t)
	var camera []byte
	for _, m := range keyed(f, "camera") {
		camera = append(camera, m.Data...)
	}
	crop := &snapshot.File{Markers: []snapshot.Marked{{Marker: &trace.Marker{}, Data: camera}}}
	if got, want := hashOfMarked(crop), hashOf(t, s.stdout); got != want || len(camera) != 2*61*40*3 {
		t.Errorf("%d bytes with hash %s, want %s", len(camera), got, want)
	}
	large := keyed(snapshotCommand(t, marked(t, "--large-mib", "5"), "--buffer", "1MiB").open(t), "large")
	if len(large) != 1 || len(large[0].Data) != 5<<20 {
		t.Fatalf("large arrays: %v", large)
	}
	for i := range uint32(5 << 18) {
		if got := binary.LittleEndian.Uint32(large[0].Data[4*i:]); got != i*2654435761 {
			t.Fatalf("element %d is %d", i, got)
		}
	}
}

// Each thread has frames of its own; a child goes on in its parent's, as another process.
func TestMarkersOfThreads(t *testing.T) {
	f := snapshotCommand(t, marked(t, "--threads", "4", "--frames", "5", "--fork")).open(t)
	frames := make(map[uint32][]uint64) // by thread
	for _, m := range keyed(f, "camera") {
		frames[m.Thread] = append(frames[m.Thread], m.Frame)
	}
	for thread, got := range frames {
		if !slices.Equal(got, []uint64{1, 2, 3, 4, 5}) || f.Threads[thread] == nil {
			t.Errorf("thread %d has frames %v", thread, got)
		}
	}
	child := keyed(f, "in child")
	if len(frames) != 4 || len(child) != 1 || float64(f.Processes[child[0].Process].GetPid()) != child[0].Numbers[0] {
		t.Errorf("%d threads, in the child %v", len(frames), child)
	}
}

// What the user doesn't want, or has no room for, is left out, and said.
func TestMarkersLeftOut(t *testing.T) {
	f := snapshotCommand(t, marked(t, "--frames", "10"), "--every", "4").open(t)
	var frames []uint64
	for _, m := range keyed(f, "camera") {
		frames = append(frames, m.Frame)
	}
	if !slices.Equal(frames, []uint64{1, 5, 9}) {
		t.Errorf("each 4th frame is one of %v", frames)
	}
	for name, test := range map[string]struct {
		flags []string
		why   string
	}{
		"budget":     {[]string{"--budget", "15kB"}, "the budget was used up"},
		"statistics": {[]string{"--statistics"}, "only statistics were asked for"},
	} {
		f := snapshotCommand(t, marked(t, "--frames", "5"), test.flags...).open(t)
		camera := keyed(f, "camera")
		if last := camera[len(camera)-1]; len(camera) != 5 || last.Missing != test.why || last.Bytes != 61*40*3 || last.Data != nil {
			t.Errorf("%s: the last of %d frames: %v", name, len(camera), last.Marker)
		}
	}
}

// Recorded without root, what an app marks is in the trace, but for the elements of arrays.
func TestMarkersViaShim(t *testing.T) {
	r := recordCommand(t, markedModel(t, "--frames", "2"), "--via", "shim")
	in, err := os.Open(r.trace)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	reader, err := trace.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	said := make(map[string]int)
	for reader.Next() {
		for _, m := range reader.Block().Markers {
			said[saying(snapshot.Marked{Marker: m})]++
		}
	}
	for _, want := range []string{
		"frame_begin in 2", `before "camera" type 3 [40 61 3]rgb in 2`, `before "resized" type 1 [1 224 224 3] in 2`, `sensor "light" [201] in 2`,
		`label "cat" in 2`, `metric "at exit" [1]`,
	} {
		if said[want] != 1 {
			t.Errorf("the trace has %d of %s, want 1", said[want], want)
		}
	}
	if reader.Err() != nil || !strings.Contains(r.stderr, "and 25 markers") {
		t.Errorf("%v\n%s", reader.Err(), r.stderr)
	}
}

// A library that is loaded, unloaded and loaded again is listened to each time.
func TestMarkersOfLibraries(t *testing.T) {
	const script = `import sys, ctypes, _ctypes
for step in range(1, 4):
    library = ctypes.CDLL(sys.argv[1])
    library.mark.argtypes = [ctypes.c_double]
    library.mark(step)
    _ctypes.dlclose(library._handle)
`
	library := apps.Listened(t, true)
	f := snapshotCommand(t, []string{parts.Python(t), "-c", script, library}).open(t)
	var steps []float64
	for _, m := range keyed(f, "library") {
		steps = append(steps, m.Numbers...)
	}
	if !slices.Equal(steps, []float64{1, 2, 3}) {
		t.Errorf("the library marked %v, want 1, 2 and 3", steps)
	}
}
