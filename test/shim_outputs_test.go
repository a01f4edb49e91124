package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/test/apps"
)

// shimModes are the ways to run a command with the shim.
var shimModes = map[string][]string{
	"data":       {"snapshot"},
	"statistics": {"snapshot", "--statistics"},
	"timing":     {"record", "--via", "shim"},
}

// What an app puts out is the same with the shim, whatever that does.
func TestSameOutputsWithShim(t *testing.T) {
	for name, command := range map[string][]string{
		"LiteRT with XNNPACK":      litert(t, model(t, "mobilenet_v3_small_int8"), "--invokes", "3"),
		"LiteRT 1.4.0, XNNPACK":    litert140(t, model(t, "face_landmark"), "--invokes", "3", "--threads", "2"),
		"LiteRT, two threads":      litert(t, model(t, "mobilenet_v1_float"), "--resolver", "builtin", "--threads", "2"),
		"LiteRT, reference":        litert(t, model(t, "iris_landmark"), "--resolver", "builtin_ref"),
		"TFLite 2.17.1, XNNPACK":   capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_float"), "--xnnpack", "2"),
		"TFLite 2.9.0, XNNPACK":    capi(t, "2.9.0", "--model", model(t, "mobilenet_v2_int8"), "--xnnpack", "1"),
		"TFLite 2.17.1, state":     capi(t, "2.17.1", "--model", model(t, "okay_nabu"), "--invokes", "100"),
		"TFLite 2.9.0, threads":    capi(t, "2.9.0", "--model", model(t, "face_detection_front"), "--threads", "4", "--invokes", "2"),
		"TFLite 2.17.1, turns":     capi(t, "2.17.1", "--model", model(t, "if"), "--model", model(t, "while"), "--interpreters", "10", "--invokes", "10"),
		"TFLite 2.17.1, at once":   atOnce(t, "2.17.1", "--xnnpack", "1"),
		"TFLite 2.9.0, at once":    atOnce(t, "2.9.0"),
		"LiteRT, workers":          workers(t, model(t, "while")),
		"TFLite 2.17.1, user data": capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op-with-data", "--invokes", "100"),
	} {
		want := hashOf(t, alone(t, command))
		for mode, verb := range shimModes {
			t.Run(name+"/"+mode, func(t *testing.T) {
				args := append(slices.Clone(verb), "-o", t.TempDir()+"/out", "--")
				got := finish(t, edgexray(t, append(args, command...)...))
				if got.status != 0 || hashOf(t, got.stdout) != want || !strings.Contains(got.stderr, "lost nothing") {
					t.Errorf("exit status %d, outputs have hash %s, want 0 and %s\n%s", got.status, hashOf(t, got.stdout), want, got.stderr)
				}
			})
		}
	}
}

// atOnce is an app in which threads build and run interpreters of several models at the same time.
func atOnce(t testing.TB, version string, args ...string) []string {
	return capi(t, version, append(args, "--threads", "8", "--interpreters", "60", "--model", model(t, "okay_nabu"),
		"--model", model(t, "face_detection_front"), "--model", model(t, "while"))...)
}

// All interpreters of a process are told apart, and none is taken for an earlier one at its place.
func TestSnapshotOfManyInterpreters(t *testing.T) {
	const interpreters = 1000
	command := capi(t, "2.17.1", "--model", model(t, "okay_nabu"), "--interpreters", fmt.Sprint(interpreters))
	s := snapshotCommand(t, command)
	f := s.whole(t)
	if hashOf(t, s.stdout) != hashOf(t, alone(t, command)) {
		t.Errorf("the app printed %s", s.stdout)
	}
	of := make(map[uint32][]apps.Made) // by interpreter
	models := make(map[uint32]bool)
	for _, c := range f.Captures {
		if c.Role != snapshot.Role_OUTPUT {
			continue
		}
		g := f.Subgraphs[f.Nodes[c.Node].Subgraph]
		m := apps.MadeInCapture(f, c)
		of[g.Interpreter] = append(of[g.Interpreter], m)
		models[g.Model] = true
	}
	if len(of) != interpreters || len(models) != 1 || models[0] {
		t.Errorf("%d interpreters of models %v, want %d of one", len(of), models, interpreters)
	}
	var first []apps.Made
	for id, list := range of {
		if first == nil {
			first = list
		}
		if diff := cmp.Diff(first, list); diff != "" || len(list) < 61 {
			t.Fatalf("interpreter %d made %d outputs, not what others did:\n%s", id, len(list), diff)
		}
	}
}

// Inputs tell their type and shape themselves unless the first node's description does: old runtimes keep some that no node has.
func TestSnapshotOfInputs(t *testing.T) {
	f := snapshotCommand(t, capi(t, "2.9.0", "--model", model(t, "while"))).whole(t)
	described := 0
	for _, c := range f.Captures {
		if c.Role != snapshot.Role_INPUT || c.Described == nil {
			continue
		}
		described++
		known := proto.CloneOf(c.Capture)
		known.Described = nil
		if diff := cmp.Diff(f.Tensor(known), f.Tensor(c.Capture), protocmp.Transform()); diff != "" || len(c.Data) == 0 {
			t.Errorf("input %d with %d bytes (-as its node says +as it says):\n%s", c.Tensor, len(c.Data), diff)
		}
	}
	if described != 3*10 { // of the loop's body, whose first node takes one of four
		t.Errorf("%d inputs tell their type, want 30", described)
	}
}

// Apps may hold many runtimes: each of tflite-support's modules has one.
func TestSnapshotBesideManyRuntimes(t *testing.T) {
	const copies = 10
	command := capi(t, "2.17.1", "--model", model(t, "while"))
	want := apps.MadeInSnapshot(snapshotCommand(t, command).whole(t))
	library := read(t, library(t, "2.17.1"))
	for i := range copies {
		command = append(command, "--also", write(t, fmt.Sprintf("copy%d.so", i), library))
	}
	s := snapshotCommand(t, command)
	if got := apps.MadeInSnapshot(s.whole(t)); !slices.Equal(got, want) || strings.Contains(s.stderr, "could not be replaced") {
		t.Errorf("%d outputs, want %d\n%s", len(got), len(want), s.stderr)
	}
}

// Where the shim may not copy memory safely in one way, it does so in another.
func TestSnapshotUnderFilter(t *testing.T) {
	filter := apps.Program(t, "filtered.c")
	for name, command := range map[string][]string{
		"TFLite 2.17.1":                capi(t, "2.17.1", "--model", model(t, "okay_nabu"), "--interpreters", "3"), // its data is read-only
		"TFLite 2.17.1, without /proc": capi(t, "2.17.1", "--model", model(t, "okay_nabu"), "--interpreters", "3", "--without-proc"),
		"TFLite 2.9.0, without /proc":  capi(t, "2.9.0", "--model", model(t, "custom"), "--custom-op", "--without-proc"),
		"TFLite 2.9.0":                 capi(t, "2.9.0", "--model", model(t, "custom"), "--custom-op"),
		"LiteRT":                       litert(t, model(t, "while"), "--resolver", "builtin"),
	} {
		t.Run(name, func(t *testing.T) {
			want := snapshotCommand(t, command)
			got := snapshotCommand(t, append([]string{filter}, command...))
			if hashOf(t, got.stdout) != hashOf(t, want.stdout) {
				t.Errorf("the app printed %s", got.stdout)
			}
			if a, b := apps.MadeInSnapshot(want.whole(t)), apps.MadeInSnapshot(got.whole(t)); !slices.Equal(a, b) {
				t.Errorf("%d outputs, want %d", len(b), len(a))
			}
		})
	}
}
