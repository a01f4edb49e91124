package compare_test

import (
	"bytes"
	"testing"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/reference"
	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/parts"
)

func newLocal(t *testing.T, model string) compare.Local {
	t.Helper()
	local, err := reference.NewLocal(t.Context(), model, reference.Options{Tools: reference.Tools{Python: parts.Python(t)}, Runner: reference.LiteRT})
	if err != nil {
		t.Fatal(err)
	}
	return local
}

func run(t *testing.T, edge, reference *snapshot.File, o compare.Options) *compare.Result {
	t.Helper()
	r, err := compare.Compare(t.Context(), edge, reference, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func show(t *testing.T, r *compare.Result) {
	t.Helper()
	var b bytes.Buffer
	if err := report.Compare(&b, r, report.Text, 0); err != nil {
		t.Error(err)
	}
	t.Log(b.String())
}

// Nobody is convicted where optimized kernels differ from reference kernels as they should, or a quantized model from its
// float twin.
func TestHealthy(t *testing.T) {
	for _, c := range []struct{ edge, reference string }{
		{"models/mobilenet_v1_int8_logits.tflite", "models/mobilenet_v1_int8_logits.tflite"},
		{"models/mobilenet_v2_int8_logits.tflite", "models/mobilenet_v2_int8_logits.tflite"},
		{"models/mobilenet_v3_small_int8_logits.tflite", "models/mobilenet_v3_small_int8_logits.tflite"},
		{"models/mobilenet_v2_float.tflite", "models/mobilenet_v2_float.tflite"},
		{"models/mobilenet_v3_small_float.tflite", "models/mobilenet_v3_small_float.tflite"},
		{"face/face_landmark.tflite", "face/face_landmark.tflite"},
		{"face/iris_landmark.tflite", "face/iris_landmark.tflite"},
		{"models/mobilenet_v2_int8.tflite", "models/mobilenet_v2_float.tflite"},
		{"models/mobilenet_v3_small_int8.tflite", "models/mobilenet_v3_small_float.tflite"},
		{"models/mobilenet_v2_float.tflite", "models/mobilenet_v2_int8.tflite"},
	} {
		t.Run(c.edge+" "+c.reference, func(t *testing.T) {
			kernels := trusted
			if c.edge != c.reference {
				kernels = optimized // reference kernels abort on some int8 models
			}
			edge, ref := capture(t, c.edge, optimized), capture(t, c.reference, kernels)
			e, r := edge.snapshot(t, -1), ref.snapshot(t, -1)
			alone := run(t, e, r, compare.Options{Model: edge.model, Local: newLocal(t, edge.path)})
			if v := alone.Verdict; v.Status != compare.WithinTolerance || len(alone.Problems) > 0 || v.Right != len(edge.model.Subgraphs[0].Operators) {
				t.Errorf("%v, %d right, problems %v", v.Status, v.Right, alone.Problems)
				show(t, alone)
			}
			m := alone.Models[0]
			if len(m.EdgeOnly) > 1 || len(m.ReferenceOnly) > 1 { // SOFTMAX, which one has and the other hasn't
				t.Errorf("not aligned: %v and %v", m.EdgeOnly, m.ReferenceOnly)
			}
			if together := run(t, e, r, compare.Options{}); together.Verdict.Status != compare.WithinTolerance {
				t.Errorf("without a model: %v", together.Verdict.Status)
				show(t, together)
			}
		})
	}
}
