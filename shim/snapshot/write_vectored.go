//go:build linux || darwin

package snapshot

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// writeAt writes parts one behind the other at an offset of the file, in one system call as far as the system takes
// them. Parts are changed.
func writeAt(f *os.File, offset int64, parts [][]byte) error {
	for parts = without(parts, 0); len(parts) > 0; {
		n, err := unix.Pwritev(int(f.Fd()), parts, offset)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return &os.PathError{Op: "write", Path: f.Name(), Err: err}
		case n == 0:
			return &os.PathError{Op: "write", Path: f.Name(), Err: io.ErrShortWrite}
		}
		offset += int64(n)
		parts = without(parts, n)
	}
	return nil
}

// without returns parts without their first n bytes.
func without(parts [][]byte, n int) [][]byte {
	for len(parts) > 0 && n >= len(parts[0]) {
		n -= len(parts[0])
		parts = parts[1:]
	}
	if len(parts) > 0 {
		parts[0] = parts[0][n:]
	}
	return parts
}
