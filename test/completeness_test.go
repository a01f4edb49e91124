package test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/edgexray/edgexray/tflite"
)

// invokes of every recording here: with the first one alone a description that
// comes too late would not show.
const invokes = 3

var (
	faceModels     = []string{"face_detection_front", "face_detection_full_range_sparse", "face_landmark", "iris_landmark"}
	wakewordModels = []string{"alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"}
	floatModels    = []string{"mobilenet_v1_float", "mobilenet_v2_float", "mobilenet_v3_small_float"}
	int8Models     = []string{"mobilenet_v1_int8", "mobilenet_v2_int8", "mobilenet_v3_small_int8"}
	logitsModels   = []string{"mobilenet_v1_int8_logits", "mobilenet_v2_int8_logits", "mobilenet_v3_small_int8_logits"}
	smallModels    = []string{"if", "while", "dynamic"}

	allModels = slices.Concat(faceModels, wakewordModels, floatModels, int8Models, smallModels)
)

// runtimes and what runs on them. TFLite 2.9.0 and 2.17.1 are C libraries that
// come without a default delegate.
var runtimes = []struct {
	name   string
	models []string
	app    func(t *testing.T, path string) []string
	// described: the app says what the runtime says of its nodes.
	described bool
	// renames: it calls the model's inputs and outputs as the signature does.
	renames bool
}{
	{"TFLite 2.9.0", append(allModels, "custom"), onC("2.9.0"), false, false},
	{"TFLite 2.17.1", append(allModels, "custom"), onC("2.17.1"), false, false},
	{"TFLite 2.17.1 with user data", []string{"custom"}, onCWithData, false, false},
	{"LiteRT builtin", allModels, onLiteRT("builtin"), true, false},
	// Its SOFTMAX aborts on the int8 models that have one.
	{"LiteRT builtin_ref", slices.Concat(faceModels, wakewordModels, floatModels, logitsModels, smallModels), onLiteRT("builtin_ref"), true, false},
	{"LiteRT default", append(allModels, logitsModels...), onLiteRT("default"), true, false},
	{"LiteRT CompiledModel", slices.Concat(faceModels, wakewordModels, floatModels, int8Models), onCompiledModel, false, true},
}

func onC(version string) func(*testing.T, string) []string {
	return func(t *testing.T, path string) []string {
		command := capi(t, version, "--model", path, "--invokes", fmt.Sprint(invokes))
		switch filepath.Base(path) {
		case "dynamic.tflite":
			command = append(command, "--resize", "1,4,5,3")
		case "custom.tflite":
			command = append(command, "--custom-op")
		}
		return command
	}
}

func onCWithData(t *testing.T, path string) []string {
	return capi(t, "2.17.1", "--model", path, "--invokes", fmt.Sprint(invokes), "--custom-op-with-data")
}

func onLiteRT(resolver string) func(*testing.T, string) []string {
	return func(t *testing.T, path string) []string {
		return litert(t, path, "--resolver", resolver, "--invokes", fmt.Sprint(invokes), "--describe")
	}
}

func onCompiledModel(t *testing.T, path string) []string {
	return benchmark(t, "--model", path, "--warmup_runs", "1", "--num_runs", fmt.Sprint(invokes-1))
}

func TestCompleteness(t *testing.T) {
	t.Parallel()
	for _, runtime := range runtimes {
		for _, name := range runtime.models {
			t.Run(runtime.name+"/"+name, func(t *testing.T) {
				path := model(t, name)
				r := recordCommand(t, runtime.app(t, path))
				result := r.ops(t)
				wantNothingLost(t, result)
				got := result.model(t)
				wantModel(t, got, path)
				wantAsInFile(t, got, parse(t, path), runtime.renames)
				if runtime.described {
					wantAsDescribed(t, got, r.stdout)
				}
			})
		}
	}
}

// wantModel checks what is said of the whole model.
func wantModel(t *testing.T, got modelJSON, path string) {
	t.Helper()
	if got.Model != path || got.SHA256 != sum(t, path) {
		t.Errorf("the model is %q with SHA-256 %q, want %s", got.Model, got.SHA256, path)
	}
	if got.Invokes != invokes || got.InvokesPartial != 0 || got.Interpreters != 1 || got.Threads != 1 {
		t.Errorf("%d invokes, %d of them partial, %d interpreters, %d threads; want %d, 0, 1 and 1",
			got.Invokes, got.InvokesPartial, got.Interpreters, got.Threads, invokes)
	}
}

func sum(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

func parse(t *testing.T, path string) *tflite.Model {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tflite.ParseModel(content)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// wantAsInFile compares ops with the model's operators: every operator of the
// main subgraph ran in every invoke, by itself or within one delegate node.
func wantAsInFile(t *testing.T, got modelJSON, file *tflite.Model, renamed bool) {
	t.Helper()
	ran := make(map[int]int) // by node of the main subgraph
	for _, op := range got.Ops {
		place := fmt.Sprintf("subgraph %d node %d %s", op.Subgraph, op.Node, op.Op)
		if op.Subgraph < 0 || op.Subgraph >= len(file.Subgraphs) || op.Node < 0 || op.OpGuessed || op.Incomplete || op.Kernel == "" {
			t.Errorf("%s: not wholly known: %+v", place, op)
			continue
		}
		subgraph := &file.Subgraphs[op.Subgraph]
		for _, tensor := range slices.Concat(op.Inputs, op.Outputs) {
			outer := slices.Contains(subgraph.Inputs, int32(tensor.Index)) || slices.Contains(subgraph.Outputs, int32(tensor.Index))
			wantTensorAsInFile(t, place, tensor, subgraph, renamed && outer)
		}
		if op.Delegate != "" {
			if op.Delegate != "TfLiteXNNPackDelegate" || op.Op != op.Delegate || op.Node < len(subgraph.Operators) {
				t.Errorf("%s: delegate %q, want TfLiteXNNPackDelegate behind the model's %d nodes", place, op.Delegate, len(subgraph.Operators))
			}
			if op.Subgraph == 0 {
				for _, node := range op.Replaced {
					ran[node] += op.Count
				}
			}
			continue
		}
		if op.Node >= len(subgraph.Operators) {
			t.Errorf("%s: the file has %d nodes", place, len(subgraph.Operators))
			continue
		}
		operator := subgraph.Operators[op.Node]
		want := opJSON{Op: file.OperatorCodes[operator.Opcode].String(), Custom: file.OperatorCodes[operator.Opcode].Code == tflite.OpCustom}
		if op.Op != want.Op || op.Custom != want.Custom {
			t.Errorf("%s: custom %t, want %s and %t", place, op.Custom, want.Op, want.Custom)
		}
		outputs := operator.Outputs
		if op.Op == "WHILE" {
			outputs = withoutUnread(outputs, indices(op.Outputs), subgraph)
		}
		if diff := cmp.Diff([][]int32{operator.Inputs, outputs}, [][]int32{indices(op.Inputs), indices(op.Outputs)}, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: inputs and outputs (-file +recorded):\n%s", place, diff)
		}
		if op.Subgraph == 0 {
			ran[op.Node] += op.Count
		}
	}
	for node := range file.Subgraphs[0].Operators {
		if ran[node] != invokes {
			t.Errorf("node %d ran %d times, want %d", node, ran[node], invokes)
		}
	}
}

// withoutUnread returns a WHILE's outputs with -1 for those that are recorded so
// and that nothing reads: newer runtimes leave these out.
func withoutUnread(outputs, recorded []int32, subgraph *tflite.Subgraph) []int32 {
	read := slices.Clone(subgraph.Outputs)
	for _, operator := range subgraph.Operators {
		read = append(read, operator.Inputs...)
	}
	left := slices.Clone(outputs)
	for i := range min(len(left), len(recorded)) {
		if recorded[i] == -1 && !slices.Contains(read, left[i]) {
			left[i] = -1
		}
	}
	return left
}

func indices(tensors []tensorJSON) []int32 {
	list := []int32{}
	for _, tensor := range tensors {
		list = append(list, int32(tensor.Index))
	}
	return list
}

// wantTensorAsInFile compares what no runtime changes. Shapes of a model whose
// input may have any size are not in its file.
func wantTensorAsInFile(t *testing.T, place string, got tensorJSON, subgraph *tflite.Subgraph, renamed bool) {
	t.Helper()
	if got.Index < 0 || got.Index >= len(subgraph.Tensors) {
		return
	}
	file := subgraph.Tensors[got.Index]
	want := tensorJSON{Index: got.Index, Name: file.Name, Type: file.Type.String(), Shape: []int{}}
	for _, n := range file.Shape {
		want.Shape = append(want.Shape, int(n))
	}
	if q := file.Quantization; len(q.Scale) > 0 {
		want.Scale, want.Channels = float64(q.Scale[0]), len(q.Scale)
		if len(q.ZeroPoint) > 0 {
			want.ZeroPoint = int(q.ZeroPoint[0])
		}
	}
	if got.Name == "Densify_output" || renamed && got.Name != "" {
		want.Name = got.Name // newer runtimes name the output of DENSIFY so
	}
	if file.ShapeSignature != nil && slices.Contains(file.ShapeSignature, -1) {
		want.Shape = got.Shape
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: tensor (-file +recorded):\n%s", place, diff)
	}
}

// wantAsDescribed compares ops of the main subgraph with what the runtime said
// of it after the last invoke. Where shapes changed a node is recorded with
// each; one of them must be the runtime's.
func wantAsDescribed(t *testing.T, got modelJSON, stdout string) {
	t.Helper()
	var runtime struct {
		Invokes int
		Nodes   []struct {
			Index           int
			Op              string
			Inputs, Outputs []int32
		}
		Tensors []struct {
			Index      int
			Name, Type string
			Shape      []int
			Scales     []float64
			ZeroPoints []int `json:"zero_points"`
		}
	}
	decode(t, stdout, &runtime)
	tensors := make(map[int]tensorJSON)
	for _, tensor := range runtime.Tensors {
		said := tensorJSON{Index: tensor.Index, Name: tensor.Name, Type: strings.ToUpper(tensor.Type), Shape: tensor.Shape, Channels: len(tensor.Scales)}
		if said.Type == "OBJECT" { // NumPy has no such type
			said.Type = "RESOURCE"
		}
		if len(tensor.Scales) > 0 {
			said.Scale, said.ZeroPoint = tensor.Scales[0], tensor.ZeroPoints[0]
		}
		tensors[tensor.Index] = said
	}
	differences := make(map[int][]string) // by node, empty where all is the same
	for _, op := range got.Ops {
		if op.Subgraph != 0 {
			continue
		}
		place := fmt.Sprintf("node %d %s", op.Node, op.Op)
		if op.Node >= len(runtime.Nodes) {
			t.Errorf("%s: the runtime has %d nodes", place, len(runtime.Nodes))
			continue
		}
		node := runtime.Nodes[op.Node]
		name := op.Op
		if op.Delegate != "" {
			name = "DELEGATE"
		}
		if node.Op != name {
			t.Errorf("%s: the runtime calls it %s", place, node.Op)
		}
		if diff := cmp.Diff([][]int32{node.Inputs, node.Outputs}, [][]int32{indices(op.Inputs), indices(op.Outputs)}, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: inputs and outputs (-runtime +recorded):\n%s", place, diff)
		}
		var diffs []string
		for _, tensor := range slices.Concat(op.Inputs, op.Outputs) {
			said, known := tensors[tensor.Index]
			if !known {
				continue // of tensors without a buffer the runtime says nothing
			}
			if diff := cmp.Diff(said, tensor); diff != "" {
				diffs = append(diffs, fmt.Sprintf("%s: tensor (-runtime +recorded):\n%s", place, diff))
			}
		}
		if before, seen := differences[op.Node]; !seen || len(before) > 0 {
			differences[op.Node] = diffs
		}
	}
	for _, diffs := range differences {
		for _, diff := range diffs {
			t.Error(diff)
		}
	}
}
