package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// writeApp records an app in which a node takes by times as long; all do when it is -1.
func writeApp(t *testing.T, seed uint64, node int, by float64, change ...func(*tracetest.App)) string {
	t.Helper()
	a := tracetest.NewApp(seed)
	for i := range a.Times {
		if i == node || node < 0 {
			a.Times[i] *= by
		}
	}
	for _, c := range change {
		c(a)
	}
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.xray", seed))
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := a.Write(f); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDiffVerb(t *testing.T) {
	one := func(a *tracetest.App) { a.Processes = 1 }
	base, same, slower := writeApp(t, 1, 0, 1), writeApp(t, 2, 0, 1), writeApp(t, 3, 6, 1.08)
	var bases, news []string
	for i := range uint64(5) {
		bases, news = append(bases, writeApp(t, 10+i, 0, 1, one)), append(news, writeApp(t, 20+i, 6, 1.08, one))
	}
	several := slices.Concat(bases, []string{"--"}, news)
	empty := writeApp(t, 4, 0, 1, func(a *tracetest.App) { a.Processes = 0 })
	other := writeApp(t, 5, 0, 1, func(a *tracetest.App) {
		a.Model.Path, a.Model.Sha256, a.Nodes[0].Op = "/data/other.tflite", "f00d", "PAD"
	})
	folder := t.TempDir()
	thresholds, wrong := filepath.Join(folder, "thresholds"), filepath.Join(folder, "wrong")
	for path, text := range map[string]string{thresholds: "* CONV_2D,conv::*,6 change=inf # whatever\n", wrong: "* * size=3\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newer := writeNewer(t, base)
	for _, c := range []struct {
		name           string
		args           []string
		status         int
		stdout, stderr string // what they must contain
	}{
		{"the same", []string{base, same}, exitOK, "NO REGRESSION: nothing changed", ""},
		{"slower", []string{base, slower}, exitFailed, "REGRESSION: net.tflite: slower: node 6 CONV_2D +", ""},
		{"faster", []string{slower, base}, exitOK, "NO REGRESSION: net.tflite: faster: node 6 CONV_2D -", ""},
		{"several traces", several, exitFailed, "base 5 runs, 145 of 150 invokes clean (5 cold)", ""},
		{"one run each", []string{bases[0], news[0]}, exitOK, "NOT ENOUGH DATA: net.tflite: 1 and 1 runs count, and it takes 5 a side", ""},
		{"threshold", []string{base, slower, "--threshold", "20%"}, exitOK, "NO REGRESSION", ""},
		{"thresholds", []string{base, slower, "--thresholds", thresholds}, exitOK, "not judged: any change is allowed", ""},
		{"alpha", []string{base, slower, "--alpha", "0.001"}, exitOK, "it takes 7 a side", ""},
		{"markdown", []string{base, slower, "--markdown"}, exitFailed, "**REGRESSION: net.tflite: slower: node 6", ""},
		{"csv", []string{base, slower, "--csv"}, exitFailed, "net.tflite,op,0,6,CONV_2D,slower,,,", ""},
		{"JSON", []string{base, slower, "--json"}, exitFailed, `"status": "regression"`, ""},
		{"show thresholds", []string{"--show-thresholds"}, exitOK, "change=3% time=20us", ""},
		{"benchmark results", []string{base, same, "--benchfmt", folder}, exitOK, "NO REGRESSION", ""},
		{"empty", []string{base, empty}, exitNothing, "", "new: no op was recorded"},
		{"different models", []string{base, other}, exitMisuse, "", "they ran different models: base net.tflite, new other.tflite"},
		{"no trace", []string{base, wrong}, exitMisuse, "", "not an edgexray trace"},
		{"newer", []string{base, newer}, exitMisuse, "", "trace format too new"},
		{"wrong thresholds", []string{base, same, "--thresholds", wrong}, exitMisuse, "", `wrong: thresholds: line 1: there is no limit "size"`},
		{"wrong threshold", []string{base, same, "--threshold", "3 %"}, exitMisuse, "", "want a share such as 3%"},
		{"wrong alpha", []string{base, same, "--alpha", "2"}, exitMisuse, "", "alpha 2: want a number between 0 and 1"},
		{"three files", []string{base, same, slower}, exitMisuse, "", "which are base and which are new?"},
		{"one file", []string{base}, exitMisuse, "", "which are base and which are new?"},
		{"none of new", []string{base, same, "--"}, exitMisuse, "", "which are base and which are new?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(append([]string{"diff"}, c.args...), &stdout, &stderr); status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			if !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) || (c.stderr == "" && stderr.Len() > 0) {
				t.Errorf("want %q on stdout and %q on stderr; got\n%s\nand\n%s", c.stdout, c.stderr, &stdout, &stderr)
			}
		})
	}
	for _, name := range []string{"base.txt", "new.txt"} {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || strings.Count(string(text), "BenchmarkInvoke ") != 5 {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

// writeNewer writes a trace as if in the next version of the format.
func writeNewer(t *testing.T, path string) string {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file[len(trace.Magic)]++
	newer := filepath.Join(t.TempDir(), "newer.xray")
	if err := os.WriteFile(newer, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return newer
}

// docs/diff-json.md has all fields that are printed, and no others.
func TestDiffJSONIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/diff-json.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string]bool) // "Change.base_ns"
	section := ""
	for line := range strings.Lines(string(doc)) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			section = strings.TrimSpace(heading)
		}
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, field := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(cells[1], -1) {
				documented[section+"."+field[1]] = true
			}
		}
	}
	var all []string
	sections := map[string]reflect.Type{"Top": reflect.TypeFor[diff.Result](), "Verdict": reflect.TypeFor[diff.Verdict](), "Model": reflect.TypeFor[diff.Model](),
		"Name": reflect.TypeFor[diff.ModelName](), "Run": reflect.TypeFor[diff.Run](), "Change": reflect.TypeFor[diff.Change](), "Op": reflect.TypeFor[diff.Op]()}
	for name, of := range sections {
		for i := range of.NumField() {
			if tag := of.Field(i).Tag.Get("json"); tag != "" {
				field := name + "." + strings.Split(tag, ",")[0]
				all = append(all, field)
				if !documented[field] {
					t.Errorf("%s is not documented", field)
				}
			}
		}
	}
	for field := range documented {
		if !slices.Contains(all, field) {
			t.Errorf("%s is documented and isn't there", field)
		}
	}
}

// Lists and objects are never null.
func TestDiffJSONHasNoNull(t *testing.T) {
	var stdout, stderr bytes.Buffer
	base := writeApp(t, 1, 0, 1)
	run([]string{"diff", base, writeApp(t, 2, 11, 1.1, func(a *tracetest.App) { a.Nodes[3].Op, a.Nodes[3].Index = "PAD", 99 }), "--json"}, &stdout, &stderr)
	if !json.Valid(stdout.Bytes()) || strings.Contains(stdout.String(), "null") {
		t.Errorf("not JSON without null: %s\n%s", &stdout, &stderr)
	}
}
