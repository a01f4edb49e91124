package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// outputFile is a file that takes the place of an older one only when its recording has begun. The older one is kept
// beside it as PATH.old, as perf does: a recording may turn out to be empty.
type outputFile struct {
	*os.File // goes by its later name in errors
	begun    bool
}

func createOutput(path string) (*outputFile, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		file, err := os.OpenFile(path, os.O_WRONLY, 0) // a pipe or a device
		return &outputFile{file, true}, err
	}
	fd, err := unix.Open(path+beforeBegun, unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC|unix.O_CLOEXEC, 0o666)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path + beforeBegun, Err: err}
	}
	return &outputFile{os.NewFile(uintptr(fd), path), false}, nil
}

// beforeBegun is what a file's name has behind it until its recording has begun.
const beforeBegun = ".new"

func (o *outputFile) begin() error {
	if o.begun {
		return nil
	}
	o.begun = true
	if err := os.Rename(o.Name(), o.Name()+".old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the older file: %w", err)
	}
	return os.Rename(o.Name()+beforeBegun, o.Name())
}

func (o *outputFile) end() error {
	err := o.Close()
	if !o.begun {
		err = errors.Join(err, os.Remove(o.Name()+beforeBegun))
	}
	return err
}
