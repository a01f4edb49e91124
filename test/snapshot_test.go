package test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
)

// taken is what `edgexray snapshot` left.
type taken struct {
	outcome
	file string
}

// snapshotOf runs `edgexray snapshot` with a new file to its end.
func snapshotOf(t testing.TB, args ...string) taken {
	t.Helper()
	file := filepath.Join(t.TempDir(), "edge.tensors")
	return taken{finish(t, edgexray(t, append([]string{"snapshot", "-o", file}, args...)...)), file}
}

// snapshotCommand takes one of a command, which must succeed.
func snapshotCommand(t testing.TB, command []string, flags ...string) taken {
	t.Helper()
	s := snapshotOf(t, append(append(flags, "--"), command...)...)
	if s.status != 0 || !strings.Contains(s.stderr, "the command's exit status is 0\n") {
		t.Fatalf("snapshot %q: exit status %d\n%s", command, s.status, s.stderr)
	}
	return s
}

// open reads the file.
func (s taken) open(t testing.TB) *snapshot.File {
	t.Helper()
	f, err := snapshot.Open(s.file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// whole is open for a snapshot that must not miss anything.
func (s taken) whole(t testing.TB) *snapshot.File {
	t.Helper()
	f := s.open(t)
	if f.Cut != "" || f.End == nil || len(f.Losses) > 0 || len(f.Captures) == 0 {
		t.Fatalf("cut %q, end %v, losses %v, %d captures; want a whole snapshot\n%s", f.Cut, f.End, f.Losses, len(f.Captures), s.stderr)
	}
	return f
}

// alone returns what a command prints that must succeed, without edgexray.
func alone(t testing.TB, command []string) string {
	t.Helper()
	got := finish(t, exec.Command(command[0], command[1:]...))
	if got.status != 0 {
		t.Fatalf("run %q: exit status %d\n%s", command, got.status, got.stderr)
	}
	return got.stdout
}
