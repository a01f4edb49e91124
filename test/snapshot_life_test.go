package test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An app that aborts says in which op, and what was captured before stays.
func TestSnapshotOfAborts(t *testing.T) {
	custom := func(version string, args ...string) []string {
		return capi(t, version, append([]string{"--model", model(t, "custom")}, args...)...)
	}
	const inside, preparing = "ended inside EdgexrayTestCustom (node 1 of subgraph 0)", "ended inside the preparation of EdgexrayTestCustom (node 1 of subgraph 0)"
	for name, test := range map[string]struct {
		command  []string
		status   int
		words    string
		captures int
	}{
		"in a custom op":                      {custom("2.9.0", "--custom-op", "--abort-in-invoke"), 0, inside, 2},
		"in a custom op with user data":       {custom("2.17.1", "--custom-op-with-data", "--abort-in-invoke"), 0, inside, 2},
		"in its preparation":                  {custom("2.9.0", "--custom-op", "--abort-in-prepare"), 4, preparing, 0},
		"in its preparation, with user data":  {custom("2.17.1", "--custom-op-with-data", "--abort-in-prepare"), 4, preparing, 0},
		"in its 600th thread":                 {custom("2.17.1", "--custom-op", "--own-threads", "--interpreters", "600", "--abort-after", "599"), 0, inside, 2},
		"in a child":                          {custom("2.17.1", "--custom-op", "--abort-in-invoke", "--fork"), 0, inside, 2},
		"in LiteRT's reference SOFTMAX":       {litert(t, model(t, "mobilenet_v1_int8"), "--resolver", "builtin_ref"), 4, "ended inside the preparation of SOFTMAX (node 30 of subgraph 0)", 0},
		"in one after one that was all right": {[]string{"sh", "-c", strings.Join(capi(t, "2.9.0", "--model", model(t, "if")), " ") + "; " + strings.Join(custom("2.9.0", "--custom-op", "--abort-in-invoke"), " ")}, 0, inside, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := snapshotOf(t, append([]string{"--"}, test.command...)...)
			f := s.open(t)
			if s.status != test.status || strings.Count(s.stderr, test.words) == 0 || f.Cut != "" || len(f.Losses) > 0 || len(f.Captures) < test.captures {
				t.Errorf("exit status %d, cut %q, losses %v, %d captures, want %d, none, none, %d and %q\n%s",
					s.status, f.Cut, f.Losses, len(f.Captures), test.status, test.captures, test.words, s.stderr)
			}
			told := 0
			for _, p := range f.Processes {
				if p.Exited && p.LastWords == test.words {
					told++
				}
			}
			if told != 1 {
				t.Errorf("the file says of the processes: %v", f.Processes)
			}
		})
	}
}

// big is an app whose invokes have 98 tensors with 13.4 MB, of which the largest are larger than the smallest buffer's
// pieces.
func big(t *testing.T) []string {
	return capi(t, "2.17.1", "--model", model(t, "face_landmark"), "--invokes", "3", "--steps")
}

// An app that dies while it writes leaves one tensor that isn't whole.
func TestSnapshotOfKilled(t *testing.T) {
	// What its first node makes is larger than the buffer: it waits with a part of that.
	const captures = 66
	command := capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_float"), "--steps")
	recorder, s := startSnapshot(t, append([]string{"--buffer", "1MiB", "--"}, command...)...)
	recorder.step(t)
	waitForCaptures(t, s, captures) // or they still are in the buffer when the recorder stops
	app := childOf(t, recorder)
	recorder.command.Process.Signal(syscall.SIGSTOP)
	if _, err := io.WriteString(recorder.stdin, "\n"); err != nil {
		t.Fatal(err)
	}
	waitForRoom(t, app)
	if err := syscall.Kill(app, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	recorder.command.Process.Signal(syscall.SIGCONT)
	got := recorder.end(t)
	f := s.open(t)
	if got.status != 0 || !strings.Contains(got.stdout, "the command's exit status is 137") || f.Cut != "" {
		t.Errorf("exit status %d, cut %q\n%s", got.status, f.Cut, got.stdout)
	}
	found := capturesOf(f)
	if last := found[len(found)-1]; len(found) != captures+2 || last.Data != nil || last.Missing != "its process ended before all of it had come" {
		t.Errorf("%d captures, want %d; the last one is missing because %q", len(found), captures+2, last.Missing)
	}
	wantSame(t, takenInSteps(t, command, 2)[:captures+1], found[:captures+1], func(capture) bool { return true })
}

// waitForCaptures waits until a snapshot that is being taken has so many.
func waitForCaptures(t *testing.T, s taken, n int) {
	t.Helper()
	eventually(t, func() error {
		if got := len(s.open(t).Captures); got < n {
			return fmt.Errorf("%d captures, want %d", got, n)
		}
		return nil
	})
}

// childOf returns the process that a recorder runs.
func childOf(t *testing.T, r *running) int {
	t.Helper()
	var pid int
	pids := read(t, fmt.Sprintf("/proc/%[1]s/task/%[1]s/children", r.pid()))
	for _, task := range tasks(t, r.pid()) {
		pids = append(pids, read(t, fmt.Sprintf("/proc/%s/task/%s/children", r.pid(), task))...)
	}
	if _, err := fmt.Sscan(string(pids), &pid); err != nil {
		t.Fatalf("children of the recorder: %q", pids)
	}
	return pid
}

func tasks(t *testing.T, pid string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir("/proc/" + pid + "/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// waitForRoom waits until a process waits for room in the buffer: in futex, which is system call 202.
func waitForRoom(t *testing.T, pid int) {
	t.Helper()
	eventually(t, func() error {
		if call := read(t, fmt.Sprintf("/proc/%d/syscall", pid)); !strings.HasPrefix(string(call), "202 ") {
			return fmt.Errorf("process %d is in system call %q", pid, call)
		}
		return nil
	})
}

// A recorder that is killed leaves a file that can be read, and an app that goes on to its end: soon, although it waited.
func TestSnapshotRecorderKilled(t *testing.T) {
	hash := hashOf(t, lastLine(stepsAlone(t, big(t), 3).stdout))
	want := takenInSteps(t, big(t), 1)
	for name, waits := range map[string]bool{"between invokes": false, "while the app waits for it": true} {
		t.Run(name, func(t *testing.T) {
			recorder, s := startSnapshot(t, append([]string{"--buffer", "1MiB", "--"}, big(t)...)...)
			began := time.Now()
			recorder.step(t)
			step := time.Since(began) // as long as the machine takes for it now
			waitForCaptures(t, s, len(want))
			if waits {
				app := childOf(t, recorder)
				recorder.command.Process.Signal(syscall.SIGSTOP)
				if _, err := io.WriteString(recorder.stdin, "\n"); err != nil {
					t.Fatal(err)
				}
				waitForRoom(t, app)
			}
			recorder.command.Process.Kill()
			recorder.command.Process.Wait()
			killed := time.Now()
			if !waits {
				recorder.step(t)
			}
			recorder.wait(t, "ready\n", 3)
			if took := time.Since(killed); took > 3*time.Second+3*step {
				t.Errorf("the app took %v after its recorder was killed, %v before", took, step)
			}
			recorder.step(t)
			if got := recorder.end(t); hashOf(t, lastLine(got.stdout)) != hash {
				t.Errorf("the app ended with %s, want hash %s", lastLine(got.stdout), hash)
			}
			f := s.open(t)
			got := capturesOf(f)
			if f.Cut == "" || len(got) < len(want) {
				t.Fatalf("%d captures, cut %q; want %d and more, and a reason", len(got), f.Cut, len(want))
			}
			wantSame(t, want, got[:len(want)], func(capture) bool { return true })
			if shown := finish(t, edgexray(t, "tensors", s.file)); shown.status != 0 || !strings.Contains(shown.stdout, "INCOMPLETE: ") {
				t.Errorf("tensors: exit status %d\n%s%s", shown.status, shown.stdout, shown.stderr)
			}
		})
	}
}

// A recorder that doesn't move can't hold up the app for ever; what that does then is told to be missing.
func TestSnapshotRecorderStopped(t *testing.T) {
	hash := hashOf(t, lastLine(stepsAlone(t, big(t), 2).stdout))
	recorder, s := startSnapshot(t, append([]string{"--buffer", "1MiB", "--"}, big(t)...)...)
	recorder.step(t)
	recorder.command.Process.Signal(syscall.SIGSTOP)
	recorder.step(t)
	recorder.command.Process.Signal(syscall.SIGCONT)
	got := recorder.end(t)
	f := s.open(t)
	if f.Losses["gave_up_waiting"] != 1 || !strings.Contains(got.stdout, "gave_up_waiting 1") || f.Cut != "" || !strings.Contains(got.stdout, "from then on nothing was recorded") || !strings.Contains(got.stdout, hash) {
		t.Errorf("losses %v, cut %q, want a note and hash %s\n%s", f.Losses, f.Cut, hash, got.stdout)
	}
}

// Ctrl-C is the app's, the second one leaves it alone.
func TestSnapshotInterrupted(t *testing.T) {
	recorder, s := startSnapshot(t, append([]string{"--"}, big(t)...)...)
	recorder.step(t)
	recorder.command.Process.Signal(os.Interrupt)
	recorder.wait(t, "waiting for the command to end", 1)
	recorder.step(t)
	recorder.command.Process.Signal(os.Interrupt)
	recorder.wait(t, "the command goes on as process", 1)
	recorder.step(t) // without a recorder
	got := recorder.end(t)
	if f := s.whole(t); len(f.Captures) != 2*3*98 || got.status != 0 || !strings.Contains(got.stdout, "ended: interrupt") {
		t.Errorf("%d captures, want %d; exit status %d\n%s", len(f.Captures), 2*3*98, got.status, got.stdout)
	}
}

// A full disk ends the snapshot, not the app, and what was written is kept.
func TestSnapshotDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=20m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	command := capi(t, "2.9.0", "--model", model(t, "face_landmark"), "--invokes", "4")
	whole := capturesOf(snapshotCommand(t, command).whole(t))
	s := taken{file: filepath.Join(disk, "edge.tensors")}
	s.outcome = finish(t, edgexray(t, append([]string{"snapshot", "-o", s.file, "--"}, command...)...))
	wantFailure(t, s.outcome, 3, "write snapshot", s.file, "no space left on device", "what was captured until now is kept", "ended: write error")
	if hashOf(t, s.stdout) != hashOf(t, alone(t, command)) {
		t.Errorf("the app printed %s", s.stdout)
	}
	got := capturesOf(s.open(t))
	if len(got) < 98 || len(got) >= len(whole) {
		t.Fatalf("%d captures of %d", len(got), len(whole))
	}
	got = slices.DeleteFunc(got, func(c capture) bool { return c.Data == nil })
	wantSame(t, whole[:len(got)], got, func(capture) bool { return true })
}

// What a cut or damaged snapshot still holds can be read, and it says that it is cut; none makes the reader fail otherwise.
func TestDamagedSnapshot(t *testing.T) {
	whole := read(t, snapshotCommand(t, capi(t, "2.9.0", "--model", model(t, "while"), "--model", model(t, "dynamic"), "--interpreters", "2")).file)
	random := rand.New(rand.NewPCG(3, 4))
	const verbs = 3
	for i := range 24 {
		damaged := slices.Clone(whole)
		if i < 12 {
			damaged = damaged[:len(whole)*i/12]
		} else {
			at := random.IntN(len(whole))
			damaged[at] ^= 1 << random.IntN(8)
		}
		file := write(t, "damaged.tensors", damaged)
		for _, args := range [][]string{{"tensors", file}, {"tensors", file, "--show", "0"}, {"tensors", file, "--export", "npz", "-o", "-"}}[:1+i%verbs] {
			got := finish(t, edgexray(t, args...))
			wantNoPanic(t, got)
			switch {
			case got.status == 0, got.status == 4:
			case got.status == 2 && strings.Contains(got.stderr, file):
			default:
				t.Errorf("%v of damaged file %d: exit status %d\n%s", args, i, got.status, got.stderr)
			}
			if i < 12 && i > 0 && args[len(args)-1] == file && !strings.Contains(got.stdout, "INCOMPLETE: ") {
				t.Errorf("nothing says that %d of %d bytes are incomplete:\n%s", len(damaged), len(whole), got.stdout)
			}
		}
	}
	wantFailure(t, finish(t, edgexray(t, "tensors", write(t, "x.tensors", []byte("text")))), 2, "not an edgexray snapshot", "edgexray snapshot")
	wantFailure(t, finish(t, edgexray(t, "tensors", realTrace(t).trace)), 2, "but a trace", "edgexray ops")
	wantFailure(t, finish(t, edgexray(t, "ops", write(t, "x.tensors", whole))), 2, "not an edgexray trace")
	wantFailure(t, finish(t, edgexray(t, "tensors", "/no/such.tensors")), 2, "/no/such.tensors", "no such file")
}
