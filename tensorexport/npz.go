package tensorexport

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"

	"github.com/edgexray/edgexray/npy"
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
	if _, err := w.Write(npy.Header(a.element.npy, a.shape)); err != nil {
		return err
	}
	return a.writeData(w)
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
