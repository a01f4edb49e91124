package test

import (
	"strings"
	"testing"

	"github.com/edgexray/edgexray/test/parts"
)

// A model with the same layers and other weights is told from the one that ran.
func TestOtherWeights(t *testing.T) {
	path := model(t, "mobilenet_v3_small_float")
	weights := read(t, path)
	weights[len(weights)/2] ^= 1
	other := write(t, "other.tflite", weights)
	edge := snapshotCommand(t, capi(t, "2.17.1", "--model", path))
	same, differing := referenceOf(t, path, edge.file, "builtin"), referenceOf(t, other, edge.file, "builtin")
	python := parts.Python(t)

	got := finish(t, edgexray(t, "compare", edge.file, same.file, "--model", other, "--python", python))
	wantFailure(t, got, 2, "can't be compared with --model", "mobilenet_v3_small_float.tflite", "SHA-256", "other weights")

	got = finish(t, edgexray(t, "compare", edge.file, differing.file, "--model", path, "--python", python))
	if want := "other.tflite of the reference is another file than mobilenet_v3_small_float.tflite of the edge"; got.status != 0 || !strings.Contains(got.stdout, want) {
		t.Errorf("exit status %d, want 0 and %q:\n%s%s", got.status, want, got.stdout, got.stderr)
	}
}
