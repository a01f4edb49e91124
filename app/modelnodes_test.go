package app

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

func TestDescribeNodes(t *testing.T) {
	parsed := &tflite.Model{
		OperatorCodes: []tflite.OperatorCode{{Code: 17}, {Code: tflite.OpCustom, CustomName: "Fancy"}},
		Buffers:       []tflite.Buffer{{}, {Offset: 100, Size: 4}},
		Subgraphs: []tflite.Subgraph{{}, {
			Tensors: []tflite.Tensor{
				{Name: "x", Type: tflite.Float32, Shape: []int32{1, 8, 8, 2}}, {Type: tflite.Int8, Shape: []int32{4}, Buffer: 1},
				{Type: tflite.Int8, IsVariable: true}, {Type: tflite.Int8, Shape: make([]int32, maxNode)},
			},
			Operators: []tflite.Operator{
				{Opcode: 0, Inputs: []int32{0}, Outputs: []int32{1}, Params: []tflite.Param{{Name: "filter_width", Value: 3}}},
				{Opcode: 1, Inputs: []int32{2, -1}},
				{Opcode: 1, Inputs: []int32{3}}, // a damaged or hostile file
			},
		}},
	}
	var got []*trace.ModelNode
	var notes []string
	ms := Models{
		Describe: func(d trace.Description) { got = append(got, d.(*trace.ModelNode)) },
		Note:     func(_, format string, _ ...any) { notes = append(notes, format) },
	}
	ms.describeNodes(&model{parsed: parsed, described: &trace.Model{Id: 7}})
	want := []*trace.ModelNode{
		{
			Model: 7, Subgraph: 1, Index: 0, Op: "MAX_POOL_2D", Params: []*trace.Param{{Name: "filter_width", Value: 3}},
			Inputs:  []*trace.Tensor{{Index: 0, Type: int32(tflite.Float32), Shape: []int32{1, 8, 8, 2}}},
			Outputs: []*trace.Tensor{{Index: 1, Type: int32(tflite.Int8), Shape: []int32{4}, Allocation: int32(tflite.MmapRo)}},
		},
		{
			Model: 7, Subgraph: 1, Index: 1, Op: "Fancy", Custom: true,
			Inputs: []*trace.Tensor{{Index: 2, Type: int32(tflite.Int8), Variable: true}, {Index: -1}},
		},
	}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("described (-want +got):\n%s", diff)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "too large to describe") {
		t.Errorf("notes are %q, want one of the node that was left out", notes)
	}
}
