//go:build unix

package snapshot

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a file of so many bytes. Until unmap, the file must not shrink.
func mapFile(f *os.File, size int) (data []byte, unmap func() error, err error) {
	data, err = unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, fmt.Errorf("map %d bytes: %w", size, err)
	}
	return data, func() error { return unix.Munmap(data) }, nil
}

// readSparsely says that from now on little will be read of a mapped file here and there, or all of it again. It only
// makes a difference to how much the system reads ahead, so errors don't matter.
func readSparsely(data []byte, sparsely bool) {
	advice := unix.MADV_NORMAL
	if sparsely {
		advice = unix.MADV_RANDOM
	}
	_ = unix.Madvise(data, advice)
}

// release gives back the memory that a part of a mapped file takes, whole pages around it.
func release(mapped []byte, from, to int) {
	from -= from % os.Getpagesize()
	_ = unix.Madvise(mapped[from:to], unix.MADV_DONTNEED) // without it, it only takes more memory
}
