package test

import (
	"bytes"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
)

// A recorder that gets no time can't make room: what is lost then is counted exactly, what is in the file is whole, and the
// app doesn't wait. An invoke of this model has 98 tensors with 13.4 MB.
func TestLostTensors(t *testing.T) {
	const steps, invokes, tensors = 3, 3, 98
	command := capi(t, "2.17.1", "--model", model(t, "face_landmark"), "--invokes", "3", "--steps")
	hash := hashOf(t, lastLine(stepsAlone(t, command, steps).stdout))
	whole := takenInSteps(t, command, steps)
	data := make(map[string][]byte)
	var total uint64
	for _, c := range whole {
		data[c.said()] = c.Data
		total += uint64(len(c.Data))
	}
	if len(whole) != steps*invokes*tensors {
		t.Fatalf("%d captures, want %d", len(whole), steps*invokes*tensors)
	}
	for name, test := range map[string]struct {
		flags []string
		check func(t *testing.T, f *snapshot.File, captured uint64)
	}{
		"drop": {[]string{"--when-full", "drop", "--buffer", "16MiB"}, func(t *testing.T, f *snapshot.File, captured uint64) {
			lost, bytes := f.Losses["tensors_dropped"], f.Losses["tensor_bytes_dropped"]
			if uint64(len(f.Captures))+lost != uint64(len(whole)) || captured+bytes != total || lost < tensors {
				t.Errorf("%d captures of %d bytes and %d lost of %d bytes, want %d of %d", len(f.Captures), captured, lost, bytes, len(whole), total)
			}
		}},
		"sample": {[]string{"--when-full", "sample", "--buffer", "32MiB"}, func(t *testing.T, f *snapshot.File, captured uint64) {
			in := make(map[uint64]int)
			for _, c := range f.Captures {
				in[c.Invoke]++
			}
			for invoke, n := range in {
				if n != tensors {
					t.Errorf("%d captures of invoke %d, want %d or none", n, invoke, tensors)
				}
			}
			// Two leave less than half of the buffer.
			if lost := f.Losses["invokes_skipped"]; len(in) != steps*invokes-int(lost) || lost < invokes-2 {
				t.Errorf("%d invokes and %d skipped, want %d", len(in), lost, steps*invokes)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			recorder, s := startSnapshot(t, append(append(test.flags, "--"), command...)...)
			recorder.step(t)
			recorder.command.Process.Signal(syscall.SIGSTOP)
			recorder.step(t)
			recorder.command.Process.Signal(syscall.SIGCONT)
			recorder.step(t)
			got := recorder.end(t)
			f := s.open(t)
			var captured uint64
			for _, c := range capturesOf(f) {
				captured += uint64(len(c.Data))
				if want, there := data[c.said()]; !there || !bytes.Equal(c.Data, want) {
					t.Errorf("%s has other data than with room", c.said())
				}
			}
			test.check(t, f, captured)
			if got.status != 0 || !strings.Contains(got.stdout, "LOST: ") || !strings.Contains(got.stdout, hash) || f.Cut != "" {
				t.Errorf("exit status %d, cut %q, want 0, what was lost, and hash %s\n%s", got.status, f.Cut, hash, got.stdout)
			}
		})
	}
}

// A budget ends the capture, not the app.
func TestBudgetOfTensors(t *testing.T) {
	command := capi(t, "2.9.0", "--model", model(t, "face_landmark"), "--invokes", "2")
	whole := capturesOf(snapshotCommand(t, command).whole(t))
	s := snapshotCommand(t, command, "--budget", "3MB")
	got := capturesOf(s.open(t))
	bytes := 0
	for _, c := range got {
		bytes += len(c.Data)
	}
	lost := s.open(t).Losses["tensors_over_budget"]
	if len(got) == 0 || len(got)+int(lost) != len(whole) || bytes > 3e6 || !strings.Contains(s.stderr, "tensors_over_budget") {
		t.Errorf("%d captures of %d bytes, %d over the budget; want %d together\n%s", len(got), bytes, lost, len(whole), s.stderr)
	}
	wantSame(t, whole[:len(got)], got, func(capture) bool { return true })
}

// startSnapshot starts `edgexray snapshot` of an app that was made for --steps, and returns when that waits for a line.
func startSnapshot(t testing.TB, args ...string) (*running, taken) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "edge.tensors")
	recorder := start(t, edgexray(t, append([]string{"snapshot", "-o", file}, args...)...))
	recorder.wait(t, "ready\n", 1)
	return recorder, taken{file: file}
}

// takenInSteps returns all captures of an app that was made for --steps.
func takenInSteps(t *testing.T, command []string, steps int) []capture {
	t.Helper()
	file := filepath.Join(t.TempDir(), "edge.tensors")
	recorder := edgexray(t, append([]string{"snapshot", "-o", file, "--"}, command...)...)
	recorder.Stdin = strings.NewReader(strings.Repeat("\n", steps))
	s := taken{finish(t, recorder), file}
	return capturesOf(s.whole(t))
}
