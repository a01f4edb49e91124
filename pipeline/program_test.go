package pipeline

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/test/parts"
)

func TestProgram(t *testing.T) {
	script := filepath.Join(t.TempDir(), "half.py")
	const source = `import sys, io, numpy as np
a = np.load(io.BytesIO(sys.stdin.buffer.read()))
np.save(sys.stdout.buffer, (a.astype(np.float32) * float(sys.argv[1].removeprefix("--by="))))`
	if err := os.WriteFile(script, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	line := "program " + parts.Python(t) + " " + script + " --by=0.5"
	p, err := Read(strings.NewReader(line), "test")
	if err != nil {
		t.Fatal(err)
	}
	if got := Words(p.Inputs[0].Steps); got != line {
		t.Errorf("it reads %q", got)
	}
	got, err := Run(p.Inputs[0].Steps, step.Value{Array: &step.Array{Shape: []int{1, 3}, Uint8: []uint8{1, 2, 255}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{0.5, 1, 127.5}; !slices.Equal(got.Array.Float32, want) || !slices.Equal(got.Array.Shape, []int{1, 3}) {
		t.Errorf("it made %v %v", got.Array.Shape, got.Array.Float32)
	}
}

func TestProgramFails(t *testing.T) {
	for line, why := range map[string]string{
		"program":                  "missing",
		"program /no/such/program": "no such file",
		"program false":            "exit status",
		"program ls /no/such/file": "No such file",
		"program echo no array":    "no .npy file",
		"program true":             "no .npy file",
	} {
		p, err := Read(strings.NewReader(line), "test")
		if err == nil {
			_, err = Run(p.Inputs[0].Steps, step.Value{Bytes: []byte("raw")})
		}
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
