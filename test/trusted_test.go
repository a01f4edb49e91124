package test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
)

// A trusted kernel that is wrong convicts nobody: the SUM of INT8 among LiteRT's reference kernels doesn't add up. That of
// TFLite 2.9.0 is wrong in another way: what doesn't fit goes around.
func TestTrustedKernelIsWrong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sum.tflite")
	python := parts.Python(t)
	run(t, python, apps.Script(t, "reduce.py"), path)
	for _, c := range []struct {
		edge   []string
		status int
		wants  []string
	}{
		{litert(t, path, "--resolver", "builtin"), 0, []string{"WITHIN TOLERANCE", "SUM (node 0) of sum.tflite is right on the edge", "the reference run itself is off at SUM (node 0)"}},
		{capi(t, "2.17.1", "--model", path), 0, []string{"WITHIN TOLERANCE", "SUM (node 0) of sum.tflite is right on the edge", "the reference run itself is off at SUM (node 0)"}},
		{capi(t, "2.9.0", "--model", path), 1, []string{"PAST TOLERANCE: node 0, SUM"}},
	} {
		edge := snapshotCommand(t, c.edge)
		got := finish(t, edgexray(t, "compare", edge.file, referenceOf(t, path, edge.file, "reference").file, "--model", path, "--python", python))
		for _, want := range c.wants {
			if got.status != c.status || !strings.Contains(got.stdout, want) {
				t.Errorf("%q: exit status %d, want %d and %q:\n%s%s", c.edge, got.status, c.status, want, got.stdout, got.stderr)
			}
		}
	}
}
