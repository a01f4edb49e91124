package pprofexport

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// run is a recording of a model whose two nodes take that long, in ns, in every invoke.
type run struct {
	pid          int32
	invokes      int
	nodes        [2]uint64
	firstNode    uint32 // id in the trace
	kernelOffset uint64
}

func (r run) write(t *testing.T) string {
	t.Helper()
	var file bytes.Buffer
	w, err := trace.NewWriter(&file, &trace.Header{})
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []trace.Description{
		&trace.Runtime{Id: 1, Path: fmt.Sprintf("/data/%d/libtflite.so", r.pid), BuildId: fmt.Sprintf("%x", r.pid), TextStart: 0x1000, TextEnd: 0x9000},
		&trace.Kernel{Id: 1, Runtime: 1, Symbol: "conv::Eval", Address: 0x1000 + r.kernelOffset},
		&trace.Process{Id: 1, Pid: r.pid, Name: "app"}, &trace.Thread{Id: 1, Process: 1, Tid: r.pid, Name: "app"},
		&trace.Model{Id: 1, Path: "/m.tflite"}, &trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Model: 1},
		&trace.Node{Id: r.firstNode, Subgraph: 1, Index: 0, Op: "CONV_2D", Kernel: 1, Outputs: []*trace.Tensor{{Index: 1}}},
		&trace.Node{Id: r.firstNode + 1, Subgraph: 1, Index: 1, Op: "CONV_2D", Kernel: 1, Inputs: []*trace.Tensor{{Index: 1}}},
	} {
		check(w.Describe(d))
	}
	now := uint64(1000)
	for range r.invokes {
		for i, ns := range r.nodes {
			check(w.AddOp(trace.Op{Thread: 1, Node: r.firstNode + uint32(i), Start: now, Duration: ns}))
			now += ns + 100
		}
	}
	check(w.Close(&trace.End{DurationNs: now}))
	reader, err := trace.NewReader(&file)
	check(err)
	defer reader.Close()
	p, err := Profile(reader)
	check(err)
	path := filepath.Join(t.TempDir(), "run.pb.gz")
	var profile bytes.Buffer
	check(p.Write(&profile))
	write(t, path, profile.Bytes())
	return path
}

// Two recordings of a model differ by what its ops take in an invoke, and by nothing else: not by how often it was invoked, nor by
// process, thread, library or the numbers in the trace.
func TestGoToolPprofDiffBase(t *testing.T) {
	base := run{pid: 100, invokes: 20, nodes: [2]uint64{1_000_000, 3_000_000}, firstNode: 1}.write(t)
	slower := run{pid: 2200, invokes: 37, nodes: [2]uint64{1_000_000, 3_500_000}, firstNode: 8, kernelOffset: 0x40}.write(t)
	for _, c := range []struct {
		flags []string
		want  map[string]string // cumulated, by function
	}{
		{[]string{"-diff_base", base}, map[string]string{
			"m.tflite": "500000ns", "subgraph 0": "500000ns", "CONV_2D": "500000ns", "CONV_2D #0": "0", "CONV_2D #1": "500000ns", "conv::Eval": "500000ns"}},
		{[]string{"-diff_base", slower}, map[string]string{"m.tflite": "0", "CONV_2D #0": "0", "CONV_2D #1": "0"}},
	} {
		args := append([]string{"tool", "pprof", "-top", "-unit=ns", "-sample_index=per_invoke", "-nodefraction=0"}, append(c.flags, slower)...)
		got, err := exec.Command("go", args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		cumulated := make(map[string]string)
		for line := range strings.Lines(string(got)) {
			if cells := strings.Fields(line); len(cells) > 5 && strings.HasSuffix(cells[4], "%") {
				cumulated[strings.Join(cells[5:], " ")] = cells[3]
			}
		}
		for function, want := range c.want {
			if cumulated[function] != want && !(want == "0" && cumulated[function] == "") { // it leaves out what doesn't differ
				t.Errorf("%v: %s differs by %q, want %s\n%s", c.flags[1:], function, cumulated[function], want, got)
			}
		}
	}
}
