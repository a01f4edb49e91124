package analyze

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/trace"
)

func shaped(index int32, shape ...int32) *trace.Tensor {
	return &trace.Tensor{Index: index, Type: 1, Shape: shape, Bytes: 4}
}

// A model of PAD, CONV_2D, SOFTMAX and CAST, of which a delegate took the first three: an operator does PAD and CONV_2D, two do
// SOFTMAX.
func TestParts(t *testing.T) {
	rec := newRecording()
	operator := func(id, place uint32, name string, nodes []int32, ops ...string) *trace.Node {
		return &trace.Node{
			Id: id, Subgraph: 1, Index: nodes[0], Op: ops[0], Delegate: "xnnpack",
			Operator: &trace.Operator{Name: name, Place: place, Node: 1, DelegateIndex: 4, Mapping: "fused", Nodes: nodes, Ops: ops},
			Outputs:  []*trace.Tensor{shaped(9, 1)},
		}
	}
	params := func(name string, value int64) []*trace.Param { return []*trace.Param{{Name: name, Value: value}} }
	rec.add(&trace.Block{
		Threads:   []*trace.Thread{{Id: 1}},
		Models:    []*trace.Model{{Id: 7, Path: "m.tflite"}},
		Subgraphs: []*trace.Subgraph{{Id: 1, Interpreter: 1, Model: 7}},
		ModelNodes: []*trace.ModelNode{
			{Model: 7, Index: 0, Op: "PAD", Inputs: []*trace.Tensor{shaped(0, 1, 8, 8, 3)}, Outputs: []*trace.Tensor{shaped(1, 1, 10, 10, 3)}},
			{Model: 7, Index: 1, Op: "CONV_2D", Params: params("stride_w", 2)},
			{Model: 7, Index: 2, Op: "SOFTMAX"},
			{Model: 7, Index: 3, Op: "CAST", Params: params("axis", 5)},
			{Model: 8, Index: 3, Op: "CAST", Params: params("axis", 6)},
		},
		Nodes: []*trace.Node{
			// The app made the input twice as large as in the file.
			{Id: 1, Subgraph: 1, Index: 4, Op: "xnnpack", Delegate: "xnnpack", Replaced: []uint32{0, 1, 2}, Inputs: []*trace.Tensor{shaped(0, 1, 16, 16, 3)}},
			operator(2, 0, "Convolution (NHWC, F32)", []int32{1, 0}, "CONV_2D", "PAD"),
			operator(3, 1, "Copy (NC, X32)", []int32{2}, "SOFTMAX"),
			operator(4, 2, "Softmax (NC, F32)", []int32{2}, "SOFTMAX"),
			{Id: 5, Subgraph: 1, Index: 3, Op: "CAST"},
		},
		Ops: []*trace.OpBatch{{
			Thread: 1, BaseNs: 1000, Node: []uint32{2, 3, 4, 1, 5}, Gap: []int64{0, 0, 0, -30, 0}, Duration: []int64{10, 10, 10, 30, 5},
			Depth: []uint32{1, 1, 1, 0, 0},
		}},
	})
	rec.finish()
	ops := make(map[int][]*Op)
	for _, op := range rec.result(Options{}).Models[0].Ops {
		ops[int(op.Node)] = append(ops[int(op.Node)], op)
	}

	conv := ops[1][0]
	if diff := cmp.Diff(map[string]int64{"stride_w": 2}, conv.Params); diff != "" {
		t.Errorf("the operator's parameters: %s", diff)
	}
	pad := Part{
		Node: 0, Op: "PAD", Params: map[string]int64{}, Sharing: 1, Resized: true,
		Inputs:  []Tensor{{Index: 0, Type: "FLOAT32", Shape: []int32{1, 16, 16, 3}}},
		Outputs: []Tensor{{Index: 1, Type: "FLOAT32", Shape: []int32{1, 10, 10, 3}}},
	}
	if diff := cmp.Diff(pad, conv.Parts[1]); diff != "" {
		t.Errorf("the second part: %s", diff)
	}
	if first := conv.Parts[0]; first.Outputs[0].Index != 9 || first.Params["stride_w"] != 2 {
		t.Errorf("the first part is %+v, not as the operator was described", first)
	}
	moved, computed := ops[2][0].Parts[0], ops[2][1].Parts[0]
	if moved.Helps != Before || computed.Helps != NoHelp || computed.Sharing != 1 {
		t.Errorf("of two operators for a node the first one moves its data; they are %+v and %+v", moved, computed)
	}
	if cast := ops[3][0]; cast.Params["axis"] != 5 || len(cast.Parts) != 0 {
		t.Errorf("a node's parameters are %v, and it has %d parts", cast.Params, len(cast.Parts))
	}
	if delegate := ops[4][0]; len(delegate.Operators) != 3 || len(delegate.Parts) != 3 || delegate.Parts[1].Op != "CONV_2D" {
		t.Errorf("the delegate node ran %d operators, for %+v", len(delegate.Operators), delegate.Parts)
	}
}
