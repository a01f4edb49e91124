package test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/edgexray/edgexray/test/parts"
)

// Where the shim can't go, that is said, and an older file stays.
func TestShimRefused(t *testing.T) {
	static := edgexray(t).Path
	privileged := filepath.Join(t.TempDir(), "privileged")
	run(t, "cp", "/bin/true", privileged)
	if err := errors.Join(os.Chown(privileged, 4711, 4711), os.Chmod(privileged, 0o755|os.ModeSetuid)); err != nil {
		t.Fatal(err)
	}
	arm64 := parts.Path(t, "tflite-2.9.0/arm64/libtensorflowlite_c.so")
	for name, test := range map[string]struct {
		command []string
		status  int
		texts   []string
	}{
		"no such command":   {[]string{"/no/such-command"}, 2, []string{"run /no/such-command", "no such file"}},
		"a static program":  {[]string{static, "doctor"}, 3, []string{"run " + static, "LD_PRELOAD has no effect", "statically"}},
		"a set-user-ID one": {[]string{privileged}, 3, []string{"LD_PRELOAD has no effect", "user 4711"}},
		"386":               {[]string{copyOf(t, "../symbolize/testdata/386.so")}, 4, []string{"no shim for", "EM_386"}},
		"not run here":      {[]string{copyOf(t, arm64)}, 3, []string{"statically"}}, // a library has no dynamic linker
		"no TFLite":         {[]string{"true"}, 4, []string{"nothing to capture", "no TFLite runtime was loaded"}},
		"no invoke":         {litert(t, model(t, "while"), "--invokes", "0"), 4, []string{"ran no op"}},
		"a cleaned environment": {append([]string{"env", "-u", "LD_PRELOAD", "-u", "EDGEXRAY_SHIM"}, capi(t, "2.9.0", "--model", model(t, "while"))...), 4,
			[]string{"no TFLite runtime was loaded"}},
	} {
		for _, verb := range [][]string{{"snapshot"}, {"record", "--via", "shim"}} {
			t.Run(name+" "+verb[0], func(t *testing.T) {
				path := write(t, "older", []byte("kept"))
				args := append(append(slices.Clone(verb), "-o", path, "--"), test.command...)
				wantFailure(t, finish(t, edgexray(t, args...)), test.status, append(test.texts, verb[0]+": ")...)
				if _, err := os.Stat(path + ".old"); err != nil && string(read(t, path)) != "kept" {
					t.Error("the older file is gone")
				}
			})
		}
	}
	for _, args := range [][]string{
		{"record", "--via", "shim", "-p", "1"}, {"record", "--via", "shim", "--heap", "--", "true"},
		{"record", "--via", "shim", "--only", "process=x", "--", "true"}, {"record", "--via", "wire", "--", "true"},
		{"snapshot"}, {"snapshot", "--invokes", "x", "--", "true"}, {"snapshot", "--budget", "much", "--", "true"},
		{"snapshot", "--buffer", "3MB", "--", "true"}, {"snapshot", "--when-full", "x", "--", "true"},
	} {
		wantFailure(t, finish(t, edgexray(t, args...)), 2)
	}
}

func copyOf(t *testing.T, path string) string {
	t.Helper()
	copied := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.WriteFile(copied, read(t, path), 0o755); err != nil {
		t.Fatal(err)
	}
	return copied
}

// What an app was doing when it died is told, and what was captured stays.
func TestShimAborts(t *testing.T) {
	for name, test := range map[string]struct {
		command []string
		status  int
		words   string
	}{
		"in an invoke": {capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op", "--abort-in-invoke"), 0,
			"died in EdgexrayTestCustom (node 1) of subgraph 0"},
		"in a prepare": {litert(t, model(t, "mobilenet_v1_int8"), "--resolver", "builtin_ref"), 4,
			"died in SOFTMAX (node 30) of subgraph 0 while preparing"},
	} {
		t.Run(name, func(t *testing.T) {
			got := snapshotOf(t, append([]string{"--"}, test.command...)...)
			if got.status != test.status || !strings.Contains(got.stderr, "the command's exit status is 134\n") || !strings.Contains(got.stderr, test.words) {
				t.Errorf("exit status %d, want %d, a command's of 134 and %q\n%s", got.status, test.status, test.words, got.stderr)
			}
			file, told := got.open(t), 0
			for _, p := range file.Processes {
				if p.Exited && strings.Contains(p.LastWords, test.words) {
					told++
				}
			}
			if told != 1 || file.Cut != "" {
				t.Errorf("the file says of the processes: %v, cut %q", file.Processes, file.Cut)
			}
		})
	}
}

// A disk that is full ends the capture, not the app.
func TestSnapshotDiskFull(t *testing.T) {
	disk := t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=2m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	app := capi(t, "2.9.0", "--model", model(t, "face_landmark"), "--invokes", "20")
	path := filepath.Join(disk, "edge.tensors")
	got := taken{finish(t, edgexray(t, append([]string{"snapshot", "--buffer", "1MiB", "-o", path, "--"}, app...)...)), path}
	wantFailure(t, got.outcome, 3, "write snapshot", "no space left on device", "ended: write error", "the command's exit status is 0")
	if strings.Contains(got.stderr, path+".new") {
		t.Errorf("the error names a file that isn't there:\n%s", got.stderr)
	}
	if alone := alone(t, app); hashOf(t, got.stdout) != hashOf(t, alone) {
		t.Errorf("the app printed %s, without a recorder %s", got.stdout, alone)
	}
	if file := got.open(t); len(file.Captures) == 0 || file.Losses["snapshot not writable"] == 0 {
		t.Errorf("%d captures, losses %v", len(file.Captures), file.Losses)
	}
}

// An app goes on when its recorder is killed, and the file can be read; the
// same when the app is.
func TestSnapshotKilled(t *testing.T) {
	app := capi(t, "2.9.0", "--model", model(t, "face_landmark"), "--invokes", "30")
	path := filepath.Join(t.TempDir(), "edge.tensors")
	recorder := edgexray(t, append([]string{"snapshot", "--buffer", "1MiB", "-o", path, "--"}, app...)...)
	var out bytes.Buffer
	recorder.Stdout = &out // its pipe is open until the app ends
	if err := recorder.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if info, err := os.Stat(path); err == nil && info.Size() > 1<<20 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no captures within a minute")
		}
	}
	recorder.Process.Kill()
	recorder.Wait()
	if alone := alone(t, app); hashOf(t, out.String()) != hashOf(t, alone) {
		t.Errorf("the app printed %s, without a recorder %s", &out, alone)
	}
	if file := (taken{file: path}).open(t); len(file.Captures) == 0 || file.End != nil {
		t.Errorf("%d captures, end %v", len(file.Captures), file.End)
	}
	killed := snapshotOf(t, "--", "sh", "-c", `"$0" "$@" & sleep 1; kill -KILL $!; wait $!`,
		app[0], app[1], app[2], app[3], app[4], "--invokes", "100000")
	if killed.status != 0 || !strings.Contains(killed.stderr, "the command's exit status is 137") {
		t.Errorf("exit status %d\n%s", killed.status, killed.stderr)
	}
	if file := killed.open(t); len(file.Captures) == 0 || file.End == nil || file.Cut != "" {
		t.Errorf("%d captures, end %v, cut %q", len(file.Captures), file.End, file.Cut)
	}
}
