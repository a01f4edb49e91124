package report

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/analyze/tensors"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/shim/snapshot/snapshottest"
)

func TestTensorsGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.tensors")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := snapshottest.Sample(out); err != nil {
		t.Fatal(err)
	}
	f, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	show := func(place tensors.Place, invoke uint64) func(io.Writer) error {
		return func(w io.Writer) error { return ShownTensors(w, tensors.Show(f, place, invoke), 80) }
	}
	for golden, write := range map[string]func(io.Writer) error{
		"testdata/tensors.txt":          func(w io.Writer) error { return Tensors(w, tensors.List(f, 0), 0) },
		"testdata/tensors-80.txt":       func(w io.Writer) error { return Tensors(w, tensors.List(f, 2), 80) },
		"testdata/tensors.csv":          func(w io.Writer) error { return TensorsCSV(w, f, 1) },
		"testdata/tensors-show-0.txt":   show(tensors.Place{Node: 0}, 0),
		"testdata/tensors-show-1.txt":   show(tensors.Place{Node: 1}, 2),
		"testdata/tensors-show-2.txt":   show(tensors.Place{Node: 2}, 1),
		"testdata/tensors-show-1-0.txt": show(tensors.Place{Subgraph: 1, Node: 0}, 0),
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

func TestSize(t *testing.T) {
	for bytes, want := range map[uint64]string{0: "0 bytes", 1: "1 byte", 1023: "1023 bytes", 1536: "1.5 KiB", 5 << 30: "5.0 GiB", 1<<64 - 1: "16.0 EiB"} {
		if got := size(bytes); got != want {
			t.Errorf("%d: %s, want %s", bytes, got, want)
		}
	}
}
