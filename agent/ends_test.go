package agent

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// processWith is a process whose memory holds the indices from address 0 on.
func processWith(t *testing.T, indices ...int32) *process {
	t.Helper()
	memory, err := binary.Append(nil, binary.LittleEndian, indices)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "memory")
	if err := os.WriteFile(path, memory, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &process{memory: file}
}

func TestReadIndices(t *testing.T) {
	g := &subgraph{process: processWith(t, 3, -1, 7, 8, -2), described: &trace.Subgraph{Tensors: 8}}
	for _, c := range []struct {
		vector tflite.IndexVector
		want   []int32
		ok     bool
	}{
		{tflite.IndexVector{Begin: 0, End: 12}, []int32{3, -1, 7}, true},
		{tflite.IndexVector{Begin: 4, End: 4}, []int32{}, true},
		{tflite.IndexVector{}, []int32{}, true},
		{tflite.IndexVector{Begin: 8, End: 16}, nil, false}, // there is no tensor 8
		{tflite.IndexVector{Begin: 16, End: 20}, nil, false},
		{tflite.IndexVector{Begin: 16, End: 24}, nil, false}, // not all of it is there
	} {
		if got, ok := g.readIndices(c.vector); ok != c.ok || ok && !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, %v; want %v, %v", c.vector, got, ok, c.want, c.ok)
		}
	}
}
