package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// outputFile is a file that takes the place of an older one only when its recording has begun. The older one is kept
// beside it as PATH.old, as perf does: a recording may turn out to be empty.
type outputFile struct {
	*os.File
	path  string
	begun bool
}

func createOutput(path string) (*outputFile, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		file, err := os.OpenFile(path, os.O_WRONLY, 0) // a pipe or a device
		return &outputFile{file, path, true}, err
	}
	file, err := os.Create(path + ".new")
	return &outputFile{file, path, false}, err
}

func (o *outputFile) begin() error {
	if o.begun {
		return nil
	}
	o.begun = true
	if err := os.Rename(o.path, o.path+".old"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keep the older file: %w", err)
	}
	return os.Rename(o.Name(), o.path)
}

// Write names the file in its errors as it is called since the recording began.
func (o *outputFile) Write(p []byte) (int, error) {
	n, err := o.File.Write(p)
	return n, o.named(err)
}

func (o *outputFile) named(err error) error {
	var named *fs.PathError
	if errors.As(err, &named) && o.begun && named.Path == o.Name() {
		named.Path = o.path
	}
	return err
}

func (o *outputFile) end() error {
	err := o.Close()
	if !o.begun {
		err = errors.Join(err, os.Remove(o.Name()))
	}
	return err
}
