package report

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/analyze/markers"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

func TestMarkersGolden(t *testing.T) {
	read := func(tag string) *markers.Log {
		var file bytes.Buffer
		if err := tracetest.Marked(&file, tag); err != nil {
			t.Fatal(err)
		}
		r, err := trace.NewReader(bytes.NewReader(file.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		l, err := markers.ReadTrace(r)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	plain, hostile := read(""), read("\x1b[2J\u202e\"quoted\"\n,")
	for golden, write := range map[string]func(io.Writer) error{
		"testdata/markers.txt":         func(w io.Writer) error { return Markers(w, plain.Result(), 0) },
		"testdata/markers-70.txt":      func(w io.Writer) error { return Markers(w, plain.Result(), 70) },
		"testdata/markers-hostile.txt": func(w io.Writer) error { return Markers(w, hostile.Result(), 0) },
		"testdata/markers.csv":         func(w io.Writer) error { return MarkersCSV(w, plain) },
	} {
		t.Run(golden, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("not as before (run with -update if that's right):\n%s", diff)
			}
		})
	}
}
