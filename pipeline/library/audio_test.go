package library

import (
	"math"
	"os"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
)

// Each pipeline of sound and text takes raw data, and makes what its model takes.
func TestSoundAndText(t *testing.T) {
	t.Chdir(t.TempDir()) // the models' vocabularies
	if err := os.WriteFile("vocab.txt", []byte("<PAD>\n<START>\n<UNKNOWN>\n[UNK]\ngood\nfilm\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tone := &step.Array{Shape: []int{66150, 2}}
	for i := range 66150 {
		x := int16(8000 * math.Sin(float64(i)/20))
		tone.Int16 = append(tone.Int16, x, x/2)
	}
	sound, words := step.Value{Array: tone, Rate: 22050}, step.Value{Bytes: []byte("A good film!")}
	as16k := step.Value{Array: tone, Rate: 16000} // the models' own rate: nothing is resampled
	for _, c := range []struct {
		name   string
		raw    step.Value
		shapes [][]int
	}{
		{"yamnet", sound, [][]int{{5, 96, 64}}},
		{"yamnet_samples", sound, [][]int{{15600}}},
		{"birdnet", sound, [][]int{{144000}}},
		{"micro_wake_word", sound, [][]int{{298, 40}}},
		{"micro_speech", sound, [][]int{{49, 40}}},
		{"micro_wake_word", as16k, [][]int{{411, 40}}},
		{"micro_speech", as16k, [][]int{{49, 40}}},
		{"speech_commands", sound, [][]int{{98, 40}}},
		{"speech_commands_samples", sound, [][]int{{16000}}},
		{"simple_audio", sound, [][]int{{124, 129}}},
		{"average_word_vec", words, [][]int{{256}}},
		{"mobilebert", words, [][]int{{128}, {128}, {128}}},
	} {
		p, err := Open(c.name)
		if err != nil {
			t.Error(err)
			continue
		}
		var shapes [][]int
		for _, input := range p.Inputs {
			v, err := pipeline.Run(input.Steps, c.raw)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			shapes = append(shapes, v.Array.Shape)
		}
		if !slices.EqualFunc(shapes, c.shapes, slices.Equal) || p.Task == "" {
			t.Errorf("%s, for %q: makes %v, want %v", c.name, p.Task, shapes, c.shapes)
		}
	}
}
