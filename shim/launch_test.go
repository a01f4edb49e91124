package shim

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// copied copies a program.
func copied(t *testing.T, from string, mode os.FileMode) string {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(from))
	if err := errors.Join(os.WriteFile(path, content, 0o755), os.Chmod(path, mode)); err != nil {
		t.Fatal(err)
	}
	return path
}

func script(t *testing.T, interpreter string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#! "+interpreter+" -x\ntrue\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheck(t *testing.T) {
	privileged := copied(t, "/bin/true", 0o755)
	if err := os.Chown(privileged, 4711, 4711); err != nil {
		t.Fatalf("%v (run the tests as root)", err)
	}
	if err := os.Chmod(privileged, 0o755|os.ModeSetuid); err != nil {
		t.Fatal(err)
	}
	const static = "../symbolize/testdata/amd64.exe"
	for _, c := range []struct {
		name, path string
		err        error
		why        string
	}{
		{"a program", "/bin/true", nil, ""},
		{"a script", script(t, "/bin/sh"), nil, ""},
		{"a script for a script", script(t, script(t, "/bin/sh")), nil, ""},
		{"a script without its interpreter", script(t, "/no/such/interpreter"), os.ErrNotExist, "/no/such/interpreter"},
		{"static", static, ErrUnreachable, "statically"},
		{"a script for a static program", script(t, static), ErrUnreachable, "statically"},
		{"set-user-ID", privileged, ErrUnreachable, "user 4711"},
		{"set-user-ID of our own", copied(t, "/bin/true", 0o755|os.ModeSetuid), nil, ""},
		{"another processor", "../symbolize/testdata/386.so", ErrOtherMachine, "386"},
		{"an unknown processor", unknownProcessor(t), ErrOtherMachine, "RISCV"},
		{"nothing", "/no/such/program", os.ErrNotExist, "no such file"},
	} {
		machine, err := check(c.path)
		if !errors.Is(err, c.err) || c.err != nil && !strings.Contains(fmt.Sprint(err), c.why) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && machine != elf.EM_X86_64 && machine != elf.EM_AARCH64 {
			t.Errorf("%s: for %v", c.name, machine)
		}
	}
}

func unknownProcessor(t *testing.T) string {
	path := copied(t, "/bin/true", 0o755)
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	const machineAt = 18 // e_machine
	_, err = file.WriteAt([]byte{byte(elf.EM_RISCV), byte(elf.EM_RISCV >> 8)}, machineAt)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// The library is put in place once, again if it was changed, and elsewhere where it can't be.
func TestExtract(t *testing.T) {
	cache, temporary := t.TempDir(), t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("TMPDIR", temporary)
	whole := func(in string) string {
		t.Helper()
		path, err := extract(elf.EM_ARM)
		content, readErr := os.ReadFile(path)
		if err := errors.Join(err, readErr); err != nil || !bytes.Equal(content, arm) || !strings.HasPrefix(path, in) {
			t.Fatalf("%s: %v", path, err)
		}
		return path
	}
	path := whole(cache)
	if err := os.WriteFile(path, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole(cache)
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.Chown(filepath.Dir(path), 4711, 4711); err != nil {
		t.Fatal(err)
	}
	whole(temporary) // the cache is somebody else's
	t.Setenv("XDG_CACHE_HOME", filepath.Join(cache, "of: somebody"))
	whole(temporary) // no name that LD_PRELOAD can have
}

func TestPreloading(t *testing.T) {
	got := preloading([]string{"A=1", "LD_PRELOAD=/x.so:/y.so", "EDGEXRAY_SHIM=/old", "B=2"}, "/shim.so", "/proc/1/fd/2")
	want := []string{"A=1", "B=2", "LD_PRELOAD=/shim.so:/x.so:/y.so", "EDGEXRAY_SHIM=/proc/1/fd/2"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestStatusOfCommand(t *testing.T) {
	for line, want := range map[string]int{"exit 0": 0, "exit 3": 3, "kill -KILL $$": 137} {
		c, err := start(exec.Command("sh", "-c", line))
		if err != nil {
			t.Fatal(err)
		}
		if <-c.exited; c.status != want || !c.hasExited() {
			t.Errorf("%s: %d", line, c.status)
		}
	}
}
