package tensorexport

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/analyze/tensors"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/shim/snapshot/snapshottest"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// written opens the snapshot that write writes.
func written(t testing.TB, write func(*os.File) error) *snapshot.File {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "x.tensors"))
	must(t, err)
	defer out.Close()
	must(t, write(out))
	f, err := snapshot.Open(out.Name())
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func TestPythonReads(t *testing.T) {
	f := written(t, snapshottest.Sample)
	paths := make([]string, 0, 2)
	for i, write := range []func(io.Writer, *snapshot.File, uint64) error{NPZ, Safetensors} {
		var b bytes.Buffer
		must(t, write(&b, f, 0))
		paths = append(paths, filepath.Join(t.TempDir(), strconv.Itoa(i)))
		must(t, os.WriteFile(paths[i], b.Bytes(), 0o600))
	}
	if output, err := exec.Command(parts.Python(t), "testdata/check.py", paths[0], paths[1]).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// What is exported doesn't go through memory.
func TestFlat(t *testing.T) {
	f := written(t, func(out *os.File) error {
		w, err := snapshot.NewWriter(out, &snapshot.Beginning{})
		must(t, err)
		element := func(of tflite.Type, n int32) *snapshot.Tensor {
			return &snapshot.Tensor{Type: int32(of), Shape: []int32{n}}
		}
		must(t, w.Add(&snapshot.Capture{Described: element(tflite.Float32, 32<<20)}, make([]byte, 128<<20)))
		must(t, w.Add(&snapshot.Capture{Described: element(tflite.Int4, 64<<20)}, make([]byte, 32<<20)))
		return w.Close(nil, &trace.End{})
	})
	for name, write := range map[string]func(io.Writer, *snapshot.File, uint64) error{"npz": NPZ, "safetensors": Safetensors, "csv": report.TensorsCSV} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		must(t, write(io.Discard, f, 0))
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 1<<20 {
			t.Errorf("%s: %d bytes allocated", name, allocated)
		}
	}
}

// A file may say anything: it can be listed, shown and exported.
func FuzzSnapshot(f *testing.F) {
	for _, seed := range []*snapshot.Capture{
		{Node: 1, Tensor: 1},
		{Node: 1, Tensor: 1, Role: 77, Described: &snapshot.Tensor{Type: int32(tflite.Int4), Shape: []int32{3, 1}}},
		{Statistics: &snapshot.Statistics{Histogram: []uint32{1}, Min: -1}, Missing: "x"},
	} {
		capture, err := proto.Marshal(seed)
		must(f, err)
		node, err := proto.Marshal(&trace.Node{Id: 1, Outputs: []*trace.Tensor{{Index: 1, Type: int32(tflite.Int8), Shape: []int32{2, 1}, Scale: 1, Channels: 2, Scales: []float32{1, 2}}}})
		must(f, err)
		f.Add(capture, node, []byte{1, 2})
	}
	f.Fuzz(func(t *testing.T, captureBytes, nodeBytes, data []byte) {
		var capture snapshot.Capture
		var node trace.Node
		if proto.Unmarshal(captureBytes, &capture) != nil || proto.Unmarshal(nodeBytes, &node) != nil {
			return
		}
		file := written(t, func(out *os.File) error {
			w, err := snapshot.NewWriter(out, &snapshot.Beginning{})
			must(t, err)
			_ = w.Describe(&node) // it may be too long
			_ = w.Add(&capture, data)
			_ = w.Add(&capture, nil)
			return w.Close(nil, &trace.End{})
		})
		for _, r := range []*tensors.Result{tensors.List(file, 0), tensors.Show(file, tensors.Place{Node: node.Index}, 0)} {
			must(t, report.Tensors(io.Discard, r, 80))
			must(t, report.ShownTensors(io.Discard, r, 80))
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		}
		for _, write := range []func(io.Writer, *snapshot.File, uint64) error{NPZ, Safetensors, report.TensorsCSV} {
			must(t, write(io.Discard, file, 0))
		}
	})
}
