package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/edgexray/edgexray/shim/snapshot/snapshottest"
	"github.com/edgexray/edgexray/trace/tracetest"
)

func writeSample(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.xray")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := tracetest.Sample(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeSnapshot(t *testing.T) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "run.tensors"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(snapshottest.Sample(f), f.Close()); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func TestHostVerbs(t *testing.T) {
	xray, snap := writeSample(t), writeSnapshot(t)
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("not a trace at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	marked := traceFile(t, "marked.xray", func(w io.Writer) error { return tracetest.Marked(w, "") }, nil)
	cases := []struct {
		args           []string
		status         int
		stdout, stderr string // what they must contain
	}{
		{[]string{"ops", xray}, exitOK, "CONV_2D", ""},
		{[]string{"ops", xray, "--by", "thread"}, exitOK, "detector/worker", ""},
		{[]string{"ops", xray, "--markdown"}, exitOK, "| CONV_2D |", ""},
		{[]string{"ops", xray, "--csv"}, exitOK, "pid,process,model", "LOST: ring full: 5"},
		{[]string{"ops", xray, "--json"}, exitOK, `"duration_ns": 1000000000`, ""},
		{[]string{"ops", xray, "--work"}, exitOK, "million MACs an invoke", ""},
		{[]string{"ops", xray, "--work", "--json"}, exitOK, `"macs": `, ""},
		{[]string{"ops", xray, "--work", "--csv"}, exitOK, ",read_bytes,written_bytes,", "LOST: ring full: 5"},
		{[]string{"ops", xray, "--work", "--paid"}, exitMisuse, "", "paid work"},
		{[]string{"ops", xray, xray}, exitOK, "CONV_2D", ""},
		{[]string{"ops", xray, xray, "--by", "kernel", "--markdown"}, exitOK, "| A ms | B ms |", ""},
		{[]string{"ops", xray, xray, "--csv"}, exitOK, "op,A_nodes,A_ns,B_nodes", ""},
		{[]string{"ops", xray, xray, "--json"}, exitOK, `"invoke_ns"`, ""},
		{[]string{"ops", xray, xray, "--by", "thread"}, exitMisuse, "", "only by op or kernel"},
		{[]string{"ops", xray, xray, "--paid"}, exitMisuse, "", "tables of one trace"},
		{[]string{"pprof", xray, "-o", filepath.Join(t.TempDir(), "x.pb.gz")}, exitOK, "", "go tool pprof"},
		{[]string{"ops"}, exitMisuse, "", "edgexray: requires at least 1 arg"},
		{[]string{"ops", xray, "--by", "moon"}, exitMisuse, "", "use one of node op kernel thread"},
		{[]string{"ops", xray, "--csv", "--json"}, exitMisuse, "", "csv json"},
		{[]string{"ops", xray, "--no-such-flag"}, exitMisuse, "", "no-such-flag"},
		{[]string{"ops", other}, exitMisuse, "", "not an edgexray trace"},
		{[]string{"ops", other + "-missing"}, exitMisuse, "", "no such file"},
		{[]string{"pprof", xray, "-o", filepath.Join(other, "x")}, exitMisuse, "", "not a directory"},
		{[]string{"tensors", snap}, exitOK, "DEQUANTIZE", ""},
		{[]string{"tensors", snap, "--invoke", "7"}, exitOK, "LOGISTIC", ""},
		{[]string{"tensors", snap, "--json"}, exitOK, `"captures": 58`, ""},
		{[]string{"tensors", snap, "--show", "1:0"}, exitOK, "4.08248", ""},
		{[]string{"tensors", snap, "--show", "0", "--json"}, exitOK, `"buckets"`, ""},
		{[]string{"tensors", snap, "--export", "csv", "-o", "-"}, exitOK, "pid,process,model", ""},
		{[]string{"tensors", snap, "--export", "npz"}, exitOK, "", "run.npz; 2 captures without data are not in it"},
		{[]string{"tensors", snap, "--export", "npz", "--invoke", "7"}, exitNothing, "", "csv has statistics"},
		{[]string{"tensors", snap, "--export", "npz", "-o", filepath.Join(other, "x")}, exitMisuse, "", "not a directory"},
		{[]string{"tensors", snap, "--export", "npz", "-o", "/dev/full"}, exitForbidden, "", "no space left"},
		{[]string{"tensors", snap, "--export", "moon"}, exitMisuse, "", "use npz, safetensors or csv"},
		{[]string{"tensors", snap, "--export", "csv", "--json"}, exitMisuse, "", "json"},
		{[]string{"tensors", snap, "-o", "x"}, exitMisuse, "", "-o is for --export"},
		{[]string{"tensors", snap, "--show", "moon"}, exitMisuse, "", "is no node"},
		{[]string{"tensors", snap, "--show", "99"}, exitNothing, "", "nothing was captured of node 99"},
		{[]string{"tensors", snap, "--invoke", "99"}, exitNothing, "", "nothing was captured in invoke 99"},
		{[]string{"tensors", xray}, exitMisuse, "", "look at it with `edgexray ops`"},
		{[]string{"tensors", other}, exitMisuse, "", "not an edgexray snapshot"},
		{[]string{"tensors", other + "-missing"}, exitMisuse, "", "no such file"},
		{[]string{"markers", marked}, exitOK, "before  camera", ""},
		{[]string{"markers", marked, "--json"}, exitOK, `"key": "camera"`, ""},
		{[]string{"markers", marked, "--csv"}, exitOK, "frame_begin,,3,cat.tflite,0,3", ""},
		{[]string{"markers", marked, "--csv", "--json"}, exitMisuse, "", "csv json"},
		{[]string{"markers", xray}, exitNothing, "0 markers", "markers: none in"},
		{[]string{"markers", snap}, exitNothing, "0 markers", "markers: none in"},
		{[]string{"markers", other}, exitMisuse, "", "neither a trace nor a snapshot"},
		{[]string{"markers", other + "-missing"}, exitMisuse, "", "no such file"},
		{[]string{"reference", "model.tflite"}, exitMisuse, "", `"inputs" not set`},
		{[]string{"reference", other, "--inputs", xray}, exitMisuse, "", "not a .tflite file"},
		{[]string{"no-such-verb"}, exitMisuse, "", "unknown command"},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(c.args, &stdout, &stderr); status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			if !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) {
				t.Errorf("want %q on stdout and %q on stderr; got\n%s\nand\n%s", c.stdout, c.stderr, &stdout, &stderr)
			}
			if c.stderr == "" && stderr.Len() != 0 {
				t.Errorf("on stderr: %s", &stderr)
			}
		})
	}
}

func TestOutputsParse(t *testing.T) {
	xray := writeSample(t)
	for _, c := range []struct {
		args  []string
		parse func([]byte) error
	}{
		{[]string{"ops", xray, "--json"}, func(b []byte) error { return json.Unmarshal(b, new(map[string]any)) }},
		{[]string{"tensors", writeSnapshot(t), "--json", "--show", "2"}, func(b []byte) error { return json.Unmarshal(b, new(map[string]any)) }},
		{[]string{"pprof", xray, "-o", "-"}, func(b []byte) error { _, err := profile.ParseData(b); return err }},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(c.args, &stdout, &stderr); status != exitOK {
			t.Fatalf("%v: exit status %d: %s", c.args, status, &stderr)
		}
		if err := c.parse(stdout.Bytes()); err != nil {
			t.Errorf("%v: %v", c.args, err)
		}
	}
}

func TestExitStatus(t *testing.T) {
	cases := []struct {
		err  error
		want int
	}{
		{nil, exitOK},
		{fmt.Errorf("attach: %w", fs.ErrPermission), exitForbidden},
		{fmt.Errorf("gate: %w", exitError{fmt.Errorf("slower"), exitFailed}), exitFailed},
		{exitError{fs.ErrPermission, exitNothing}, exitNothing},
		{fmt.Errorf("anything else"), exitMisuse},
	}
	for _, c := range cases {
		if got := exitStatus(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

// What errors say of a device's names does nothing to a terminal.
func TestErrorsArePrintable(t *testing.T) {
	got := printable(errors.Join(fmt.Errorf("they ran %s", "\x1b[2Jmodel\u202e"), fmt.Errorf("and\ttabs")))
	if want := `they ran \x1b[2Jmodel\u202e` + "\n" + `and\ttabs`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
