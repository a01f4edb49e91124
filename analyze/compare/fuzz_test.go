package compare

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// write writes a snapshot that was made up as a file, and returns its content.
func write(t testing.TB, from *snapshot.File) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.tensors")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w, err := snapshot.NewWriter(out, from.Beginning)
	if err != nil {
		t.Fatal(err)
	}
	errs := []error{w.Describe(from.Processes[1]), w.Describe(from.Subgraphs[1])}
	for id := range len(from.Nodes) {
		errs = append(errs, w.Describe(from.Nodes[uint32(id+1)]))
	}
	for _, c := range from.Captures {
		errs = append(errs, w.Add(c.Capture, c.Data))
	}
	if err := errors.Join(append(errs, w.Close(nil, &trace.End{}))...); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// Whatever a snapshot says, comparing ends, in a result that is JSON or an error.
func FuzzCompare(f *testing.F) {
	ops := []string{"CONV_2D x w -> a", "QUANTIZE a -> q[2,2]", "MUL q[2,2] w2 -> b", "Delegate b -> c"}
	good := sketch{inputs: "x", ops: ops, delegate: map[int][]uint32{3: {7}}}.file()
	f.Add(write(f, good))
	int8s := sketch{inputs: "x", ops: ops, change: func(c *snapshot.Captured) {
		c.Described = &snapshot.Tensor{Type: int32(tflite.Int4), Shape: []int32{32}}
	}}
	f.Add(write(f, int8s.file()))
	f.Add(write(f, sketch{inputs: "x", ops: []string{"BATCH_MATMUL x x -> x"}, change: func(c *snapshot.Captured) { c.Around = 1 }}.file()))
	f.Add(write(f, sketch{inputs: "x", ops: streaming, invokes: [][]float32{{1}, {2}}}.file()))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "x.tensors")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		edge, err := snapshot.Open(path)
		if err != nil {
			return
		}
		defer edge.Close()
		for _, pair := range [][2]*snapshot.File{{edge, good}, {good, edge}, {edge, edge}} {
			for _, options := range []Options{{}, {Model: streamingModel(), Local: new(counting)}} {
				r, err := Compare(t.Context(), pair[0], pair[1], options)
				if err != nil {
					continue
				}
				if _, err := json.Marshal(r); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
