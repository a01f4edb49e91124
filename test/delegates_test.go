package test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/tflite"
)

// With delegates kept out, it is as if the app had asked for the runtime's own kernels.
func TestBuiltinKernels(t *testing.T) {
	for _, test := range []struct {
		name            string
		command, asking []string
	}{
		{"LiteRT", litert(t, model(t, "mobilenet_v3_small_int8")), litert(t, model(t, "mobilenet_v3_small_int8"), "--resolver", "builtin")},
		{"LiteRT, state", litert(t, model(t, "okay_nabu"), "--invokes", "5"), litert(t, model(t, "okay_nabu"), "--invokes", "5", "--resolver", "builtin")},
		{"LiteRT 1.4.0", litert140(t, model(t, "face_landmark")), litert140(t, model(t, "face_landmark"), "--resolver", "builtin")},
	} {
		t.Run(test.name, func(t *testing.T) {
			var said saidOfTensors
			decode(t, alone(t, append(test.asking, "--preserve", "--describe")), &said)
			s := snapshotCommand(t, test.command, "--kernels", "builtin")
			if got := hashOf(t, s.stdout); got != said.SHA256 {
				t.Errorf("the app's outputs have hash %s, want %s", got, said.SHA256)
			}
			f := s.whole(t)
			wantContents(t, f, &said)
			wantDescriptions(t, f, &said)
			if f.Beginning.Kernels != "builtin" {
				t.Errorf("the file says kernels %q", f.Beginning.Kernels)
			}
		})
	}
	for _, version := range []string{"2.9.0", "2.17.1"} {
		t.Run("TFLite "+version, func(t *testing.T) {
			command := capi(t, version, "--model", model(t, "mobilenet_v2_int8"))
			want := snapshotCommand(t, command)
			got := snapshotCommand(t, append(command, "--xnnpack", "2"), "--kernels", "builtin")
			if diff := cmp.Diff(apps.MadeInSnapshot(want.whole(t)), apps.MadeInSnapshot(got.whole(t))); diff != "" || hashOf(t, got.stdout) != hashOf(t, want.stdout) {
				t.Errorf("hash %s, want %s; outputs (-without XNNPACK +kept out):\n%s", hashOf(t, got.stdout), hashOf(t, want.stdout), diff)
			}
		})
	}
}

// Interpreters that threads build at the same time don't get into each other's way.
func TestBuiltinKernelsAtOnce(t *testing.T) {
	want := hashOf(t, alone(t, atOnce(t, "2.17.1")))
	for range 3 {
		s := snapshotCommand(t, atOnce(t, "2.17.1", "--xnnpack", "1"), "--kernels", "builtin", "--statistics")
		for _, n := range s.whole(t).Nodes {
			if n.Delegate != "" {
				t.Fatalf("%s ran node %d", n.Delegate, n.Index)
			}
		}
		if got := hashOf(t, s.stdout); got != want {
			t.Errorf("the app's outputs have hash %s, want %s", got, want)
		}
	}
}

// Of what a delegate runs its outputs are captured, and it is said what is not.
func TestDelegateBoundary(t *testing.T) {
	for name, python := range map[string]func(testing.TB, ...string) []string{"LiteRT": litert, "LiteRT 1.4.0": litert140} {
		t.Run(name, func(t *testing.T) {
			command := python(t, model(t, "mobilenet_v3_small_int8"), "--invokes", "2")
			var said saidOfTensors
			decode(t, alone(t, append(command, "--preserve", "--describe")), &said)
			s := snapshotCommand(t, command)
			f := s.whole(t)
			wantNodes(t, f, parse(t, model(t, "mobilenet_v3_small_int8")))
			compared := 0
			for _, c := range f.Captures {
				sum := sha256.Sum256(c.Data)
				if want := said.Preserved[c.Invoke-1][fmt.Sprintf("0:%d", c.Tensor)]; hex.EncodeToString(sum[:]) != want {
					t.Errorf("tensor %d of invoke %d is not what the runtime preserves", c.Tensor, c.Invoke)
				}
				compared++
			}
			if want := "--kernels builtin keeps delegates out"; compared < 4 || !strings.Contains(s.stderr, "XNNPack") || !strings.Contains(s.stderr, want) {
				t.Errorf("%d tensors, and stderr doesn't say %q:\n%s", compared, want, s.stderr)
			}
		})
	}
}

// Models of a single op, which XNNPACK takes or leaves, are captured like others.
func TestOneOp(t *testing.T) {
	models := t.TempDir()
	alone(t, []string{parts.Python(t), apps.Script(t, "one_op.py"), models})
	files, err := filepath.Glob(models + "/*.tflite")
	if err != nil || len(files) < 6 {
		t.Fatalf("models %q, %v", files, err)
	}
	for _, file := range files {
		op := strings.TrimSuffix(filepath.Base(file), ".tflite")
		for name, command := range map[string][]string{
			"LiteRT":               litert(t, file),
			"LiteRT 1.4.0":         litert140(t, file),
			"LiteRT CompiledModel": benchmark(t, "--num_runs", "1", "--warmup_runs", "1", "--model", file),
			"TFLite 2.9.0":         capi(t, "2.9.0", "--xnnpack", "1", "--model", file),
			"TFLite 2.17.1":        capi(t, "2.17.1", "--xnnpack", "1", "--model", file),
		} {
			t.Run(name+"/"+op, func(t *testing.T) {
				wantNodes(t, snapshotCommand(t, command).whole(t), parse(t, file))
				f := snapshotCommand(t, command, "--kernels", "builtin").whole(t)
				wantNodes(t, f, parse(t, file))
				if len(f.Nodes) != 1 || f.Nodes[f.Captures[0].Node].Op != op {
					t.Errorf("with built-in kernels %v ran", f.Nodes)
				}
			})
		}
	}
}

// MediaPipe brings a runtime and a delegate of its own, compiled with another C++ library.
func TestMediaPipe(t *testing.T) {
	name := model(t, "face_detection_short_range")
	command, m := mediapipe(t, name, "--invokes", "3"), parse(t, name)
	var said struct{ Faces int }
	alone := alone(t, command)
	if decode(t, alone, &said); said.Faces != 3 {
		t.Fatalf("%d faces, want 3", said.Faces)
	}
	s := snapshotCommand(t, command)
	f := s.whole(t)
	wantNodes(t, f, m)
	if len(f.Nodes) != 1 || len(f.Captures) != 3*3 || hashOf(t, s.stdout) != hashOf(t, alone) || !strings.Contains(s.stderr, "XNNPack") {
		t.Errorf("%d nodes with %d captures, want 1 with 9 and the same outputs\n%s", len(f.Nodes), len(f.Captures), s.stderr)
	}
	s = snapshotCommand(t, command, "--kernels", "builtin")
	f = s.whole(t)
	wantNodes(t, f, m)
	if decode(t, s.stdout, &said); said.Faces != 3 || len(f.Nodes) != len(m.Subgraphs[0].Operators) {
		t.Errorf("%d faces by %d nodes, want 3 by %d", said.Faces, len(f.Nodes), len(m.Subgraphs[0].Operators))
	}
}

// wantNodes checks that each node of the model ran itself, or in one delegate node whose outputs are there.
func wantNodes(t *testing.T, f *snapshot.File, m *tflite.Model) {
	t.Helper()
	ran := make(map[int]int)
	outputs := make(map[int32]bool)
	for _, c := range f.Captures {
		outputs[c.Tensor] = outputs[c.Tensor] || c.Role == snapshot.Role_OUTPUT
	}
	for _, n := range f.Nodes {
		for _, tensor := range n.Outputs {
			if !outputs[tensor.Index] {
				t.Errorf("output %d of %s (node %d) is missing", tensor.Index, n.Op, n.Index)
			}
		}
		if n.Delegate == "" {
			ran[int(n.Index)]++
		}
		for _, index := range n.Replaced {
			ran[int(index)]++
		}
	}
	for i := range m.Subgraphs[0].Operators {
		if ran[i] != 1 {
			t.Errorf("node %d was run by %d nodes, want 1", i, ran[i])
		}
	}
}
