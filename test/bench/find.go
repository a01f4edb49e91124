package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/test/parts"
)

// librariesOf are the parts that hold runtimes.
var librariesOf = []string{
	"litert-2.3.0/amd64", "litert-2.3.0/arm64", "tflite-2.17.1/amd64", "tflite-2.17.1/arm64",
	"tflite-runtime-2.14.0/amd64", "tflite-2.9.0/amd64", "tflite-2.9.0/arm64", "android-2.14.0", "android-2.16.1",
}

const findTimes = 5

func measureFind(b *bench) error {
	var rows [][]string
	for _, part := range librariesOf {
		dir, err := parts.Dir(part)
		if err != nil {
			return err
		}
		files, err := sharedObjects(dir)
		if err != nil {
			return err
		}
		for _, path := range files {
			row, err := b.find(path)
			if err != nil {
				return err
			}
			if row != nil {
				name, _ := filepath.Rel(dir, path)
				rows = append(rows, append([]string{part + "/" + name}, row...))
			}
		}
	}
	return report.Listing(os.Stdout, []string{"library", "MB", "uncached ms", "cached ms", "times each"}, rows)
}

func sharedObjects(dir string) ([]string, error) {
	var files []string
	for _, pattern := range []string{"*.so", "*/*.so"} {
		matches, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		files = append(files, matches...)
	}
	slices.Sort(files)
	return files, nil
}

// find times discover on a library: the whole command, as a user waits for it.
// The row is nil for a library without kernels.
func (b *bench) find(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var uncached, cached []float64
	for range findTimes {
		if err := os.RemoveAll(filepath.Join(b.dir, "find")); err != nil {
			return nil, err
		}
		for _, times := range []*[]float64{&uncached, &cached} {
			began := time.Now()
			err := b.command("find", "discover", path).Run()
			if exit := new(exec.ExitError); errors.As(err, &exit) && exit.ExitCode() == 4 {
				return nil, nil // nothing to probe
			}
			if err != nil {
				return nil, fmt.Errorf("discover %s: %w", path, err)
			}
			*times = append(*times, time.Since(began).Seconds()*1e3)
		}
	}
	return []string{
		fmt.Sprintf("%.1f", float64(info.Size())/1e6), fmt.Sprintf("%.0f", median(uncached)),
		fmt.Sprintf("%.0f", median(cached)), fmt.Sprint(findTimes),
	}, nil
}
