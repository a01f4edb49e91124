package reference

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/reference/protocol"
	"github.com/edgexray/edgexray/test/parts"
)

// preserved is what testdata/preserve.py prints.
type preserved struct {
	Nodes []struct {
		Op      string
		Outputs []int32
	}
	Tensors map[string]struct {
		Offset, Size int64
		Shape        []int32
	}
	data []byte
}

func preserve(t *testing.T, model, kernels string) *preserved {
	t.Helper()
	out := filepath.Join(t.TempDir(), "data")
	printed, err := exec.Command(parts.Python(t), "testdata/preserve.py", model, kernels, out).Output()
	if err != nil {
		t.Fatalf("preserve.py: %v", err)
	}
	p := new(preserved)
	if err := json.Unmarshal(printed, p); err != nil {
		t.Fatal(err)
	}
	if p.data, err = os.ReadFile(out); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *preserved) bytes(index int32) []byte {
	tensor, ok := p.Tensors[strconv.Itoa(int(index))]
	if !ok {
		return nil
	}
	return p.data[tensor.Offset : tensor.Offset+tensor.Size]
}

// localOps returns all nodes of the main subgraph with what went into them.
func (p *preserved) localOps() []compare.LocalOp {
	inputs, shapes := make(map[int32][]byte), make(map[int32][]int32)
	for name, tensor := range p.Tensors {
		index, _ := strconv.Atoi(name)
		inputs[int32(index)], shapes[int32(index)] = p.bytes(int32(index)), tensor.Shape
	}
	var ops []compare.LocalOp
	for i := range p.Nodes {
		ops = append(ops, compare.LocalOp{Node: i, Inputs: inputs, Shapes: shapes})
	}
	return ops
}

// Each op alone gives what it gave in the whole model, bit by bit.
func TestEveryOpAlone(t *testing.T) {
	for _, model := range []struct {
		path     string
		notAlone int // ops that can't run alone
	}{
		{"models/mobilenet_v1_float.tflite", 0},
		{"models/mobilenet_v1_int8_logits.tflite", 0},
		{"models/mobilenet_v2_float.tflite", 0},
		{"models/mobilenet_v2_int8_logits.tflite", 0},
		{"models/mobilenet_v3_small_float.tflite", 0},
		{"models/mobilenet_v3_small_int8_logits.tflite", 0},
		{"models/dynamic.tflite", 0},
		{"face/face_landmark.tflite", 0},
		{"face/face_detection_back.tflite", 0},
		{"face/face_detection_full_range.tflite", 0},
		{"face/face_detection_full_range_sparse.tflite", 0},
		{"wakeword/okay_nabu.tflite", 19},
	} {
		t.Run(strings.TrimSuffix(filepath.Base(model.path), ".tflite"), func(t *testing.T) {
			path := parts.Path(t, model.path)
			whole := preserve(t, path, "BUILTIN_REF")
			local, err := NewLocal(t.Context(), path, Options{Tools: Tools{Python: parts.Python(t)}, Runner: LiteRT})
			if err != nil {
				t.Fatal(err)
			}
			results, err := local.Run(t.Context(), whole.localOps())
			if err != nil {
				t.Fatal(err)
			}
			notAlone := 0
			for i, r := range results {
				node := whole.Nodes[i]
				if r.Err != nil {
					t.Log(r.Err)
					notAlone++
					continue
				}
				if !r.Exact || !strings.HasPrefix(r.Kernel, string(protocol.Reference)) {
					t.Errorf("node %d, %s: ran as %q", i, node.Op, r.Kernel)
				}
				for _, index := range node.Outputs {
					if want := whole.bytes(index); want == nil || !bytes.Equal(r.Outputs[index], want) {
						t.Errorf("node %d, %s: tensor %d is not what it was in the whole model (%d and %d bytes)",
							i, node.Op, index, len(r.Outputs[index]), len(want))
					}
				}
			}
			if notAlone != model.notAlone {
				t.Errorf("%d ops did not run alone, want %d", notAlone, model.notAlone)
			}
		})
	}
}
