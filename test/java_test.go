package test

import (
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/apps"
)

// javaMarked is MarkedApp.java, which marks what it does.
func javaMarked(t testing.TB, args ...string) []string {
	t.Helper()
	path := builds.Once(t, "MarkedApp", func(t testing.TB) string { return apps.JavaMarked(t) })
	return append([]string{"java", "-cp", path, "MarkedApp"}, args...)
}

// javaFrame is what MarkedApp marks in its second frame.
var javaFrame = []string{
	"frame_begin in 2", `before "camera" type 3 [3 4 3]rgb in 2`, `before "microphone" type 7 [2 2] at 16000 in 2`,
	`before "speech" type 1 [2 1] at 8000 in 2`, `before "bitmap" type 3 [1 2 4]bgra in 2`, `before "padded" type 3 [2 4 3]rgb in 2`,
	`before "planes" type 3 [3 4 1]nv21 in 2`, `before "resized" type 1 [1 2 2] in 2`, `before "question" "Grüße, 😀?" in 2`,
	`after "scores" type 1 [2] in 2`, `after "boxes" type 2 [2 2] in 2`, `after "top1" "dog" in 2`, `label "cat" in 2`,
	`metric "confidence" [0.25] in 2`, `sensor "light" [101] in 2`, `sensor "orientation" [1 -2.5 1] in 2`, "frame_end in 2",
}

// What a Java app marks is in its trace and in its snapshot, and the app does the same.
func TestJavaMarkers(t *testing.T) {
	command := javaMarked(t, "--bad", "--frames", "2")
	alone := finish(t, exec.Command(command[0], command[1:]...))
	if alone.status != 0 || !strings.Contains(alone.stdout, `"listening": false, "replayed": 0`) {
		t.Fatalf("exit status %d\n%s%s", alone.status, alone.stdout, alone.stderr)
	}
	same := func(name, got string) {
		t.Helper()
		if !strings.Contains(got, `"listening": true`) || hashOf(t, got) != hashOf(t, alone.stdout) {
			t.Errorf("%s: the app says %s, alone %s", name, got, alone.stdout)
		}
	}

	r := recordCommand(t, command)
	same("recorded", r.stdout)
	if lost := r.markers(t).Lost; len(lost) != 0 {
		t.Errorf("lost %v", lost)
	}
	var frame []string
	for _, m := range r.markersOf(t) {
		if m.Frame == 2 {
			frame = append(frame, saying(snapshot.Marked{Marker: m}))
		}
	}
	if diff := cmp.Diff(javaFrame, frame); diff != "" {
		t.Errorf("the trace (-want +got):\n%s", diff)
	}

	s := snapshotCommand(t, command)
	same("captured", s.stdout)
	f := s.open(t)
	if f.Cut != "" || len(f.Losses) != 0 {
		t.Errorf("cut %q, lost %v", f.Cut, f.Losses)
	}
	frame = nil
	for _, m := range f.Markers {
		if m.Frame == 2 {
			frame = append(frame, saying(m))
		}
	}
	if diff := cmp.Diff(javaFrame, frame); diff != "" {
		t.Errorf("the snapshot (-want +got):\n%s", diff)
	}
	filled := func(seed, from, n int) (b []byte) {
		for i := from; i < from+n; i++ {
			b = append(b, byte(i*7+seed))
		}
		return b
	}
	for key, want := range map[string][]byte{
		"camera": filled(1, 0, 36), "microphone": {1, 0, 255, 255, 2, 0, 3, 0}, "speech": {0, 0, 0, 0x3f, 0, 0, 0, 0xbf},
		"bitmap": {0x30, 0x20, 0x10, 0xff, 0x60, 0x50, 0x40, 0x80}, "padded": slices.Concat(filled(1, 0, 12), filled(1, 16, 12)),
		"planes": filled(1, 0, 12), "resized": filled(1, 4, 16), "scores": {0, 0, 0x80, 0x3e, 0, 0, 0x80, 0x3f},
	} {
		if list := keyed(f, key); len(list) != 2 || string(list[1].Data) != string(want) {
			t.Errorf("%s: %v, want % x in the second frame", key, list, want)
		}
	}
	for _, m := range f.Markers {
		if m.Frame == 0 && m.Type != 0 && m.Missing == "" && m.Key != "scalar" && m.Key != "silence" {
			t.Errorf("nothing is missing of %s", saying(m))
		}
	}

	replayed := finish(t, edgexray(t, append([]string{"snapshot", "--replay", s.file, "-o", filepath.Join(t.TempDir(), "again.tensors"), "--"}, command...)...))
	if !strings.Contains(replayed.stdout, `"replayed": 4`) || hashOf(t, replayed.stdout) != hashOf(t, alone.stdout) {
		t.Errorf("the app with what was recorded says %s\n%s", replayed.stdout, replayed.stderr)
	}
}

// Without its native library an app runs as it does without markers.
func TestJavaWithoutLibrary(t *testing.T) {
	command := javaMarked(t, "--bad", "--frames", "1")
	r := record(t, append([]string{"--", command[0], "-Dos.arch=abacus"}, command[1:]...)...)
	if !strings.Contains(r.stdout, `"listening": false`) || !strings.Contains(r.stderr, "the command's exit status is 0") || len(r.markersOf(t)) != 0 {
		t.Errorf("exit status %d, %d markers\n%s%s", r.status, len(r.markersOf(t)), r.stdout, r.stderr)
	}
}

// The tests of sdk/java, on Robolectric: what their phones' sensors say is in the trace.
func TestAndroidSensors(t *testing.T) {
	pom := filepath.Join(filepath.Dir(apps.MarkersInclude(t)), "java", "pom.xml")
	r := record(t, "--", "mvn", "--batch-mode", "--strict-checksums", "--file", pom, "-Dbuild="+t.TempDir(), "verify")
	if r.status != 0 || !strings.Contains(r.stdout, "Tests run: 3, Failures: 0, Errors: 0, Skipped: 0") {
		t.Fatalf("exit status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	var got []string
	for _, m := range r.markersOf(t) {
		s := m.Key
		for _, v := range m.Numbers {
			s += fmt.Sprintf(" %.3g", math.Round(v*1000)/1000+0) // no -0
		}
		got = append(got, s)
	}
	if diff := cmp.Diff([]string{"orientation -90 0 0", "motion 0.5 -1.5 2", "light 320", "light 80"}, got); diff != "" {
		t.Errorf("what was marked (-want +got):\n%s", diff)
	}
}
