package snapshot

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// fullDisk mounts a real small disk, a tmpfs of 256 KiB (this needs root), and makes a file on it.
func fullDisk(t *testing.T) *os.File {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("edgexray-test", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatalf("mount tmpfs: %v (run the tests as root)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	f, err := os.Create(filepath.Join(dir, "full.tensors"))
	must(t, err)
	return f
}

// The file ends with its last whole record and the end record, the error comes once, and what could not be written is
// counted.
func TestDiskFull(t *testing.T) {
	for _, c := range []struct {
		name string
		add  func(*Writer) error
	}{
		{"at once", func(w *Writer) error { return w.Add(&Capture{Node: 1}, sequence(5000)) }},
		{"in pieces", func(w *Writer) error {
			p, err := w.Begin(&Capture{Node: 1}, 5000)
			_, writeErr := p.WriteAt(sequence(5000), 0)
			return errors.Join(err, writeErr, p.Finish(""))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := fullDisk(t)
			w := begin(t, out)
			const added = 100
			var failed []error
			for range added {
				if err := c.add(w); err != nil {
					failed = append(failed, err)
				}
			}
			must(t, w.Close(nil, &trace.End{Reason: "write error"}))
			must(t, out.Close())
			if len(failed) != 1 || !errors.Is(failed[0], syscall.ENOSPC) {
				t.Errorf("errors %v, want one of ENOSPC", failed)
			}
			f, err := Open(out.Name())
			must(t, err)
			defer f.Close()
			if f.Cut != "" || f.End.GetOps() != uint64(len(f.Captures)) {
				t.Errorf("cut %q, end %v", f.Cut, f.End)
			}
			if len(f.Captures) == 0 || uint64(len(f.Captures))+f.Losses[LossUnwritten] != added || f.Losses[LossUnwritten] != w.Unwritten() {
				t.Errorf("%d captures and losses %v of %d", len(f.Captures), f.Losses, added)
			}
			for i, capture := range f.Captures {
				if capture.Data == nil && (i < len(f.Captures)-1 || capture.Missing == "") {
					t.Errorf("capture %d has no data: %q", i, capture.Missing)
				}
			}
		})
	}
}
