package test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// saidOfTensors is what litert_run.py tells with --preserve --describe.
type saidOfTensors struct {
	SHA256    string
	Preserved []map[string]string // of each invoke: SHA-256 by "subgraph:index"
	Nodes     []struct {
		Index   int
		Op      string
		Inputs  []int32
		Outputs []int32
	}
	Tensors []struct {
		Index      int32
		Name, Type string
		Shape      []int32
		Scales     []float32
		ZeroPoints []int64 `json:"zero_points"`
	}
}

// Every tensor of every invoke is, bit by bit, what the runtime says of it when it is asked to preserve all of them: in a
// run of its own, in which each has memory for itself.
func TestTensorsAreThoseOfTheRuntime(t *testing.T) {
	for _, test := range []struct {
		resolver, model string
		invokes         int
		python          func(testing.TB, ...string) []string
	}{
		{"builtin", "face_landmark", 3, litert},
		{"builtin", "face_detection_full_range_sparse", 1, litert},
		{"builtin", "iris_landmark", 1, litert140},
		{"builtin", "mobilenet_v1_float", 1, litert},
		{"builtin", "mobilenet_v1_int8", 2, litert140},
		{"builtin", "mobilenet_v2_float", 1, litert140},
		{"builtin", "mobilenet_v2_int8", 2, litert},
		{"builtin", "mobilenet_v3_small_float", 1, litert},
		{"builtin", "mobilenet_v3_small_int8", 2, litert},
		{"builtin_ref", "mobilenet_v3_small_int8_logits", 1, litert},
		{"builtin_ref", "face_detection_front", 1, litert},
		{"builtin", "okay_nabu", 30, litert},
		{"builtin", "hey_jarvis", 30, litert140},
		{"builtin_ref", "alexa", 5, litert},
		{"builtin", "while", 5, litert},
		{"builtin", "if", 20, litert},
		{"builtin", "dynamic", 5, litert},
	} {
		t.Run(test.model+" "+test.resolver, func(t *testing.T) {
			command := test.python(t, model(t, test.model), "--resolver", test.resolver, "--invokes", fmt.Sprint(test.invokes))
			var said saidOfTensors
			decode(t, alone(t, append(command, "--preserve", "--describe")), &said)
			s := snapshotCommand(t, command)
			if got := hashOf(t, s.stdout); got != said.SHA256 {
				t.Errorf("the app's outputs have hash %s, want %s", got, said.SHA256)
			}
			f := s.whole(t)
			wantContents(t, f, &said)
			wantDescriptions(t, f, &said)
		})
	}
}

// wantContents checks each capture's data. One of a subgraph that an op runs is checked when it is the last of its tensor
// in an invoke of the model; the others are only counted elsewhere.
func wantContents(t *testing.T, f *snapshot.File, said *saidOfTensors) {
	t.Helper()
	type place struct {
		node   int32
		tensor int32
	}
	found := make(map[place]int)      // outputs of the main subgraph, with data or not
	latest := make(map[string]string) // hash of data in this invoke
	invoke, compared, inputs := 0, 0, 0
	check := func() {
		for at, hash := range latest {
			if want := said.Preserved[invoke-1][at]; hash != want {
				t.Errorf("tensor %s of invoke %d has hash %s, want %s", at, invoke, hash, want)
			}
		}
		compared += len(latest)
		clear(latest)
	}
	for _, c := range f.Captures {
		n := f.Nodes[c.Node]
		g := f.Subgraphs[n.Subgraph]
		if g.Index == 0 && int(c.Invoke) == invoke+1 {
			if invoke > 0 {
				check()
			}
			invoke++
		}
		if g.Index == 0 && int(c.Invoke) != invoke || c.Status != 0 {
			t.Fatalf("capture of %s (node %d) is of invoke %d with status %d, want %d and 0", n.Op, n.Index, c.Invoke, c.Status, invoke)
		}
		if g.Index == 0 && c.Role == snapshot.Role_OUTPUT {
			found[place{n.Index, c.Tensor}]++
		}
		if c.Role == snapshot.Role_INPUT {
			inputs++
		}
		if c.Missing != "" {
			if typeOf(f, c) != tflite.Resource {
				t.Errorf("tensor %d of %s (node %d) has no data: %s", c.Tensor, n.Op, n.Index, c.Missing)
			}
			continue
		}
		if c.Role == snapshot.Role_INPUT && g.Index > 0 {
			continue // WHILE puts the next ones there before it finds that there is no next time
		}
		sum := sha256.Sum256(c.Data)
		latest[fmt.Sprintf("%d:%d", g.Index, c.Tensor)] = hex.EncodeToString(sum[:])
	}
	check()
	for _, n := range said.Nodes {
		for _, tensor := range n.Outputs {
			if tensor < 0 {
				continue // optional, and not there
			}
			if got := found[place{int32(n.Index), tensor}]; got != len(said.Preserved) {
				t.Errorf("output %d of %s (node %d) was captured %d times, want %d", tensor, n.Op, n.Index, got, len(said.Preserved))
			}
			delete(found, place{int32(n.Index), tensor})
		}
	}
	if len(found) > 0 || invoke != len(said.Preserved) || inputs < invoke || compared < invoke {
		t.Errorf("%d invokes, %d inputs, %d tensors compared; too much: %v", invoke, inputs, compared, found)
	}
}

// Every output of every op is, bit by bit, what the app itself finds when the op's kernel returns, in a run without edgexray;
// they come in the order in which ops end.
func TestTensorsAreThoseOfTheKernels(t *testing.T) {
	for name, args := range map[string][]string{
		"float":         {"--model", model(t, "face_landmark"), "--invokes", "2"},
		"int8":          {"--model", model(t, "mobilenet_v2_int8"), "--workers", "2"},
		"state":         {"--model", model(t, "okay_nabu"), "--invokes", "50"},
		"branches":      {"--model", model(t, "if"), "--invokes", "20"},
		"loops":         {"--model", model(t, "while"), "--invokes", "5"},
		"other shapes":  {"--model", model(t, "dynamic"), "--resize", "1,4,5,3", "--resize", "1,2,2,3", "--invokes", "3"},
		"custom op":     {"--model", model(t, "custom"), "--custom-op", "--invokes", "10"},
		"many channels": {"--model", model(t, "mobilenet_v3_small_float")},
	} {
		for _, version := range []string{"2.9.0", "2.17.1"} {
			t.Run(name+"/"+version, func(t *testing.T) {
				command := capi(t, version, append(args, "--tensors")...)
				want := apps.MadeByKernels(t, alone(t, command))
				s := snapshotCommand(t, command)
				if diff := cmp.Diff(want, apps.MadeByKernels(t, s.stdout)); diff != "" {
					t.Errorf("with edgexray kernels make (-without +with):\n%s", diff)
				}
				got := apps.MadeInSnapshot(s.whole(t))
				if len(got) < len(want) { // the invokes before the app looks are there, too
					t.Fatalf("%d outputs captured, want %d and more", len(got), len(want))
				}
				if diff := cmp.Diff(want, got[len(got)-len(want):]); diff != "" {
					t.Errorf("outputs (-of the kernels +captured):\n%s", diff)
				}
			})
		}
	}
}

func typeOf(f *snapshot.File, c snapshot.Captured) tflite.Type {
	return tflite.Type(f.Tensor(c.Capture).GetType())
}

// names of types as NumPy has them
var numpyNames = map[tflite.Type]string{
	tflite.Float32: "float32", tflite.Int32: "int32", tflite.Int8: "int8", tflite.UInt8: "uint8", tflite.Int64: "int64",
	tflite.Bool: "bool", tflite.Float16: "float16", tflite.Resource: "object",
}

// wantDescriptions checks names, types, shapes, quantization and places of the main subgraph's nodes and their outputs.
func wantDescriptions(t *testing.T, f *snapshot.File, said *saidOfTensors) {
	t.Helper()
	nodes := make(map[int32]*trace.Node) // as they were described last
	for _, c := range f.Captures {
		if n := f.Nodes[c.Node]; f.Subgraphs[n.Subgraph].Index == 0 {
			nodes[n.Index] = n
		}
	}
	for _, want := range said.Nodes {
		if len(want.Outputs) == 0 {
			continue
		}
		got := nodes[int32(want.Index)]
		if got == nil || got.Op != want.Op || !slices.Equal(indicesOf(got.Inputs), want.Inputs) || !slices.Equal(indicesOf(got.Outputs), want.Outputs) {
			t.Errorf("node %+v is described as %v", want, got)
		}
	}
	checked := 0
	for _, want := range said.Tensors {
		for _, n := range nodes {
			for _, got := range slices.Concat(n.Inputs, n.Outputs) {
				if got.Index != want.Index {
					continue
				}
				checked++
				scales, zeroPoints := got.Scales, got.ZeroPoints
				if len(scales) == 0 && got.Scale != 0 {
					scales, zeroPoints = []float32{float32(got.Scale)}, []int64{got.ZeroPoint}
				}
				dynamic := tflite.AllocationType(got.Allocation) == tflite.Dynamic
				if got.Name != want.Name || numpyNames[tflite.Type(got.Type)] != want.Type || !dynamic && !slices.Equal(got.Shape, want.Shape) ||
					!slices.Equal(scales, want.Scales) || !slices.Equal(zeroPoints, want.ZeroPoints) {
					t.Errorf("tensor %+v is described as %v", want, got)
				}
			}
		}
	}
	if checked < len(nodes) {
		t.Errorf("only %d descriptions of tensors for %d nodes", checked, len(nodes))
	}
}

func indicesOf(tensors []*trace.Tensor) []int32 {
	var list []int32
	for _, t := range tensors {
		list = append(list, t.Index)
	}
	return list
}
