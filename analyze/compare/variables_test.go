package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
)

// streaming keeps what it made of one invoke until the next.
var streaming = []string{"VAR_HANDLE -> h", "READ_VARIABLE h -> a", "ADD a x -> b", "ASSIGN_VARIABLE h b -> "}

func streamingModel() *tflite.Model {
	return &tflite.Model{
		OperatorCodes: []tflite.OperatorCode{{Code: 142}, {Code: 143}, {Code: 0}, {Code: 144}},
		Subgraphs: []tflite.Subgraph{{Tensors: make([]tflite.Tensor, 4), Inputs: []int32{0}, Operators: []tflite.Operator{
			{Opcode: 0, Outputs: []int32{1}, Variable: "/state"},
			{Opcode: 1, Inputs: []int32{1}, Outputs: []int32{2}},
			{Opcode: 2, Inputs: []int32{2, 0}, Outputs: []int32{3}},
			{Opcode: 3, Inputs: []int32{1, 3}},
		}}},
	}
}

// What is read is what was assigned in the invoke before.
func TestVariables(t *testing.T) {
	two := [][]float32{make([]float32, 4), make([]float32, 4)}
	for _, c := range []struct {
		name  string
		read  []float32
		runs  [][]float32
		want  Status
		notes string
	}{
		{"what was assigned", []float32{1, 2, 3, 4}, two, Right, "before is not in the snapshot"}, // of the first invoke
		{"something else", []float32{1, 2, 3, 5}, two, Guilty, "before is not in the snapshot"},
		{"one invoke", []float32{1, 2, 3, 5}, nil, Unclear, "before is not in the snapshot"},
	} {
		s := sketch{inputs: "x", ops: streaming, invokes: c.runs, values: map[string][]float32{"a": c.read, "b": {1, 2, 3, 4}}, change: func(c *snapshot.Captured) {
			if c.Tensor == 1 {
				c.Missing, c.Data, c.Described = snapshot.Handle, nil, &snapshot.Tensor{Type: int32(tflite.Resource)}
			}
		}}
		edge := s.file()
		for _, n := range edge.Nodes {
			for _, t := range slices.Concat(n.Inputs, n.Outputs) {
				if t.Name == "h" {
					t.Type = int32(tflite.Resource)
				}
			}
		}
		r, err := Compare(t.Context(), edge, edge, Options{Model: streamingModel(), Local: new(counting)})
		if err != nil {
			t.Fatal(err)
		}
		ops := r.Models[0].Ops
		if ops[1].Status != c.want || !strings.Contains(ops[1].Outputs[0].NotLocal, c.notes) {
			t.Errorf("%s: READ_VARIABLE is %s, %s (%s), want %s", c.name, ops[1].Status, ops[1].Why, ops[1].Outputs[0].NotLocal, c.want)
		}
		if ops[0].Status != NoData || ops[3].Status != NoData || r.Verdict.NotJudged > 0 {
			t.Errorf("%s: VAR_HANDLE and ASSIGN_VARIABLE are %s and %s, want %s", c.name, ops[0].Status, ops[3].Status, NoData)
		}
	}
}
