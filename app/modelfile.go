package app

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/edgexray/edgexray/tflite"
)

// openModels reads the models in a file: itself, or the ones stored in it if it is an APK. A file that is neither gives
// none; a damaged model is an error.
func openModels(path, shown string, size int64) ([]*model, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil // not ours to read, or gone
	}
	var head [8]byte
	if _, err := file.ReadAt(head[:], 0); err != nil {
		return nil, file.Close()
	}
	var models []*model
	switch {
	case tflite.IsModel(head[:]):
		var m *model
		if m, err = readModel(file, shown, file, size); m != nil {
			models = append(models, m)
		}
	case string(head[:4]) == "PK\x03\x04":
		models, err = storedModels(file, shown, size)
	}
	if len(models) == 0 {
		file.Close()
	}
	return models, err
}

func readModel(file *os.File, shown string, content io.ReaderAt, size int64) (*model, error) {
	parsed, err := tflite.OpenModel(content, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	return &model{file: file, content: content, size: size, parsed: parsed, path: shown}, nil
}

// storedModels reads the models that an APK stores uncompressed: those can be mapped, which is what apps do.
func storedModels(file *os.File, shown string, size int64) ([]*model, error) {
	directory, err := zip.NewReader(file, size)
	if err != nil {
		return nil, nil // no APK after all
	}
	var models []*model
	var errs []error
	for _, entry := range directory.File {
		offset, err := entry.DataOffset()
		if entry.Method != zip.Store || err != nil || offset < 0 || entry.UncompressedSize64 > uint64(size-offset) {
			continue
		}
		content := io.NewSectionReader(file, offset, int64(entry.UncompressedSize64))
		var head [8]byte
		if _, err := content.ReadAt(head[:], 0); err != nil || !tflite.IsModel(head[:]) {
			continue
		}
		m, err := readModel(file, shown+"!/"+entry.Name, content, content.Size())
		errs = append(errs, err)
		if m != nil {
			models = append(models, m)
		}
	}
	return models, errors.Join(errs...)
}
