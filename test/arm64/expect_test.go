package arm64_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/tflite"
)

// wantModel compares what was recorded of a model with its file.
func wantModel(t *testing.T, m *analyze.Model, name string, invokes uint64) {
	t.Helper()
	content := readModel(t, name)
	sum := sha256.Sum256(content)
	if want := hex.EncodeToString(sum[:]); m.SHA256 != want {
		t.Errorf("%s: SHA-256 is %q, want %s", name, m.SHA256, want)
	}
	wantOps(t, m, name, invokes)
}

func readModel(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(modelPath(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// wantOps compares the ops with the file's, for a runtime without delegates and
// one interpreter: every operator of the main subgraph ran once in each invoke.
func wantOps(t *testing.T, m *analyze.Model, name string, invokes uint64) {
	t.Helper()
	file, err := tflite.ParseModel(readModel(t, name))
	if err != nil {
		t.Fatal(err)
	}
	if m.Invokes != invokes || m.InvokesPartial != 0 || m.Interpreters != 1 || m.Threads != 1 {
		t.Errorf("%s: %d invokes, %d of them partial, %d interpreters, %d threads; want %d, 0, 1 and 1",
			name, m.Invokes, m.InvokesPartial, m.Interpreters, m.Threads, invokes)
	}
	ran := make(map[int32]uint64) // by node of the main subgraph
	for _, op := range m.Ops {
		wantOp(t, fmt.Sprintf("%s: subgraph %d node %d %s", name, op.Subgraph, op.Node, op.Op), op, file)
		if op.Subgraph == 0 {
			ran[op.Node] += op.Count
		}
	}
	for node := range file.Subgraphs[0].Operators {
		if ran[int32(node)] != invokes {
			t.Errorf("%s: node %d ran %d times, want %d", name, node, ran[int32(node)], invokes)
		}
	}
	if len(ran) != len(file.Subgraphs[0].Operators) {
		t.Errorf("%s: %d nodes ran, the file has %d", name, len(ran), len(file.Subgraphs[0].Operators))
	}
}

func wantOp(t *testing.T, place string, op *analyze.Op, file *tflite.Model) {
	t.Helper()
	if op.OpGuessed || op.Incomplete || op.Kernel == "" || op.Delegate != "" ||
		op.Subgraph < 0 || int(op.Subgraph) >= len(file.Subgraphs) ||
		op.Node < 0 || int(op.Node) >= len(file.Subgraphs[op.Subgraph].Operators) {
		t.Errorf("%s: not wholly known, or not the model's: %+v", place, op)
		return
	}
	subgraph := &file.Subgraphs[op.Subgraph]
	operator := subgraph.Operators[op.Node]
	code := file.OperatorCodes[operator.Opcode]
	if op.Op != code.String() || op.Custom != (code.Code == tflite.OpCustom) {
		t.Errorf("%s: custom %t, want %s and %t", place, op.Custom, code, code.Code == tflite.OpCustom)
	}
	outputs := operator.Outputs
	if op.Op == "WHILE" {
		outputs = withoutUnread(outputs, indices(op.Outputs), subgraph)
	}
	want := [][]int32{operator.Inputs, outputs}
	if diff := cmp.Diff(want, [][]int32{indices(op.Inputs), indices(op.Outputs)}, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: inputs and outputs (-file +recorded):\n%s", place, diff)
	}
	for _, tensor := range slices.Concat(op.Inputs, op.Outputs) {
		if tensor.Index >= 0 && int(tensor.Index) < len(subgraph.Tensors) {
			wantTensor(t, place, tensor, subgraph.Tensors[tensor.Index], file)
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

func indices(tensors []analyze.Tensor) []int32 {
	var list []int32
	for _, tensor := range tensors {
		list = append(list, tensor.Index)
	}
	return list
}

// wantTensor compares what no runtime changes: of a shape that the input
// decides, the file knows nothing.
func wantTensor(t *testing.T, place string, got analyze.Tensor, file tflite.Tensor, model *tflite.Model) {
	t.Helper()
	want := analyze.Tensor{Index: got.Index, Name: file.Name, Type: file.Type.String(), Shape: file.Shape,
		Constant: model.Buffers[file.Buffer].Size > 0, Variable: file.IsVariable}
	if q := file.Quantization; len(q.Scale) > 0 {
		want.Scale, want.Channels = float64(q.Scale[0]), uint32(len(q.Scale))
		if len(q.ZeroPoint) > 0 {
			want.ZeroPoint = q.ZeroPoint[0]
		}
	}
	if got.Name == "Densify_output" {
		want.Name = got.Name // newer runtimes name the output of DENSIFY so
	}
	if slices.Contains(file.ShapeSignature, -1) {
		want.Shape = got.Shape
	}
	if !want.Constant {
		want.Constant = got.Constant // computed once, from constants
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s: tensor (-file +recorded):\n%s", place, diff)
	}
}

// wantNested checks the subgraphs of the WHILE model, whose loop runs ten times.
func wantNested(t *testing.T, m *analyze.Model) {
	t.Helper()
	got := make(map[int32][]uint64) // counts by subgraph
	for _, op := range m.Ops {
		if counts := got[op.Subgraph]; op.Subgraph > 0 && !slices.Contains(counts, op.Count) {
			got[op.Subgraph] = append(counts, op.Count)
		}
	}
	want := map[int32][]uint64{1: {11 * invokes}, 2: {10 * invokes}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("how often the ops of the condition (1) and the body (2) ran (-want +got):\n%s", diff)
	}
}
