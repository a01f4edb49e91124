//go:build !linux && !darwin

package snapshot

import "os"

// writeAt writes parts one behind the other at an offset of the file.
func writeAt(f *os.File, offset int64, parts [][]byte) error {
	for _, p := range parts {
		n, err := f.WriteAt(p, offset)
		if err != nil {
			return err
		}
		offset += int64(n)
	}
	return nil
}
