package benchexport

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// benchstat itself finds each op on both sides, a sample for each run, and the one that became slower.
func TestBenchstat(t *testing.T) {
	dir := t.TempDir()
	for name, times := range map[string]float64{"base": 1, "new": 1.1} {
		a := tracetest.NewApp(uint64(len(name)))
		a.Times[6] *= times
		var file, results bytes.Buffer
		if err := a.Write(&file); err != nil {
			t.Fatal(err)
		}
		r, err := trace.NewReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		ops, err := analyze.Ops(r, analyze.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := Write(&results, ops, 0.05); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), results.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	output, err := exec.Command("go", "tool", "benchstat", "-format", "csv", filepath.Join(dir, "base"), filepath.Join(dir, "new")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	found, changed := 0, 0
	for line := range strings.Lines(string(output)) {
		if strings.HasPrefix(line, "Op/node=") {
			found++
			if !strings.HasSuffix(strings.TrimSpace(line), "n=5") {
				t.Errorf("not five samples: %s", line)
			}
			if strings.HasPrefix(line, "Op/node=6/op=CONV_2D/out=FLOAT32_1x8,") && strings.Contains(line, "p=0.008") {
				changed++
			}
		}
	}
	if found != 12 || changed != 1 {
		t.Errorf("%d ops, node 6 changed in %d lines, want 12 and 1:\n%s", found, changed, output)
	}
}
