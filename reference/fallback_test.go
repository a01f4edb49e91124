package reference

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/reference/protocol"
	"github.com/edgexray/edgexray/test/parts"
)

func TestRunNamesTheOpThatAReferenceDiesIn(t *testing.T) {
	model := parts.Path(t, "models/mobilenet_v2_int8.tflite")
	inputs := edge(t, model, int8Image, make([]byte, 224*224*3), 1, 1)
	results, _, _, err := runAll(t, RunOptions{Model: model, Inputs: inputs, Capture: shimmed, Kernels: protocol.Reference})
	if err != nil {
		t.Fatal(err)
	}
	const want = "ended inside the preparation of SOFTMAX (node 64 of subgraph 0)"
	if got := results[0].Failure; got == nil || got.Error() != want {
		t.Errorf("failure is %v, want %s", got, want)
	}
}

// When the best kernels die before the first invoke, the next ones take their place, and that is said.
func TestRunGoesOnWithOtherKernels(t *testing.T) {
	model := parts.Path(t, "models/mobilenet_v2_int8.tflite")
	inputs := edge(t, model, int8Image, make([]byte, 224*224*3), 1, 1)
	for runner, want := range map[string]string{"": GoTFLite, LiteRT: LiteRT} {
		results, notes, _, err := runAll(t, RunOptions{Model: model, Inputs: inputs, Capture: shimmed, Runner: runner})
		if err != nil {
			t.Fatal(err)
		}
		if r := results[0]; len(results) != 1 || r.Failure != nil || r.Ran != 1 || r.Runner != want || r.Kernels != protocol.Builtin {
			t.Errorf("results are %+v, want that %s ran with its built-in kernels", results, want)
		}
		said := strings.Join(notes, "\n")
		for _, want := range []string{"the reference kernels of LiteRT", "inside the preparation of SOFTMAX (node 64 of subgraph 0)", "going on with the builtin kernels of"} {
			if !strings.Contains(said, want) {
				t.Errorf("said %q, want %q", said, want)
			}
		}
	}
}

// A runner that dies is told, and the others run all the same.
func TestRunGoesOnWhenAReferenceDies(t *testing.T) {
	model := parts.Path(t, "models/mobilenet_v2_int8.tflite")
	inputs := edge(t, model, int8Image, make([]byte, 224*224*3), 1, 1)
	results, _, _, err := runAll(t, RunOptions{Model: model, Inputs: inputs, All: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 {
		t.Fatalf("%d results, want 2", len(results))
	}
	var died *Died
	if !errors.As(results[0].Failure, &died) || died.Doing.Stage != protocol.Preparing || results[0].Ran != 0 {
		t.Errorf("LiteRT's result is %+v, want that it died while preparing", results[0])
	}
	if results[1].Runner != GoTFLite || results[1].Failure != nil || results[1].Ran != 1 {
		t.Errorf("go-tflite's result is %+v, want that it ran", results[1])
	}
	for i, name := range []string{"ref.litert.tensors", "ref.go-tflite.tensors"} {
		if filepath.Base(results[i].Output) != name {
			t.Errorf("output is %s, want %s", results[i].Output, name)
		}
	}
}
