package test

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/work"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/trace"
)

// countedMACs is what TensorFlow's profiler counts for the paper's classifiers, from the table in docs/work.md.
func countedMACs(t *testing.T) map[string]uint64 {
	t.Helper()
	doc, err := os.ReadFile("../docs/work.md")
	if err != nil {
		t.Fatal(err)
	}
	counted := make(map[string]uint64)
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([0-9 ]+) \\|").FindAllStringSubmatch(string(doc), -1) {
		counted[row[1]], err = strconv.ParseUint(strings.ReplaceAll(row[2], " ", ""), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
	}
	return counted
}

// The work of all ops of a model is what TensorFlow itself counts, whoever runs them and recorded them.
func TestWorkIsWhatTensorFlowCounts(t *testing.T) {
	small := []string{"mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small"}
	large := []string{"inception_v3", "resnet50_v2", "densenet121"}
	path := func(name, form string) string {
		for _, l := range large {
			if name == l {
				return parts.Path(t, "classifiers/"+name+"_"+form+".tflite")
			}
		}
		return model(t, name+"_"+form)
	}
	counted := countedMACs(t)
	for _, c := range []struct {
		name   string
		models []string
		form   string
		app    func(path string) []string
		flags  []string
	}{
		{"XNNPACK's operators", append(small, large...), "float", func(path string) []string { return litert(t, path) }, nil},
		{"XNNPACK's operators, int8", small, "int8", func(path string) []string { return litert(t, path) }, nil},
		{"built-in kernels", small, "float", func(path string) []string { return litert(t, path, "--resolver", "builtin") }, nil},
		{"built-in kernels, int8", small, "int8", func(path string) []string { return capi(t, "2.17.1", "--model", path) }, nil},
		{"a delegate that shows no operators", small, "float", func(path string) []string { return litert(t, path) }, []string{"--via", "shim"}},
	} {
		for _, name := range c.models {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				want := counted[name]
				if want == 0 {
					t.Fatal("docs/work.md has no count")
				}
				r := recordCommand(t, c.app(path(name, c.form)), c.flags...)
				if got := macs(t, r.trace); float64(got) < 0.99*float64(want) || float64(got) > 1.01*float64(want) {
					t.Errorf("%d MACs, TensorFlow counts %d", got, want)
				}
			})
		}
	}
}

// macs returns the MACs of one invoke of the only model in a trace. All of its ops' work must be known.
func macs(t *testing.T, path string) uint64 {
	t.Helper()
	r, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	result, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Models) != 1 {
		t.Fatalf("%d models", len(result.Models))
	}
	listed := work.List(result).Models[0]
	if listed.Unknown > 0 {
		t.Errorf("%d ops of unknown work", listed.Unknown)
	}
	return listed.MACs
}
