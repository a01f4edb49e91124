package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// writeAdds writes a snapshot of two ADDs of an input; the second one's output, of a name, holds last.
func writeAdds(t *testing.T, name string, last float32) string {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "x.tensors"))
	if err != nil {
		t.Fatal(err)
	}
	w, err := snapshot.NewWriter(f, &snapshot.Beginning{Header: &trace.Header{}})
	if err != nil {
		t.Fatal(err)
	}
	tensor := func(index int32, name string) *trace.Tensor {
		return &trace.Tensor{Index: index, Name: name, Type: int32(tflite.Float32), Shape: []int32{2}}
	}
	x, sum, out := tensor(0, "x"), tensor(1, name+"/sum"), tensor(2, name)
	add := func(id uint32, in, out *trace.Tensor) *trace.Node {
		return &trace.Node{Id: id, Subgraph: 1, Index: int32(id - 1), Op: "ADD", Inputs: []*trace.Tensor{in, in}, Outputs: []*trace.Tensor{out}}
	}
	capture := func(c *snapshot.Capture, v ...float32) error {
		data, err := binary.Append(nil, binary.LittleEndian, v)
		return errors.Join(err, w.Add(c, data))
	}
	err = errors.Join(
		w.Describe(&trace.Process{Id: 1, Pid: 1, Name: "app"}),
		w.Describe(&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Inputs: []int32{0}}),
		w.Describe(add(1, x, sum)), w.Describe(add(2, sum, out)),
		capture(&snapshot.Capture{Node: 1, Tensor: 0, Role: snapshot.Role_INPUT, Invoke: 1}, 1, 2),
		capture(&snapshot.Capture{Node: 1, Tensor: 1, Invoke: 1}, 2, 4),
		capture(&snapshot.Capture{Node: 2, Tensor: 2, Invoke: 1}, 4, last),
		w.Close(nil, &trace.End{}), f.Close())
	if err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func TestCompareVerb(t *testing.T) {
	good, bad, sample := writeAdds(t, "y", 8), writeAdds(t, "y", 80), writeSnapshot(t)
	tolerances := filepath.Join(t.TempDir(), "tolerances")
	if err := os.WriteFile(tolerances, []byte("ADD * nrmse=inf # whatever\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("ADD * bias=3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args           []string
		status         int
		stdout, stderr string // what they must contain
	}{
		{[]string{good, good}, exitOK, "WITHIN TOLERANCE, as far as accumulated errors tell", ""},
		{[]string{bad, good}, exitFailed, "SUSPICIOUS: the error jumps at node 1, ADD", ""},
		{[]string{bad, good, "--markdown"}, exitFailed, "| 1 | ADD | suspect |", ""},
		{[]string{bad, good, "--json"}, exitFailed, `"status": "suspicious"`, ""},
		{[]string{bad, good, "--tolerances", tolerances}, exitOK, "WITHIN TOLERANCE", ""},
		{[]string{writeAdds(t, "renamed", 8), good}, exitOK, "structure  renamed = y", ""},
		{[]string{sample, sample, "--json"}, exitOK, `"status": "within tolerance"`, ""},
		{[]string{"--show-tolerances"}, exitOK, "nrmse=0.1 jump=5", ""},
		{[]string{bad, good, "--tolerances", wrong}, exitMisuse, "", `line 1: there is no limit "bias"`},
		{[]string{good, sample}, exitMisuse, "", "can't be compared: of the 2 tensors that app makes on the edge"},
		{[]string{good, wrong}, exitMisuse, "", "not an edgexray snapshot"},
		{[]string{good}, exitMisuse, "", "accepts 2 arg"},
		{[]string{good, good, "--model", wrong}, exitMisuse, "", "parse model"},
		{[]string{good, good, "--json", "--markdown"}, exitMisuse, "", "json markdown"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if status := run(append([]string{"compare"}, c.args...), &stdout, &stderr); status != c.status {
				t.Errorf("exit status %d, want %d", status, c.status)
			}
			if !strings.Contains(stdout.String(), c.stdout) || !strings.Contains(stderr.String(), c.stderr) || (c.stderr == "" && stderr.Len() > 0) {
				t.Errorf("want %q on stdout and %q on stderr; got\n%s\nand\n%s", c.stdout, c.stderr, &stdout, &stderr)
			}
			if len(c.args) == 3 && c.args[2] == "--json" && (!json.Valid(stdout.Bytes()) || strings.Contains(stdout.String(), "null")) {
				t.Errorf("not JSON without null: %s", &stdout)
			}
		})
	}
}
