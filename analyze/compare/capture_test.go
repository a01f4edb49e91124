package compare_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// The kernels of LiteRT's Python interpreter.
const (
	optimized = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"
	trusted   = "BUILTIN_REF"
)

// captured is a model and what it was run to.
type captured struct {
	path    string
	model   *tflite.Model
	tensors map[int32][]byte // of the first subgraph
}

// capture runs a model once.
func capture(t *testing.T, part, kernels string) *captured {
	t.Helper()
	path, out := parts.Path(t, part), filepath.Join(t.TempDir(), "data")
	run := exec.Command(parts.Python(t), "testdata/capture.py", path, kernels, out)
	run.Stderr = new(bytes.Buffer)
	printed, err := run.Output()
	if err != nil {
		t.Fatalf("capture.py %s: %v: %s", part, err, run.Stderr)
	}
	var tensors map[string]struct{ Offset, Size int64 }
	if err := json.Unmarshal(printed, &tensors); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &captured{path: path, tensors: make(map[int32][]byte)}
	if c.model, err = tflite.ParseModel(file); err != nil {
		t.Fatal(err)
	}
	for name, at := range tensors {
		index, _ := strconv.Atoi(name)
		c.tensors[int32(index)] = data[at.Offset : at.Offset+at.Size]
	}
	return c
}

// snapshot writes what was captured up to a node, all when last is negative, as a snapshot file and opens it.
func (c *captured) snapshot(t *testing.T, last int) *snapshot.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.tensors")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w, err := snapshot.NewWriter(out, &snapshot.Beginning{Header: &trace.Header{Recorder: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := &c.model.Subgraphs[0]
	check(w.Describe(&trace.Process{Id: 1, Pid: 1, Name: "test"}))
	check(w.Describe(&trace.Model{Id: 1, Path: c.path}))
	check(w.Describe(&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Model: 1, Inputs: s.Inputs, Outputs: s.Outputs}))
	for i := range s.Operators {
		check(w.Describe(c.node(i)))
		if i == 0 {
			for _, tensor := range s.Inputs {
				check(w.Add(&snapshot.Capture{Node: 1, Tensor: tensor, Role: snapshot.Role_INPUT, Invoke: 1}, c.tensors[tensor]))
			}
		}
		if last >= 0 && i > last {
			continue
		}
		for _, tensor := range s.Operators[i].Outputs {
			check(w.Add(&snapshot.Capture{Node: uint32(i + 1), Tensor: tensor, Invoke: 1}, c.tensors[tensor]))
		}
	}
	check(w.Close(nil, &trace.End{}))
	f, err := snapshot.Open(path)
	check(err)
	os.Remove(path) // what is closed soon need not reach the disk
	t.Cleanup(func() { f.Close() })
	return f
}

func (c *captured) node(i int) *trace.Node {
	s := &c.model.Subgraphs[0]
	op := s.Operators[i]
	code := c.model.OperatorCodes[op.Opcode]
	n := &trace.Node{Id: uint32(i + 1), Subgraph: 1, Index: int32(i), OpCode: int32(code.Code), Op: code.String()}
	tensors := func(indices []int32) []*trace.Tensor {
		var list []*trace.Tensor
		for _, index := range indices {
			list = append(list, c.tensor(index))
		}
		return list
	}
	n.Inputs, n.Outputs = tensors(op.Inputs), tensors(op.Outputs)
	return n
}

func (c *captured) tensor(index int32) *trace.Tensor {
	if index < 0 {
		return &trace.Tensor{Index: -1}
	}
	from := c.model.Subgraphs[0].Tensors[index]
	t := &trace.Tensor{Index: index, Name: from.Name, Type: int32(from.Type), Shape: from.Shape, Bytes: uint64(len(c.tensors[index]))}
	if q := from.Quantization; len(q.Scale) > 0 {
		t.Scale, t.Channels, t.QuantizedDimension = float64(q.Scale[0]), uint32(len(q.Scale)), q.Dimension
		t.Scales, t.ZeroPoints = q.Scale, q.ZeroPoint
		if len(q.ZeroPoint) > 0 {
			t.ZeroPoint = q.ZeroPoint[0]
		}
	}
	return t
}
