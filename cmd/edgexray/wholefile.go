package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// writeWhole writes a file that is there only once it is whole; until then it is path.part. What isn't a file, such as a
// device, is written as it comes.
func writeWhole(path string, write func(io.Writer) error) error {
	part := path + ".part"
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		part = path
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.Create(part)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<16)
	err = write(w)
	if full := w.Flush(); full != nil {
		err = fmt.Errorf("%w (nothing was written to %s: make room there, or choose another one with -o)", full, path)
	}
	err = errors.Join(err, f.Close())
	switch {
	case part == path:
		return err
	case err != nil:
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, path)
}
