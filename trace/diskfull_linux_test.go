package trace

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A real full disk, a tmpfs of 64 KiB (this test needs root): the file ends with its last whole block and the end
// record, the error comes once, and what could not be written is counted.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("edgexray-test", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatalf("mount tmpfs: %v (run the tests as root)", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "full.xray")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(f, &Header{})
	if err != nil {
		t.Fatal(err)
	}
	var added uint64
	var errs []error
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	mobileNet(400, func(op Op) {
		added++
		note(w.AddOp(op))
		if added%2000 == 0 {
			note(w.Flush(op.Start))
		}
	})
	note(w.Close(&End{Reason: "write error"}))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if len(errs) != 1 || !errors.Is(errs[0], syscall.ENOSPC) {
		t.Errorf("errors %v, want one of ENOSPC", errs)
	}

	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(file)) != w.Bytes() {
		t.Errorf("%d bytes on disk, writer says %d", len(file), w.Bytes())
	}
	r, blocks, ops := readAll(t, bytes.Clone(file))
	if r.Truncated() != nil {
		t.Error(r.Truncated())
	}
	if uint64(len(ops)) != w.Ops() || w.Ops() == 0 || w.Ops()+w.Unwritten() != added {
		t.Errorf("added %d, read %d, writer says %d written and %d not", added, len(ops), w.Ops(), w.Unwritten())
	}
	last := blocks[len(blocks)-1]
	if len(last.Losses) != 1 || last.Losses[0].Cause != LossUnwritten || last.Losses[0].Count != w.Unwritten() {
		t.Errorf("losses %v", last.Losses)
	}
}
