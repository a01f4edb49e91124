package compare

import (
	"strings"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// of returns the same of a model file with a hash.
func (s sketch) of(sha256 string) *snapshot.File {
	f := s.file()
	f.Models = map[uint32]*trace.Model{1: {Id: 1, Path: sha256 + ".tflite", Sha256: sha256}}
	f.Subgraphs[1].Model = 1
	return f
}

// Models that differ in weights only are kept apart.
func TestOtherWeights(t *testing.T) {
	chain := sketch{inputs: "x", ops: []string{"ADD x x -> a", "MUL a a -> b"}}
	for _, c := range []struct {
		reference *snapshot.File
		want      string
	}{
		{chain.of("a"), ""},
		{chain.file(), ""},
		{chain.of("b"), "b.tflite of the reference is another file than a.tflite of the edge"},
	} {
		r, err := Compare(t.Context(), chain.of("a"), c.reference, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if said := strings.Join(r.Problems, "\n"); !strings.Contains(said, c.want) || c.want == "" && said != "" {
			t.Errorf("said %q, want %q", said, c.want)
		}
	}
	there := append(graphs(chain.of("b")), graphs(chain.of("a"))...)
	if c, err := counterpart(graphs(chain.of("a"))[0], there); err != nil || c.reference.name != "a.tflite" {
		t.Errorf("compared with %+v, %v", c, err)
	}
	r := &Result{Verdict: Verdict{Guilty: make([]Finding, 3), Right: 2}}
	if r.doubtModel(Options{Model: new(tflite.Model)}); len(r.Problems) != 1 {
		t.Errorf("of 3 guilty ops and 2 right ones it says %q", r.Problems)
	}
}
