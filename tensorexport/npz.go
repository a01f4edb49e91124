package tensorexport

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/shim/snapshot"
)

// NPZ writes the data of a snapshot's captures as a file for numpy.load: one array a capture, and "index.json", which
// says what each is. docs/snapshot-format.md has the arrays' names and types.
func NPZ(w io.Writer, f *snapshot.File, invoke uint64) error {
	z := zip.NewWriter(w)
	for a := range arrays(f, invoke) {
		if err := addNPY(z, a); err != nil {
			return fmt.Errorf("write array %s: %w", a.key, err)
		}
	}
	if err := addIndex(z, f, invoke); err != nil {
		return fmt.Errorf("write index.json: %w", err)
	}
	return z.Close()
}

func addNPY(z *zip.Writer, a *array) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: a.key + ".npy", Method: zip.Store})
	if err != nil {
		return err
	}
	if _, err := w.Write(npyHeader(a)); err != nil {
		return err
	}
	return a.writeData(w)
}

// npyHeader is the header of version 1.0, padded so that the elements are aligned to 64 bytes in it.
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
func npyHeader(a *array) []byte {
	var shape strings.Builder
	for _, d := range a.shape {
		shape.WriteString(strconv.FormatInt(d, 10) + ", ")
	}
	dict := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", a.element.npy, strings.TrimSuffix(shape.String(), " "))
	const before = len("\x93NUMPY\x01\x00") + 2
	size := (before + len(dict) + 1 + 63) / 64 * 64
	header := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(header[before-2:], uint16(size-before))
	header = append(header, dict...)
	for len(header) < size-1 {
		header = append(header, ' ')
	}
	return append(header, '\n')
}

// addIndex writes a JSON object that has for each array's name what it is.
func addIndex(z *zip.Writer, f *snapshot.File, invoke uint64) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: "index.json", Method: zip.Store})
	if err != nil {
		return err
	}
	open := "{\n"
	for a := range arrays(f, invoke) {
		about, err := a.about.json()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%q: %s", open, a.key, about); err != nil {
			return err
		}
		open = ",\n"
	}
	_, err = io.WriteString(w, strings.Trim(open, ",\n")+"\n}\n")
	return err
}
