package reference

import (
	"bytes"
	"encoding/hex"
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

func preserve(t testing.TB, model, kernels string) *preserved {
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
		{"models/mobilenet_v2_float.tflite", 0},
		{"models/mobilenet_v2_int8_logits.tflite", 0},
		{"models/mobilenet_v3_small_float.tflite", 0},
		{"models/mobilenet_v3_small_int8_logits.tflite", 0},
		{"models/dynamic.tflite", 0},
		{"face/face_landmark.tflite", 0},
		{"face/face_detection_back.tflite", 0},
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

// What reference kernels can't run is run in float, and says so; what else runs with them isn't touched by that.
func TestLocalInFloatWhereTheReferenceDies(t *testing.T) {
	path := parts.Path(t, "models/mobilenet_v2_int8.tflite")
	whole := preserve(t, path, "BUILTIN_WITHOUT_DEFAULT_DELEGATES")
	local, err := NewLocal(t.Context(), path, Options{Tools: Tools{Python: parts.Python(t)}, Runner: LiteRT})
	if err != nil {
		t.Fatal(err)
	}
	results, err := local.Run(t.Context(), whole.localOps())
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		node := whole.Nodes[i]
		if r.Err != nil {
			t.Errorf("node %d, %s: %v", i, node.Op, r.Err)
			continue
		}
		if dies := node.Op == "SOFTMAX"; r.Exact == dies {
			t.Errorf("node %d, %s: exact is %v (%s)", i, node.Op, r.Exact, r.Kernel)
		}
		want := whole.bytes(node.Outputs[0])
		for at, got := range r.Outputs[node.Outputs[0]] {
			if off := int(int8(got)) - int(int8(want[at])); off < -1 || off > 1 {
				t.Errorf("node %d, %s (%s): element %d is off by %d", i, node.Op, r.Kernel, at, off)
				break
			}
		}
	}
	softmax := results[len(results)-1]
	for _, part := range []string{"float, requantised", "SOFTMAX (node 64) died while preparing (signal: aborted"} {
		if !strings.Contains(softmax.Kernel, part) {
			t.Errorf("%q is not in %q", part, softmax.Kernel)
		}
	}
}

// In float, every op of an int8 model gives what the int8 kernel does, within two steps of its output's scale.
func TestLocalInFloat(t *testing.T) {
	path := parts.Path(t, "models/mobilenet_v3_small_int8_logits.tflite")
	whole := preserve(t, path, "BUILTIN_REF")
	l, err := NewLocal(t.Context(), path, Options{Tools: Tools{Python: parts.Python(t)}, Runner: LiteRT})
	if err != nil {
		t.Fatal(err)
	}
	ops := whole.localOps()
	dir := t.TempDir()
	s, err := l.(*local).options.first(t.Context(), LiteRT, "", dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	b := &batch{local: l.(*local), dir: dir, session: s, ops: ops, results: make([]compare.LocalResult, len(ops))}
	all := make([]int, len(ops))
	for i := range all {
		all[i] = i
	}
	if err := b.runAll(t.Context(), all, inFloat); err != nil {
		t.Fatal(err)
	}
	for i, r := range b.results {
		node := whole.Nodes[i]
		if r.Err != nil {
			t.Errorf("node %d, %s: %v", i, node.Op, r.Err)
			continue
		}
		worst := 0
		want := whole.bytes(node.Outputs[0])
		for at, got := range r.Outputs[node.Outputs[0]] {
			off := int(int8(got)) - int(int8(want[at]))
			worst = max(worst, off, -off)
		}
		if worst > 2 {
			t.Errorf("node %d, %s: off by %d", i, node.Op, worst)
		}
	}
}

func TestLocalWithGoTFLite(t *testing.T) {
	library := parts.Path(t, "tflite-2.17.1/amd64/"+libraryName)
	for _, name := range []string{"mobilenet_v2_int8", "mobilenet_v2_float"} {
		path := parts.Path(t, "models/"+name+".tflite")
		whole := preserve(t, path, "BUILTIN_WITHOUT_DEFAULT_DELEGATES")
		local, err := NewLocal(t.Context(), path, Options{Tools: Tools{GoTFLite: goTFLite(t), Library: library}, Runner: GoTFLite})
		if err != nil {
			t.Fatal(err)
		}
		results, err := local.Run(t.Context(), whole.localOps())
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if r.Err != nil || !r.Exact || r.Kernel != "builtin, go-tflite (TensorFlow Lite 2.17.1)" {
				t.Errorf("%s, node %d: %q, exact %v, %v", name, i, r.Kernel, r.Exact, r.Err)
			}
			for _, index := range whole.Nodes[i].Outputs {
				if len(r.Outputs[index]) != len(whole.bytes(index)) {
					t.Errorf("%s, node %d: %d bytes, want %d", name, i, len(r.Outputs[index]), len(whole.bytes(index)))
				}
			}
		}
	}
}

// An op with a state is given the one that it had.
func TestLocalWithState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "svdf.tflite")
	printed, err := exec.Command(parts.Python(t), "testdata/svdf.py", path).Output()
	if err != nil {
		t.Fatalf("svdf.py: %v", err)
	}
	var had struct{ Input, State, Output string }
	if err := json.Unmarshal(printed, &had); err != nil {
		t.Fatal(err)
	}
	bytesOf := func(text string) []byte {
		data, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	tools := Tools{Python: parts.Python(t), GoTFLite: goTFLite(t), Library: parts.Path(t, "tflite-2.17.1/amd64/"+libraryName)}
	for _, runner := range []string{LiteRT, GoTFLite} {
		local, err := NewLocal(t.Context(), path, Options{Tools: tools, Runner: runner})
		if err != nil {
			t.Fatal(err)
		}
		results, err := local.Run(t.Context(), []compare.LocalOp{
			{Inputs: map[int32][]byte{0: bytesOf(had.Input), 4: bytesOf(had.State)}},
			{Inputs: map[int32][]byte{0: bytesOf(had.Input)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if r := results[0]; r.Err != nil || hex.EncodeToString(r.Outputs[5]) != had.Output {
			t.Errorf("%s: output is %x (%v), want %s", runner, r.Outputs[5], r.Err, had.Output)
		}
		if err := results[1].Err; err == nil || !strings.Contains(err.Error(), `its state "state" (tensor 4) wasn't captured`) {
			t.Errorf("%s: without the state the error is %v", runner, err)
		}
	}
}

func TestLocalSaysWhatItLacks(t *testing.T) {
	path := parts.Path(t, "models/mobilenet_v1_float.tflite")
	local, err := NewLocal(t.Context(), path, Options{Tools: Tools{Python: parts.Python(t)}, Runner: LiteRT})
	if err != nil {
		t.Fatal(err)
	}
	image := make([]byte, 224*224*3*4)
	results, err := local.Run(t.Context(), []compare.LocalOp{
		{Node: 0, Inputs: map[int32][]byte{0: image}},
		{Node: 0},
		{Node: 0, Inputs: map[int32][]byte{0: image[1:]}},
		{Node: 0, Inputs: map[int32][]byte{0: image[:8*8*3*4]}, Shapes: map[int32][]int32{0: {1, 8, 8, 3}}},
		{Node: 0, Inputs: map[int32][]byte{0: image[:8*8*4*4]}, Shapes: map[int32][]int32{0: {1, 8, 8, 4}}},
		{Node: 1000},
		{Subgraph: 1},
		{Node: -1},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "wasn't captured", "are not FLOAT32", "", "CONV_2D (node 0) failed preparing", "no node 1000", "subgraph 1", "no node -1"} {
		got := "<nil>"
		if results[i].Err != nil {
			got = results[i].Err.Error()
		}
		if (want == "") != (results[i].Err == nil) || !strings.Contains(got, want) {
			t.Errorf("op %d: error %s, want %q", i, got, want)
		}
	}
	if n := len(results[3].Outputs); n != 1 {
		t.Errorf("%d outputs of another shape", n)
	}
}
