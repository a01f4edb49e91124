package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// writeDescribed writes a trace of what is described, of which add writes ops.
func writeDescribed(t *testing.T, header *trace.Header, descriptions []trace.Description, add func(*trace.Writer) error) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.xray")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := trace.NewWriter(f, header)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range descriptions {
		if err := w.Describe(d); err != nil {
			t.Fatal(err)
		}
	}
	if add != nil {
		if err := add(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(&trace.End{DurationNs: 1e9, Reason: "duration"}); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whatever a trace is like, there is a clear answer.
func TestStragglersVerb(t *testing.T) {
	sample := writeSample(t)
	header := &trace.Header{Recorder: "edgexray", Architecture: "arm64", ProbeCosts: []*trace.ProbeCost{{TotalNs: 1400}}}
	empty := writeDescribed(t, header, nil, nil)
	op := func(w *trace.Writer) error { return w.AddOp(trace.Op{Thread: 1, Node: 1, Start: 10, Duration: 10_000}) }
	undescribed := writeDescribed(t, header, nil, op)
	other := writeDescribed(t, header, []trace.Description{
		&trace.Process{Id: 1, Pid: 1, Name: "other"}, &trace.Subgraph{Id: 1, Process: 1, Interpreter: 1},
		&trace.Node{Id: 1, Subgraph: 1, Op: "SOFTMAX", Outputs: []*trace.Tensor{{Index: 1, Name: "logits", Shape: []int32{1, 10}}}},
	}, op)
	amd64 := writeDescribed(t, &trace.Header{Architecture: "amd64"}, nil, op)
	whole, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	truncated := write("truncated", string(whole[:len(whole)-40]))
	profile, notProfile := filepath.Join(t.TempDir(), "profile.json"), write("x.json", "{}")
	for _, c := range []struct {
		args           []string
		status         int
		stdout, stderr string // what they must contain
	}{
		{[]string{sample}, exitOK, "ssd.tflite in detector (pid 100): 5 invokes", ""},
		{[]string{sample}, exitOK, "LOST: ring full: 5", ""},
		{[]string{sample, "--markdown"}, exitOK, "## ssd.tflite in detector", ""},
		{[]string{sample, "--csv"}, exitOK, "excess_ns", ""},
		{[]string{sample, "--json"}, exitOK, `"stragglers": []`, ""},
		{[]string{truncated}, exitOK, "INCOMPLETE", ""},
		{[]string{empty}, exitNothing, "No op was recorded", "no op was recorded"},
		{[]string{undescribed}, exitNothing, "1 ops have no description", "no op was recorded that the trace describes"},
		{[]string{sample, "--against", sample}, exitOK, "1.00 times as fast", ""},
		{[]string{sample, "--against", other}, exitMisuse, "", "these are different models"},
		{[]string{sample, "--against", empty}, exitMisuse, "", "like them in no model"},
		{[]string{sample, "--save-profile", profile}, exitOK, "", ""},
		{[]string{sample, "--profile", profile, "--save-profile", profile}, exitOK, "judged by their history", ""},
		{[]string{amd64, "--profile", profile}, exitMisuse, "", "another kind of device: arm64, the trace on amd64"},
		{[]string{sample, "--profile", notProfile}, exitMisuse, "", "read a device profile"},
		{[]string{sample, "--profile", profile + "-missing"}, exitMisuse, "", "no such file"},
		{[]string{sample, "--save-profile", filepath.Join(sample, "x")}, exitMisuse, "", "not a directory"},
		{[]string{notProfile}, exitMisuse, "", "not an edgexray trace"},
		{[]string{sample, "--json", "--csv"}, exitMisuse, "", "csv json"},
		{nil, exitMisuse, "", "accepts 1 arg"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(append([]string{"stragglers"}, c.args...), &stdout, &stderr); status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			if !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) || c.stderr == "" && stderr.Len() > 0 {
				t.Errorf("want %q on stdout and %q on stderr; got\n%s\nand\n%s", c.stdout, c.stderr, &stdout, &stderr)
			}
			if len(c.args) == 2 && c.args[1] == "--json" && !json.Valid(stdout.Bytes()) {
				t.Errorf("not JSON: %s", &stdout)
			}
		})
	}
}
