package reference

import (
	"encoding/json"
	"testing"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// Runners get the shape of a scalar as [], not as null.
func TestScalarsHaveAShape(t *testing.T) {
	scalar := &tflite.Tensor{Name: "n", Type: tflite.Int32}
	model := &tflite.Model{Subgraphs: []tflite.Subgraph{{Tensors: []tflite.Tensor{*scalar}, Inputs: []int32{0}}}}
	_, shapes, err := match([]given{{&trace.Tensor{Name: "n", Type: int32(tflite.Int32)}, make([]byte, 4)}}, model, true)
	if err != nil {
		t.Fatal(err)
	}
	shapes = append(shapes, shapeOf(scalar, compare.LocalOp{}, 0), shapeOf(scalar, compare.LocalOp{Shapes: map[int32][]int32{0: nil}}, 0))
	if text, _ := json.Marshal(shapes); string(text) != "[[],[],[]]" {
		t.Errorf("shapes are %s", text)
	}
}
