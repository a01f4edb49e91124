package test

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/trace"
)

// markersJSON is what tests read of `edgexray markers --json`.
type markersJSON struct {
	Cut       string
	Lost      map[string]uint64
	Invokes   int
	Markers   int
	Untied    int
	Processes []struct {
		Process     string
		Frames      int
		MostInvokes int `json:"most_invokes"`
		Invokes     int
	}
	Keys []keyJSON
}

type keyJSON struct {
	Kind, Key              string
	Count, Frames, Invokes int
	Numbers                []struct{ Min, Median, Max, Last *float64 }
	Texts                  []struct {
		Text  string
		Count int
	}
	Arrays []struct {
		Type   string
		Shape  []int64
		Format string
		Rate   uint32
		Bytes  uint64
	}
	Missing map[string]int
}

func (r recording) markers(t testing.TB) (m markersJSON) {
	t.Helper()
	readJSON(t, edgexray(t, "markers", r.trace, "--json"), &m)
	return m
}

// saying is what a key is, in short.
func (k *keyJSON) saying() string {
	s := strings.TrimSpace(fmt.Sprintf("%s %s", k.Kind, k.Key))
	for _, n := range k.Numbers {
		s += fmt.Sprintf("; %v to %v, last %v", *n.Min, *n.Max, *n.Last)
	}
	for _, a := range k.Arrays {
		s += fmt.Sprintf("; %s %v %s %d, %d bytes", a.Type, a.Shape, a.Format, a.Rate, a.Bytes)
	}
	for _, text := range k.Texts {
		s += fmt.Sprintf("; %q %d", text.Text, text.Count)
	}
	return s
}

// What an app marks is in its trace, with the invokes that it belongs to.
func TestRecordMarkers(t *testing.T) {
	app := markedModel(t, "--frames", "3", "--threads", "2")
	r := recordCommand(t, app)
	wantNothingLost(t, r.ops(t))
	m := r.markers(t)
	if m.Invokes != 6 || m.Untied != 0 || len(m.Lost) != 0 || len(m.Processes) != 1 || m.Processes[0].Frames != 6 || m.Processes[0].MostInvokes != 1 {
		t.Errorf("%d invokes, %d markers of none, lost %v, %+v; want 6, none, none, 6 frames", m.Invokes, m.Untied, m.Lost, m.Processes)
	}
	wantKeys(t, m, 6, 6, append(ofModel, ofFrames...))
	if n := len(recordCommand(t, app, "--no-markers").markersOf(t)); n != 0 {
		t.Errorf("%d markers although they were to be left out", n)
	}
}

// What an app in Python marks is recorded as what the shim gets of it.
func TestRecordMarkersPython(t *testing.T) {
	command := markedPython(t, "--model", model(t, "mobilenet_v3_small_float"), "--frames", "2")
	keys := func(markers []*trace.Marker) map[string]int {
		n := make(map[string]int)
		for _, m := range markers {
			n[fmt.Sprint(m.Kind, " ", m.Key, " ", m.Shape, m.Format, " ", m.Frame)]++
		}
		return n
	}
	r := recordCommand(t, command)
	m := r.markers(t)
	if m.Invokes != 2 || m.Untied != 0 || len(m.Lost) != 0 {
		t.Errorf("%d invokes, %d markers of none, lost %v; want 2, none, none", m.Invokes, m.Untied, m.Lost)
	}
	var captured []*trace.Marker
	for _, m := range snapshotCommand(t, command, "--ends-only").whole(t).Markers {
		captured = append(captured, m.Marker)
	}
	if diff := cmp.Diff(keys(captured), keys(r.markersOf(t))); diff != "" || len(captured) == 0 {
		t.Errorf("what the shim (-) and the recorder (+) have:\n%s", diff)
	}
}

// What is said in each frame of marked.c, and with a model.
var (
	ofFrames = []string{
		"before camera; UINT8 [40 61 3] rgb 0, 7320 bytes",
		"before microphone; INT16 [1600 1]  16000, 3200 bytes",
		"sensor orientation; 0 to 2, last 2; 0.25 to 0.25, last 0.25; -90 to -90, last -90",
		"sensor light; 200 to 202, last 202",
		`label; "cat" 6`,
		`before question; "why?" 6`,
	}
	ofModel = []string{
		"before resized; FLOAT32 [1 224 224 3]  0, 602112 bytes",
		"after scores; FLOAT32 [1000]  0, 4000 bytes",
		"after top1",
		"metric confidence",
	}
)

// wantKeys wants what was said in each of so many frames, of so many invokes, and once at the end.
func wantKeys(t *testing.T, m markersJSON, frames, invokes int, want []string) {
	t.Helper()
	var said []string
	for _, k := range m.Keys {
		if k.Key == "at exit" {
			if k.Count != 1 || k.Frames != 0 {
				t.Errorf("%+v", k)
			}
			continue
		}
		if k.Key == "confidence" || k.Key == "top1" { // as noise decides
			k.Numbers, k.Texts = nil, nil
		}
		if k.Count != frames || k.Frames != frames || k.Invokes != invokes {
			t.Errorf("%s %s: %d in %d frames and %d invokes, want %d and %d", k.Kind, k.Key, k.Count, k.Frames, k.Invokes, frames, invokes)
		}
		said = append(said, k.saying())
	}
	want = slices.Sorted(slices.Values(want))
	slices.Sort(said)
	if diff := cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
}

// Each method listens to markers.
func TestRecordMarkersMethods(t *testing.T) {
	app := marked(t, "--frames", "3", "--threads", "2")
	for _, method := range probes.Methods {
		t.Run(string(method), func(t *testing.T) {
			if method == probes.PerfGroup && !hasTracefs() {
				t.Log("this Linux has no tracefs: test/arm64 has the method's test")
				return
			}
			r := recordCommand(t, app, "--method", string(method))
			m := r.markers(t)
			if len(m.Lost) != 0 || m.Untied != m.Markers || !strings.Contains(r.stderr, "the trace has markers only") {
				t.Errorf("lost %v, %d of %d markers tied to nothing\n%s", m.Lost, m.Untied, m.Markers, r.stderr)
			}
			wantKeys(t, m, 6, 0, ofFrames)
		})
	}
}

func hasTracefs() bool {
	_, err := os.Stat("/sys/kernel/tracing/uprobe_events")
	return err == nil
}

// markersOf reads the markers themselves.
func (r recording) markersOf(t testing.TB) (list []*trace.Marker) {
	t.Helper()
	in, err := trace.Open(r.trace)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for in.Next() {
		list = append(list, in.Block().Markers...)
	}
	if err := in.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// Only while a recorder is there does anybody listen, whatever becomes of it; also in a library that is loaded later.
func TestListening(t *testing.T) {
	library := apps.Listened(t, true)
	app := start(t, exec.Command(apps.Listened(t, false), library))
	steps := 0
	step := func(want string) {
		t.Helper()
		steps++
		if _, err := io.WriteString(app.stdin, "\n"); err != nil {
			t.Fatal(err)
		}
		app.wait(t, fmt.Sprintf("step %d: listening %s", steps, want), 1)
	}
	step("0 0\n")
	recorder, r := startRecord(t, "-p", app.pid())
	step("1 ") // loads the library, which says what it is before or after the recorder has seen it
	eventually(t, func() error {
		step("1 ")
		if !strings.Contains(app.text(), fmt.Sprintf("step %d: listening 1 1\n", steps)) {
			return fmt.Errorf("nobody listens to the library:\n%s", app.text())
		}
		return nil
	})
	second, _ := startRecord(t, "-p", app.pid())
	step("1 1\n") // who listens share the probe
	if got := recorder.stop(t); got.status != 0 || !strings.Contains(got.stdout, "the trace has markers only") {
		t.Errorf("exit status %d\n%s", got.status, got.stdout)
	}
	step("1 1\n")
	if err := second.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-second.done
	step("0 0\n")
	if got := app.end(t); got.status != 0 {
		t.Errorf("the app ended with status %d", got.status)
	}
	want := map[string]float64{"app": 2, "library": float64(steps - 3)} // the first that were seen
	for _, k := range r.markers(t).Keys {
		if k.Kind != "metric" || len(k.Numbers) != 1 || *k.Numbers[0].Last != float64(steps-2) || k.Key == "app" && *k.Numbers[0].Min != want["app"] {
			t.Errorf("%+v, want metrics up to step %d", k, steps-2)
		}
		delete(want, k.Key)
	}
	if len(want) != 0 {
		t.Errorf("no marker of %v", want)
	}
}

// A library of the app's own, which holds no TFLite, is recorded by its name: in every process that loads it.
func TestRecordMarkersOfLibrary(t *testing.T) {
	library := apps.Listened(t, true)
	recorder, r := startRecord(t, "--library", library)
	app := exec.Command(apps.Listened(t, false), library)
	app.Stdin = strings.NewReader("\n\n\n")
	if got := finish(t, app); !strings.Contains(got.stdout, "step 3: listening 0 1\n") {
		t.Errorf("exit status %d\n%s%s", got.status, got.stdout, got.stderr)
	}
	if got := recorder.stop(t); got.status != 0 {
		t.Errorf("exit status %d\n%s", got.status, got.stdout)
	}
	if keys := r.markers(t).Keys; len(keys) != 1 || keys[0].Key != "library" || keys[0].Count != 2 {
		t.Errorf("%+v, want the library's two", keys)
	}
}

// What no app should mark does no harm: it is left out and counted, or said to be what it is.
func TestRecordBadMarkers(t *testing.T) {
	r := recordCommand(t, marked(t, "--bad", "--fork"))
	m := r.markers(t)
	if want := map[string]uint64{"markers_malformed": 3, "markers_unreadable": 1}; !cmp.Equal(m.Lost, want) {
		t.Errorf("lost %v, want %v", m.Lost, want)
	}
	rows := csvOf(t, r)
	found := func(kind, key, column, want string) {
		t.Helper()
		for _, row := range rows {
			if row["kind"] == kind && row["key"] == key && strings.Contains(row[column], want) {
				return
			}
		}
		t.Errorf("no %s %q whose %s is %q", kind, key, column, want)
	}
	for key, value := range map[string]string{"": "2", strings.Repeat("k", 63): "3", "not \uFFFD UTF-8": "4", "not a number": "NaN", "infinite": "-Inf", "in child": "", "at exit": "1"} {
		found("metric", key, "number_1", value)
	}
	found("after", "endless", "text", strings.Repeat("x", 255)+"…")
	found("after", "nowhere", "missing", "its text at 0xffffffffffffffc0 can't be read")
	found("metric", "", "missing", "its key at 0x8 can't be read")
	for key, missing := range map[string]string{"huge": "larger than memory", "negative": "dimension of -1", "rank": "rank 9", "type": "TYPE_99", "large": "", "fine": ""} {
		found("before", key, "missing", missing)
	}
	found("before", "wide", "missing", "larger than memory")
}

// csvOf reads `edgexray markers --csv` by the names of its columns.
func csvOf(t testing.TB, r recording) (rows []map[string]string) {
	t.Helper()
	got := finish(t, edgexray(t, "markers", r.trace, "--csv"))
	lines, err := csv.NewReader(strings.NewReader(got.stdout)).ReadAll()
	if err != nil || got.status != 0 {
		t.Fatalf("exit status %d, %v\n%s", got.status, err, got.stderr)
	}
	for _, line := range lines[1:] {
		row := make(map[string]string)
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}
