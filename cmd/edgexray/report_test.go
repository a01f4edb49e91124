package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// traceFile keeps what write writes, changed by change, in a file.
func traceFile(t *testing.T, name string, write func(io.Writer) error, change func([]byte) []byte) string {
	t.Helper()
	var file bytes.Buffer
	if err := write(&file); err != nil {
		t.Fatal(err)
	}
	content := file.Bytes()
	if change != nil {
		content = change(content)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func chainTrace(model string) func(io.Writer) error {
	return func(w io.Writer) error { return tracetest.Chain(w, 5, 20, tracetest.Names{Model: model}) }
}

// summedUp is a recording made with --aggregate.
func summedUp(w io.Writer) error {
	out, err := trace.NewWriter(w, &trace.Header{Recorder: "edgexray 0.1.0", Linux: "6.1.0", AggregateOctave: 16})
	if err != nil {
		return err
	}
	for _, d := range []trace.Description{
		&trace.Process{Id: 1, Pid: 100, Name: "app"}, &trace.Thread{Id: 1, Process: 1, Tid: 100, Name: "main"},
		&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Nodes: 1}, &trace.Node{Id: 1, Subgraph: 1, Op: "CONV_2D"},
		&trace.Aggregate{Thread: 1, Node: 1, Count: 10, SumNs: 100_000, MinNs: 9_000, MaxNs: 12_000, FirstNs: 12_000, Bucket: []uint32{150}, BucketCount: []uint64{10}},
	} {
		if err := out.Describe(d); err != nil {
			return err
		}
	}
	return out.Close(&trace.End{DurationNs: 1e9})
}

func emptyTrace(w io.Writer) error {
	out, err := trace.NewWriter(w, &trace.Header{Recorder: "edgexray 0.1.0"})
	if err != nil {
		return err
	}
	return out.Close(&trace.End{DurationNs: 1e9, Reason: "duration"})
}

// undescribed has ops of nodes that nobody described.
func undescribed(w io.Writer) error {
	out, err := trace.NewWriter(w, &trace.Header{Recorder: "edgexray 0.1.0"})
	if err != nil {
		return err
	}
	if err := out.AddOp(trace.Op{Thread: 1, Node: 7, Start: 10, Duration: 100}); err != nil {
		return err
	}
	return out.Close(&trace.End{DurationNs: 1e9})
}

func TestReport(t *testing.T) {
	sample := traceFile(t, "sample.xray", tracetest.Sample, nil)
	chain := traceFile(t, "chain.xray", chainTrace(""), nil)
	other := traceFile(t, "other.xray", chainTrace("other.tflite"), nil)
	cut := traceFile(t, "cut.xray", chainTrace(""), func(b []byte) []byte { return b[:len(b)-20] })
	newer := traceFile(t, "newer.xray", chainTrace(""), func(b []byte) []byte {
		b[len(trace.Magic)]++
		return b
	})
	empty := traceFile(t, "empty.xray", emptyTrace, nil)
	cases := []struct {
		name   string
		args   []string
		status int
		text   string // what the page, or the message, must contain
	}{
		{"losses and notes", []string{sample}, exitOK, "LOST: ring full: 5"},
		{"two of one model", []string{chain, chain}, exitOK, "Not enough data: "},
		{"sides", []string{chain, chain, "--", chain, chain}, exitOK, "2 runs, "},
		{"sides, and a flag behind them", []string{chain, "--", chain, "--invokes", "1"}, exitOK, "1 run, "},
		{"an unknown flag behind sides", []string{chain, "--", chain, "--nonsense"}, exitMisuse, "unknown flag: --nonsense"},
		{"three, and no sides", []string{chain, chain, chain}, exitOK, "base and which are new was not said"},
		{"different models", []string{sample, other}, exitOK, "The recordings are not compared op by op."},
		{"truncated", []string{cut}, exitOK, "INCOMPLETE: the trace ends early"},
		{"summed up", []string{traceFile(t, "sums.xray", summedUp, nil)}, exitOK, "Ops were summed up as they ran"},
		{"one of two is empty", []string{chain, empty}, exitOK, "No op of a model was recorded in empty.xray."},
		{"newer", []string{newer}, exitMisuse, "trace format too new"},
		{"empty", []string{empty}, exitNothing, "no op of a model was recorded in " + empty},
		{"without descriptions", []string{traceFile(t, "bare.xray", undescribed, nil)}, exitNothing, "no op of a model was recorded"},
		{"a snapshot by itself", []string{chain, writeSnapshot(t)}, exitMisuse, "snapshots come in pairs"},
		{"no such file", []string{filepath.Join(t.TempDir(), "none")}, exitMisuse, "no such file"},
		{"a side without a trace", []string{chain, "--"}, exitMisuse, "a side of -- has no trace"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			output := filepath.Join(t.TempDir(), "report.html")
			var stdout, stderr bytes.Buffer
			status := run(append([]string{"report", "-o", output}, c.args...), &stdout, &stderr)
			if status != c.status {
				t.Errorf("exit status %d, want %d\n%s", status, c.status, stderr.String())
			}
			page, err := os.ReadFile(output)
			if written := err == nil; written != (c.status == exitOK) {
				t.Errorf("a page was written: %v", written)
			}
			text := strings.ReplaceAll(string(page)+stderr.String(), "\u00a0", " ")
			if !strings.Contains(text, c.text) {
				t.Errorf("neither page nor message has %q; the message: %s", c.text, stderr.String())
			}
		})
	}
}

func TestReportOutput(t *testing.T) {
	chain := traceFile(t, "chain.xray", chainTrace(""), nil)
	var stdout, stderr bytes.Buffer
	if status := run([]string{"report", chain, "-o", "-"}, &stdout, &stderr); status != exitOK || !strings.HasPrefix(stdout.String(), "<!doctype html>") {
		t.Errorf("to stdout: exit status %d\n%s", status, stderr.String())
	}
	if status := run([]string{"report", chain}, &stdout, &stderr); status != exitOK || !strings.Contains(stderr.String(), "chain.html") {
		t.Errorf("without -o: exit status %d\n%s", status, stderr.String())
	}
	if status := run([]string{"report", chain, "-o", "/dev/full"}, &stdout, &stderr); status != exitForbidden || !strings.Contains(stderr.String(), "write report: ") {
		t.Errorf("to a full disk: exit status %d\n%s", status, stderr.String())
	}
}
