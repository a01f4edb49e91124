package parts

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// extract writes the files of a zip or .tgz archive that match one of patterns
// below dir, without the leading folder strip. A pattern without a match is an
// error.
func extract(archive, dir, strip string, patterns []string) error {
	matched := make(map[string]bool)
	each := func(name string, open func() (io.ReadCloser, error)) error {
		for _, pattern := range patterns {
			ok, err := path.Match(pattern, name)
			if err != nil {
				return fmt.Errorf("match pattern %q: %w", pattern, err)
			}
			if !ok {
				continue
			}
			matched[pattern] = true
			return writeEntry(dir, strings.TrimPrefix(name, strip+"/"), open)
		}
		return nil
	}

	walk := walkZip
	if strings.HasSuffix(archive, ".tgz") {
		walk = walkTar
	}
	if err := walk(archive, each); err != nil {
		return err
	}
	for _, pattern := range patterns {
		if !matched[pattern] {
			return fmt.Errorf("match pattern %q: nothing in the archive matches", pattern)
		}
	}
	return nil
}

type entryFunc func(name string, open func() (io.ReadCloser, error)) error

func walkZip(archive string, each entryFunc) error {
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer reader.Close()
	for _, file := range reader.File {
		if err := each(file.Name, file.Open); err != nil {
			return err
		}
	}
	return nil
}

func walkTar(archive string, each entryFunc) error {
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	decompressed, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	reader := tar.NewReader(decompressed)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		open := func() (io.ReadCloser, error) { return io.NopCloser(reader), nil }
		if err := each(header.Name, open); err != nil {
			return err
		}
	}
}

func writeEntry(dir, name string, open func() (io.ReadCloser, error)) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("extract %q: the name leads out of the folder", name)
	}
	target := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	source, err := open()
	if err != nil {
		return err
	}
	defer source.Close()
	file, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, source); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
