package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/traceexport"
)

// writeTrace writes a trace in which one node ran, as sums or not.
func writeTrace(t *testing.T, aggregated bool, ops ...trace.Op) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "small.xray"))
	if err != nil {
		t.Fatal(err)
	}
	h := &trace.Header{}
	if aggregated {
		h.AggregateOctave = 16
	}
	w, err := trace.NewWriter(f, h)
	if err != nil {
		t.Fatal(err)
	}
	errs := []error{
		w.Describe(&trace.Process{Id: 1, Pid: 7, Name: "app"}), w.Describe(&trace.Thread{Id: 1, Process: 1, Tid: 7}),
		w.Describe(&trace.Subgraph{Id: 1, Process: 1, Name: "main"}), w.Describe(&trace.Node{Id: 1, Subgraph: 1, Op: "ADD"}),
	}
	if aggregated {
		errs = append(errs, w.Describe(&trace.Aggregate{Thread: 1, Node: 1, Count: 2, SumNs: 2000}))
	}
	for _, op := range ops {
		errs = append(errs, w.AddOp(op))
	}
	if err := errors.Join(append(errs, w.Close(&trace.End{}), f.Close())...); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func TestExportVerb(t *testing.T) {
	xray, other := writeSample(t), filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte(`{"no": 1`), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(t.TempDir(), "newer.xray")
	data, err := os.ReadFile(xray)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.xray")
	if err := errors.Join(os.WriteFile(cut, data[:len(data)*3/4], 0o600), os.WriteFile(newer, newerVersion(data), 0o600)); err != nil {
		t.Fatal(err)
	}
	empty, undescribed := writeTrace(t, false), writeTrace(t, false, trace.Op{Thread: 1, Node: 99})
	sums, one := writeTrace(t, true), writeTrace(t, false, trace.Op{Thread: 1, Node: 1, Duration: 2000})
	for _, c := range []struct {
		args           []string
		status         int
		stdout, stderr string // what they must contain
	}{
		{[]string{xray, "--format", "perfetto"}, exitOK, "", "run.perfetto-trace; open it with https://ui.perfetto.dev"},
		{[]string{xray, "--format", "chrome", "-o", "-"}, exitOK, `"traceEvents":[`, "LOST: ring full: 5"},
		{[]string{xray, "--format", "folded", "-o", "-"}, exitOK, "detector;ssd.tflite;subgraph 0 main;CONV_2D;CONV_2D #0 features/Relu6;tflite::", ""},
		{[]string{xray, "--format", "csv", "-o", "-"}, exitOK, "process,pid,thread,tid,model,", ""},
		{[]string{xray, "--format", "parquet", "-o", "-"}, exitOK, "PAR1", ""},
		{[]string{one, "--format", "model-explorer", "-o", "-"}, exitOK, `"value": 2`, ""},
		{[]string{xray, "--format", "model-explorer", "--model", "ssd.tflite"}, exitOK, "", "of the time is on no node"},
		{[]string{xray, "--format", "model-explorer"}, exitMisuse, "", "choose with --model"},
		{[]string{xray, "--format", "model-explorer", "--model", "ssd.tflite", "--metric", "error"}, exitMisuse, "", "--compare"},
		{[]string{xray, "--format", "model-explorer", "--compare", other}, exitMisuse, "", "has to be what `edgexray compare --json` prints"},
		{[]string{xray, "--format", "model-explorer", "--compare", other + "-missing"}, exitMisuse, "", "no such file"},
		{[]string{xray}, exitMisuse, "", "say which format with --format: perfetto, chrome"},
		{[]string{xray, "--format", "moon"}, exitMisuse, "", `"moon" is none (use perfetto, chrome`},
		{[]string{"--format", "csv"}, exitMisuse, "", "accepts 1 arg"},
		{[]string{xray, "--format", "csv", "-o", "/dev/full"}, exitForbidden, "", "no space left on device (nothing was written to /dev/full: make room there"},
		{[]string{xray, "--format", "csv", "-o", filepath.Join(other, "x")}, exitMisuse, "", "not a directory"},
		{[]string{other, "--format", "csv"}, exitMisuse, "", "not an edgexray trace"},
		{[]string{newer, "--format", "csv"}, exitMisuse, "", "trace format too new"},
		{[]string{cut, "--format", "csv", "-o", "-"}, exitOK, "CONV_2D", "INCOMPLETE: the trace ends early"},
		{[]string{empty, "--format", "csv"}, exitNothing, "", "no op was recorded"},
		{[]string{undescribed, "--format", "csv"}, exitNothing, "", "op without description"},
		{[]string{sums, "--format", "perfetto"}, exitNothing, "", "no single executions"},
		{[]string{sums, "--format", "csv"}, exitNothing, "", "no single executions"},
		{[]string{sums, "--format", "folded", "-o", "-"}, exitOK, "ADD #0 2000", ""},
		{[]string{sums, "--format", "model-explorer", "-o", "-"}, exitOK, `"value": 1`, ""},
		{[]string{sums, "--format", "benchfmt", "-o", "-"}, exitOK, "BenchmarkOp/node=0/op=ADD", ""},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(append([]string{"export"}, c.args...), &stdout, &stderr); status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			if !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
				t.Errorf("want %q on stdout and %q on stderr; got\n%s\nand\n%s", c.stdout, c.stderr, &stdout, &stderr)
			}
		})
	}
	for _, dir := range []string{filepath.Dir(empty), filepath.Dir(undescribed)} {
		if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
			t.Errorf("files were left: %v, %v", files, err)
		}
	}
}

// What compare prints colours nodes by their errors.
func TestExportCompared(t *testing.T) {
	var compared, stdout, stderr bytes.Buffer
	if status := run([]string{"compare", writeAdds(t, "y", 80), writeAdds(t, "y", 8), "--json"}, &compared, &stderr); status != exitFailed {
		t.Fatalf("compare: exit status %d: %s", status, &stderr)
	}
	path := filepath.Join(t.TempDir(), "compare.json")
	if err := os.WriteFile(path, compared.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	xray := writeTrace(t, false, trace.Op{Thread: 1, Node: 1, Duration: 2000})
	args := []string{"export", xray, "-f", "model-explorer", "--metric", "error", "--compare", path, "-o", "-"}
	if status := run(args, &stdout, &stderr); status != exitOK {
		t.Fatalf("exit status %d: %s", status, &stderr)
	}
	var got map[string]struct {
		Results map[string]struct{ Value float64 }
	}
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if nodes := got["main"].Results; len(nodes) != 2 || nodes["0"].Value != 0 || nodes["1"].Value < 0.1 {
		t.Errorf("%+v; the second ADD is off", nodes)
	}
}

// newerVersion returns the trace as one of a format of the future.
func newerVersion(file []byte) []byte {
	newer := bytes.Clone(file)
	newer[len(trace.Magic)]++
	return newer
}

// Each format has the default name that docs/export.md tells, and leaves no other file.
func TestExportNames(t *testing.T) {
	docs, err := os.ReadFile("../../docs/export.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range traceexport.Formats {
		xray := writeTrace(t, false, trace.Op{Thread: 1, Node: 1, Duration: 2000})
		var stdout, stderr bytes.Buffer
		if status := run([]string{"export", xray, "-f", format.Name}, &stdout, &stderr); status != exitOK {
			t.Fatalf("%s: exit status %d: %s", format.Name, status, &stderr)
		}
		want := strings.TrimSuffix(xray, ".xray") + format.Suffix
		if files, err := filepath.Glob(filepath.Dir(xray) + "/*"); err != nil || len(files) != 2 {
			t.Errorf("%s: files %v, %v", format.Name, files, err)
		}
		if info, err := os.Stat(want); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", format.Name, err)
		}
		if line := fmt.Sprintf("| `%s` | `run%s` |", format.Name, format.Suffix); !strings.Contains(string(docs), line) {
			t.Errorf("docs/export.md has no %q", line)
		}
	}
}

// What fails halfway leaves the file that was there, and nothing else.
func TestWriteWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("there is nothing to write")
	err := writeWhole(path, func(w io.Writer) error { fmt.Fprint(w, strings.Repeat("half", 1<<16)); return refused })
	if !errors.Is(err, refused) || strings.Contains(err.Error(), "make room") {
		t.Errorf("%v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "older" {
		t.Errorf("%q, %v", data, err)
	}
	if err := writeWhole(path, func(w io.Writer) error { return json.NewEncoder(w).Encode("newer") }); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "\"newer\"\n" {
		t.Errorf("%q, %v", data, err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("files %v, %v", files, err)
	}
}
