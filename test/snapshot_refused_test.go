package test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/edgexray/edgexray/test/apps"
)

// A snapshot that can't begin leaves an older one as it is.
func TestSnapshotRefused(t *testing.T) {
	static := edgexray(t).Path
	arm64 := builds.Once(t, "capi-arm64", func(t testing.TB) string { return apps.CAPI(t, "arm64") })
	text := write(t, "text", []byte("neither a program nor a script\n"))
	if err := os.Chmod(text, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args   []string
		status int
		texts  []string
	}{
		"no command":        {nil, 2, []string{"no command named", "edgexray snapshot -- CMD"}},
		"no such program":   {[]string{"--", "/no/such/program"}, 2, []string{"run /no/such/program", "no such file"}},
		"not in PATH":       {[]string{"--", "no-such-program"}, 2, []string{"run no-such-program", "not found in $PATH"}},
		"neither program":   {[]string{"--", text}, 2, []string{"run " + text, "not an ELF file"}},
		"static":            {[]string{"--", static, "doctor"}, 3, []string{"run " + static, "LD_PRELOAD has no effect", "statically", "edgexray record reaches it"}},
		"arm64's":           {[]string{"--", arm64}, 4, []string{"run " + arm64, "no shim for this kind of program", "on the device itself"}},
		"unknown way":       {[]string{"--when-full", "never", "--", "true"}, 2, []string{"--when-full never", "block, drop or sample"}},
		"unknown kernels":   {[]string{"--kernels", "magic", "--", "true"}, 2, []string{"--kernels magic", "builtin"}},
		"invokes backwards": {[]string{"--invokes", "5-2", "--", "true"}, 2, []string{"--invokes 5-2", "not a range", "10-20"}},
		"invoke 0":          {[]string{"--invokes", "0", "--", "true"}, 2, []string{"the first one is 1"}},
		"no power of two":   {[]string{"--buffer", "3MiB", "--", "true"}, 2, []string{"3145728 bytes", "power of two"}},
		"no number":         {[]string{"--budget", "much", "--", "true"}, 2, []string{"--budget", "not a number of bytes"}},
		"no such node":      {[]string{"--only", "7-3", "--", "true"}, 2, []string{"7-3"}},
	} {
		t.Run(name, func(t *testing.T) {
			older := write(t, "edge.tensors", []byte("older"))
			wantFailure(t, finish(t, edgexray(t, append([]string{"snapshot", "-o", older}, test.args...)...)), test.status, test.texts...)
			if got := read(t, older); string(got) != "older" {
				t.Errorf("the older snapshot was replaced by %d bytes", len(got))
			}
			if files, err := os.ReadDir(filepath.Dir(older)); err != nil || len(files) != 1 {
				t.Errorf("files are left: %v, %v", files, err)
			}
		})
	}
	for name, output := range map[string]string{"in no folder": "/no/such/edge.tensors", "where none can be": "/proc/edge.tensors", "a folder": t.TempDir()} {
		t.Run("output "+name, func(t *testing.T) {
			wantFailure(t, finish(t, edgexray(t, "snapshot", "-o", output, "--", "true")), 2, "create the file", output, "-o")
		})
	}
}

// A command in which there is nothing to capture ends as ever; the snapshot is a whole one without captures.
func TestNothingToCapture(t *testing.T) {
	app := capi(t, "2.9.0", "--model", model(t, "while"))
	for name, test := range map[string]struct {
		args  []string
		texts []string
	}{
		"no runtime":           {[]string{"--", "sh", "-c", "exit 5"}, []string{"no TFLite runtime was loaded", "exit status is 5"}},
		"environment cleared":  {append([]string{"--", "env", "-i"}, app...), []string{"clears the environment", "exit status is 0"}},
		"without /proc":        {append([]string{"--", "unshare", "-m", "sh", "-c", `umount -l /proc; exec "$0" "$@"`}, app...), []string{"exit status is 0"}},
		"static child":         {[]string{"--", "sh", "-c", edgexray(t).Path + " nothing"}, []string{"static or privileged program", "exit status is 2"}},
		"no invoke":            {append(append([]string{"--"}, app...), "--invokes", "0"), []string{"ran no op that was asked for", "exit status is 0"}},
		"nothing selected":     {append([]string{"--only", "CONV_2D", "--tensors", "no-such", "--"}, app...), []string{"ran no op that was asked for", "exit status is 0"}},
		"an invoke never made": {append([]string{"--invokes", "2-", "--"}, app...), []string{"ran no op that was asked for", "exit status is 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := snapshotOf(t, test.args...)
			wantFailure(t, s.outcome, 4, append(test.texts, "captured 0 tensors", "nothing to capture")...)
			if f := s.open(t); f.Cut != "" || f.End == nil || len(f.Captures) != 0 {
				t.Errorf("cut %q, end %v, %d captures", f.Cut, f.End, len(f.Captures))
			}
			wantFailure(t, finish(t, edgexray(t, "tensors", s.file, "--export", "npz")), 4, "no capture has data")
		})
	}
}

// asNobody makes the command run as a user without rights, with a home of its own in home.
func asNobody(command *exec.Cmd, home string) *exec.Cmd {
	const nobody = 65534
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	command.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME=")
	command.Dir = home
	return command
}

// forEverybody copies files to a folder in which every user may read and write, and returns the folder.
func forEverybody(t *testing.T, files ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "edgexray-everybody")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, file := range files {
		run(t, "cp", file, dir)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// The shim needs no root.
func TestShimWithoutRoot(t *testing.T) {
	app := capi(t, "2.17.1")
	binary, library, while := app[0], library(t, "2.17.1"), model(t, "while")
	dir := forEverybody(t, edgexray(t).Path, binary, library, while, "/bin/true")
	in := func(file string) string { return filepath.Join(dir, filepath.Base(file)) }
	run(t, "chmod", "u+s", in("true"))
	command := []string{in(binary), "--library", in(library), "--model", in(while), "--invokes", "5"}
	edgexrayAs := func(home string, args ...string) outcome {
		return finish(t, asNobody(exec.Command(in("edgexray"), args...), home))
	}

	for name, home := range map[string]string{"cache": dir, "no home": "/"} { // of the library to preload
		t.Run(name, func(t *testing.T) {
			s := taken{file: filepath.Join(dir, "edge.tensors")}
			s.outcome = edgexrayAs(home, append([]string{"snapshot", "-o", s.file, "--"}, command...)...)
			if f := s.whole(t); s.status != 0 || len(f.Captures) != 5*116 {
				t.Errorf("exit status %d, %d captures, want 0 and %d\n%s", s.status, len(f.Captures), 5*116, s.stderr)
			}
		})
	}
	t.Run("record", func(t *testing.T) {
		r := recording{trace: filepath.Join(dir, "run.xray")}
		r.outcome = edgexrayAs(dir, append([]string{"record", "--via", "shim", "-o", r.trace, "--"}, command...)...)
		result := r.ops(t)
		wantNothingLost(t, result)
		if m := result.model(t); r.status != 0 || m.Invokes != 5 || m.count() != 5*62 || m.SHA256 == "" {
			t.Errorf("exit status %d, %d invokes of %d ops\n%s", r.status, m.Invokes, m.count(), r.stderr)
		}
		if profile := finish(t, edgexray(t, "pprof", r.trace, "-o", "-")); profile.status != 0 || profile.stdout == "" {
			t.Errorf("pprof: exit status %d\n%s", profile.status, profile.stderr)
		}
	})
	t.Run("set-user-ID", func(t *testing.T) {
		wantFailure(t, edgexrayAs(dir, "snapshot", "-o", filepath.Join(dir, "x"), "--", in("true")), 3, "LD_PRELOAD has no effect", "set-user-ID", "copy it")
	})
	t.Run("output not allowed", func(t *testing.T) {
		wantFailure(t, edgexrayAs(dir, "snapshot", "-o", "/etc/edge.tensors", "--", "true"), 3, "create the file", "/etc/edge.tensors", "permission denied", "-o")
	})
	t.Run("others' directory of temporary files", func(t *testing.T) {
		mine := filepath.Join(dir, fmt.Sprintf("edgexray-%d", 65534)) // not nobody's
		if err := os.Mkdir(mine, 0o777); err != nil {
			t.Fatal(err)
		}
		command := asNobody(exec.Command(in("edgexray"), "snapshot", "-o", filepath.Join(dir, "x"), "--", "true"), "/")
		command.Env = append(command.Env, "TMPDIR="+dir)
		wantFailure(t, finish(t, command), 3, "another user's", "XDG_CACHE_HOME")
	})
}

// What the user preloads stays: here the runtime itself, which is thereby there before the program is.
func TestPreloadIsKept(t *testing.T) {
	for _, version := range []string{"2.9.0", "2.17.1"} {
		t.Run(version, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "edge.tensors")
			command := edgexray(t, append([]string{"snapshot", "-o", file, "--", "sh", "-c", `echo "$LD_PRELOAD"; exec "$0" "$@"`},
				capi(t, version, "--model", model(t, "if"))...)...)
			command.Env = append(command.Env, "LD_PRELOAD="+library(t, version))
			s := taken{finish(t, command), file}
			if f := s.whole(t); s.status != 0 || len(f.Captures) == 0 || !strings.Contains(s.stdout, ":"+library(t, version)+"\n") {
				t.Errorf("exit status %d, %d captures\n%s%s", s.status, len(f.Captures), s.stdout, s.stderr)
			}
		})
	}
}
