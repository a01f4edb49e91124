package reference

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/reference/protocol"
	"github.com/edgexray/edgexray/shim"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

var (
	floatImage = &trace.Tensor{Index: 0, Name: "image", Type: int32(tflite.Float32), Shape: []int32{1, 224, 224, 3}}
	int8Image  = &trace.Tensor{Index: 0, Name: "image", Type: int32(tflite.Int8), Shape: []int32{1, 224, 224, 3},
		Scale: 1.0 / 128, ZeroPoint: -1, Channels: 1}
)

// edge writes a snapshot in which interpreters were given inputs, one tensor each, in the invokes with some numbers, and
// returns its path.
func edge(t *testing.T, model string, input *trace.Tensor, data []byte, interpreters int, invokes ...uint64) string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "edge.tensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := snapshot.NewWriter(file, &snapshot.Beginning{Header: &trace.Header{}})
	if err != nil {
		t.Fatal(err)
	}
	add := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if model != "" {
		_, hash, err := OpenModel(model)
		add(err)
		add(w.Describe(&trace.Model{Id: 1, Path: model, Sha256: hash}))
	}
	for i := range uint32(interpreters) {
		id := i + 1
		s := &trace.Subgraph{Id: id, Interpreter: id, EndsKnown: true, Inputs: []int32{input.Index}}
		if model != "" {
			s.Model = 1
		}
		add(w.Describe(s))
		add(w.Describe(&trace.Node{Id: id, Subgraph: id, Inputs: []*trace.Tensor{input}}))
		for _, number := range invokes {
			add(w.Add(&snapshot.Capture{Node: id, Tensor: input.Index, Role: snapshot.Role_INPUT, Invoke: number}, data))
		}
	}
	add(w.Close(nil, &trace.End{}))
	return file.Name()
}

// plain runs a command without the shim.
func plain(ctx context.Context, capture Capture) error {
	c := exec.CommandContext(ctx, capture.Command[0], capture.Command[1:]...)
	c.Env = capture.Environment
	c.Run()
	return nil
}

// shimmed runs a command under the shim.
func shimmed(ctx context.Context, capture Capture) error {
	file, err := os.Create(capture.Output)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = shim.Snapshot(ctx, shim.Options{Command: capture.Command, Env: capture.Environment, Output: file})
	return err
}

// asked returns what a command of a capture asks its runner.
func (c Capture) asked(t *testing.T) (r protocol.Request) {
	t.Helper()
	line, err := os.ReadFile(c.Command[len(c.Command)-2])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// runAll returns the results and notes of Run, and what it asked runners.
func runAll(t *testing.T, o RunOptions) (results []*Result, notes []string, asked []protocol.Request, err error) {
	t.Helper()
	o.Output = filepath.Join(t.TempDir(), "ref.tensors")
	o.Python = parts.Python(t)
	o.GoTFLite, o.Library = goTFLite(t), parts.Path(t, "tflite-2.17.1/amd64/"+libraryName)
	o.Report = func(r *Result) { results = append(results, r) }
	o.Note = func(text string) { notes = append(notes, text) }
	if o.Capture == nil {
		o.Capture = plain
	}
	capture := o.Capture
	o.Capture = func(ctx context.Context, c Capture) error {
		asked = append(asked, c.asked(t))
		return capture(ctx, c)
	}
	err = Run(t.Context(), o)
	return results, notes, asked, err
}

func TestRunReplaysEveryInvoke(t *testing.T) {
	model := parts.Path(t, "models/mobilenet_v1_float.tflite")
	inputs := edge(t, model, floatImage, make([]byte, 4*224*224*3), 1, 1, 2, 3)
	results, notes, asked, err := runAll(t, RunOptions{Model: model, Inputs: inputs})
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) > 0 {
		t.Errorf("notes: %q", notes)
	}
	r := results[0]
	if r.Runner != LiteRT || r.Kernels != protocol.Reference || r.Ran != 3 || r.Invokes != 3 || r.Failure != nil {
		t.Errorf("result is %+v", r)
	}
	if !slices.EqualFunc(asked[0].Invokes[2], [][]int32{{1, 224, 224, 3}}, slices.Equal) {
		t.Errorf("asked for shapes %v", asked[0].Invokes)
	}
}

// Under the shim, the reference kernels' outputs are those that LiteRT tells itself, layer by layer.
func TestRunCapturesEveryLayer(t *testing.T) {
	model := parts.Path(t, "models/mobilenet_v2_int8_logits.tflite")
	whole := preserve(t, model, "BUILTIN_REF")
	results, _, _, err := runAll(t, RunOptions{Model: model, Inputs: edge(t, model, int8Image, whole.bytes(0), 1, 1, 2), Capture: shimmed})
	if err != nil {
		t.Fatal(err)
	}
	f, err := snapshot.Open(results[0].Output)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := 0
	for _, c := range f.Captures {
		if c.Role != snapshot.Role_OUTPUT {
			continue
		}
		seen++
		if !bytes.Equal(c.Data, whole.bytes(c.Tensor)) {
			t.Errorf("invoke %d: tensor %d, of node %d, is not what LiteRT tells", c.Invoke, c.Tensor, f.Nodes[c.Node].GetIndex())
		}
	}
	if want := 2 * len(whole.Nodes); seen != want {
		t.Errorf("%d tensors captured, want %d", seen, want)
	}
}

// The float twin of a quantized model gets real values, and the other way round.
func TestRunConvertsForATwin(t *testing.T) {
	quantized, float := make([]byte, 224*224*3), make([]float32, 224*224*3)
	for i := range quantized {
		quantized[i] = byte(i)
		float[i] = float32(int(int8(i))+1) / 128
	}
	for _, c := range []struct {
		model string
		given *trace.Tensor
		data  []byte
		check func(t *testing.T, inputs []byte)
	}{
		{"mobilenet_v1_float", int8Image, quantized, func(t *testing.T, inputs []byte) {
			if got := snapshot.Cast[float32](inputs); !slices.Equal(got, float) {
				t.Errorf("dequantised to %v..., want %v...", got[:4], float[:4])
			}
		}},
		{"mobilenet_v1_int8_logits", floatImage, floatBytes(float), func(t *testing.T, inputs []byte) {
			model, _, err := OpenModel(parts.Path(t, "models/mobilenet_v1_int8_logits.tflite"))
			if err != nil {
				t.Fatal(err)
			}
			main := &model.Subgraphs[0]
			q := main.Tensors[main.Inputs[0]].Quantization
			for i, got := range snapshot.Cast[int8](inputs) {
				back := float64(q.Scale[0]) * float64(int64(got)-q.ZeroPoint[0])
				if math.Abs(back-float64(float[i])) > float64(q.Scale[0])/2*1.0001 {
					t.Fatalf("%v became %d, which is %v", float[i], got, back)
				}
			}
		}},
	} {
		t.Run(c.model, func(t *testing.T) {
			inputs := edge(t, "", c.given, c.data, 1, 1)
			var data []byte
			capture := func(ctx context.Context, capture Capture) (err error) {
				if data, err = os.ReadFile(capture.asked(t).Inputs); err != nil {
					return err
				}
				return plain(ctx, capture)
			}
			_, _, _, err := runAll(t, RunOptions{
				Model: parts.Path(t, "models/"+c.model+".tflite"), Inputs: inputs, Kernels: protocol.Builtin, Capture: capture})
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, data)
		})
	}
}

func TestRunNotesAndRefusals(t *testing.T) {
	v1, wake := parts.Path(t, "models/mobilenet_v1_float.tflite"), parts.Path(t, "wakeword/okay_nabu.tflite")
	image := make([]byte, 4*224*224*3)
	features := &trace.Tensor{Name: "features", Type: int32(tflite.Int8), Shape: []int32{1, 3, 40}, Scale: 0.1, Channels: 1}
	other := &trace.Tensor{Name: "image", Type: int32(tflite.Float32), Shape: []int32{1, 192, 192, 3}}
	unscaled := &trace.Tensor{Name: "image", Type: int32(tflite.UInt8), Shape: []int32{1, 224, 224, 3}}
	for name, c := range map[string]struct {
		model, inputs string
		interpreter   uint32
		note, err     string
	}{
		"gaps":            {v1, edge(t, v1, floatImage, image, 1, 5, 10), 0, "invoke 1 of the reference is the edge's invoke 5", ""},
		"state":           {wake, edge(t, wake, features, make([]byte, 120), 1, 2), 0, "keeps a state", ""},
		"second":          {v1, edge(t, v1, floatImage, image, 2, 1), 2, "", ""},
		"several":         {v1, edge(t, v1, floatImage, image, 2, 1), 0, "2 interpreters: these are of number 1", ""},
		"no interpreter":  {v1, edge(t, v1, floatImage, image, 2, 1), 7, "", "interpreters 1, 2"},
		"other shape":     {v1, edge(t, "", other, make([]byte, 4*192*192*3), 1, 1), 0, "", `"image" has shape [1 192 192 3] there, and the model's "serving_default_image:0" has [1 224 224 3]`},
		"no scale":        {v1, edge(t, "", unscaled, make([]byte, 224*224*3), 1, 1), 0, "", "UINT8 without a scale"},
		"data missing":    {v1, edge(t, v1, floatImage, nil, 1, 1), 0, "", "no inputs to run the model on"},
		"size":            {v1, edge(t, v1, floatImage, image[4:], 1, 1), 0, "", "not FLOAT32"},
		"no snapshot":     {v1, v1, 0, "", "not an edgexray snapshot"},
		"no model":        {edge(t, v1, floatImage, image, 1, 1), edge(t, v1, floatImage, image, 1, 1), 0, "", "not a .tflite file"},
		"no model's file": {"/nowhere.tflite", v1, 0, "", "/nowhere.tflite: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, notes, _, err := runAll(t, RunOptions{
				Model: c.model, Inputs: c.inputs, Kernels: protocol.Builtin, Interpreter: c.interpreter})
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
			if !strings.Contains(strings.Join(notes, "\n"), c.note) || c.note == "" && len(notes) > 0 {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}
