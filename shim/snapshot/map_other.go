//go:build !unix

package snapshot

import (
	"fmt"
	"io"
	"os"
	"unsafe"
)

// mapFile reads a file of so many bytes into aligned memory, where it can't be mapped.
func mapFile(f *os.File, size int) (data []byte, unmap func() error, err error) {
	room := make([]byte, size+Align)
	skip := padding(uint64(uintptr(unsafe.Pointer(&room[0]))))
	data = room[skip : skip+uint64(size)]
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, nil, fmt.Errorf("read %d bytes: %w", size, err)
	}
	return data, func() error { return nil }, nil
}

func readSparsely([]byte, bool) {}

func release([]byte, int, int) {}
