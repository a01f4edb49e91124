package test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
)

// capture runs `edgexray snapshot`, which must succeed, and opens what it wrote.
func capture(t *testing.T, command []string, flags ...string) (outcome, *snapshot.File) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "edge.tensors")
	args := append([]string{"snapshot", "-o", path}, flags...)
	got := finish(t, edgexray(t, append(append(args, "--"), command...)...))
	if got.status != 0 || !strings.Contains(got.stderr, "the command's exit status is 0\n") {
		t.Fatalf("snapshot %q: exit status %d\n%s", command, got.status, got.stderr)
	}
	return got, openSnapshot(t, path)
}

func openSnapshot(t *testing.T, path string) *snapshot.File {
	t.Helper()
	file, err := snapshot.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// Every node's outputs are captured as the runtime itself has them when it
// keeps all tensors, and what the app puts out stays the same.
func TestSnapshotIsExact(t *testing.T) {
	for _, c := range []struct {
		model   string
		flags   []string
		args    []string
		without int // nodes without outputs, or whose outputs have no data: resources
	}{
		{"face_landmark", nil, []string{"--resolver", "builtin"}, 0},
		{"mobilenet_v2_int8", nil, []string{"--resolver", "builtin"}, 0},
		{"okay_nabu", nil, []string{"--resolver", "builtin", "--invokes", "3"}, 13},
		{"mobilenet_v3_small_float", nil, []string{"--resolver", "builtin", "--threads", "2", "--invokes", "2"}, 0},
		{"face_detection_short_range", nil, []string{"--resolver", "builtin_ref"}, 0},
		{"face_landmark", []string{"--kernels", "builtin"}, []string{"--invokes", "2"}, 0},
		{"mobilenet_v2_int8_logits", []string{"--kernels", "builtin"}, nil, 0},
		{"while", nil, []string{"--resolver", "builtin", "--invokes", "2"}, 0},
	} {
		t.Run(c.model+" "+strings.Join(append(c.flags, c.args...), " "), func(t *testing.T) {
			app := litert(t, append([]string{model(t, c.model)}, c.args...)...)
			keeping := append(slices.Clone(app), "--tensors")
			if len(c.flags) > 0 {
				keeping = append(keeping, "--resolver", "builtin")
			}
			alone, err := exec.Command(keeping[0], keeping[1:]...).Output()
			if err != nil {
				t.Fatal(err)
			}
			var kept struct {
				Invokes uint64
				SHA256  string
				Tensors map[int32]string
			}
			decode(t, string(alone), &kept)
			got, file := capture(t, app, c.flags...)
			if hash := hashOf(t, got.stdout); hash != kept.SHA256 {
				t.Errorf("the app's outputs have hash %s, want %s", hash, kept.SHA256)
			}
			wantExact(t, file, kept.Invokes, kept.Tensors, c.without)
		})
	}
}

// wantExact compares the main subgraph's outputs of nodes in the last invoke
// with what the runtime kept.
func wantExact(t *testing.T, file *snapshot.File, invokes uint64, kept map[int32]string, without int) {
	t.Helper()
	compared := make(map[int32]bool) // nodes
	for _, c := range file.Captures {
		n := file.Nodes[c.Node]
		if c.Missing != "" || file.Subgraphs[n.Subgraph].Index != 0 || c.Invoke != invokes || c.Role == snapshot.Role_STATE {
			continue
		}
		hash := sha256.Sum256(c.Data)
		want, known := kept[c.Tensor]
		if known && hex.EncodeToString(hash[:]) != want {
			t.Errorf("node %d %s, tensor %d: the runtime has other data", n.Index, n.Op, c.Tensor)
		}
		if c.Role == snapshot.Role_OUTPUT {
			compared[n.Index] = known
		}
	}
	nodes := 0
	for _, g := range file.Subgraphs {
		if g.Index == 0 {
			nodes = int(g.Nodes)
		}
	}
	if len(compared) != nodes-without {
		t.Errorf("%d of %d nodes captured, all but %d should be", len(compared), nodes, without)
	}
	for index, known := range compared {
		if !known {
			t.Errorf("node %d: the runtime doesn't tell its outputs", index)
		}
	}
	if len(file.Losses) > 0 || file.Cut != "" {
		t.Errorf("losses %v, cut %q", file.Losses, file.Cut)
	}
}

func TestSnapshotSelections(t *testing.T) {
	app := litert(t, model(t, "face_landmark"), "--resolver", "builtin", "--invokes", "6")
	of := func(file *snapshot.File, what func(*snapshot.Captured) string) string {
		seen := make(map[string]bool)
		for i := range file.Captures {
			seen[what(&file.Captures[i])] = true
		}
		var list []string
		for s := range seen {
			list = append(list, s)
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	for _, c := range []struct {
		flags []string
		what  func(*snapshot.File, *snapshot.Captured) string
		want  string
	}{
		{[]string{"--only", "max_pool_2d"}, func(f *snapshot.File, c *snapshot.Captured) string { return f.Nodes[c.Node].Op + c.Role.String() },
			"CONV_2DINPUT MAX_POOL_2DOUTPUT"},
		{[]string{"--only", "3,5-7"}, func(f *snapshot.File, c *snapshot.Captured) string { return fmt.Sprint(f.Nodes[c.Node].Index, c.Role) },
			"0 INPUT 3 OUTPUT 5 OUTPUT 6 OUTPUT 7 OUTPUT"},
		{[]string{"--every", "2"}, func(_ *snapshot.File, c *snapshot.Captured) string { return fmt.Sprint(c.Invoke) }, "1 3 5"},
		{[]string{"--invokes", "2-4"}, func(_ *snapshot.File, c *snapshot.Captured) string { return fmt.Sprint(c.Invoke) }, "2 3 4"},
		{[]string{"--ends-only"}, func(_ *snapshot.File, c *snapshot.Captured) string { return fmt.Sprint(c.Tensor, c.Role) },
			"0 INPUT 210 OUTPUT 213 OUTPUT"},
		{[]string{"--statistics"}, func(_ *snapshot.File, c *snapshot.Captured) string {
			return fmt.Sprint(len(c.Data), c.Statistics.GetElements() > 0, c.Statistics.GetNans())
		}, "0 true 0"},
	} {
		t.Run(strings.Join(c.flags, " "), func(t *testing.T) {
			_, file := capture(t, app, c.flags...)
			if got := of(file, func(captured *snapshot.Captured) string { return c.what(file, captured) }); got != c.want {
				t.Errorf("captured %s, want %s", got, c.want)
			}
			if said := strings.Join(file.Beginning.Selection, " "); said != strings.Join(c.flags, " ") {
				t.Errorf("the file says %q", said)
			}
		})
	}
	t.Run("--budget", func(t *testing.T) {
		got, file := capture(t, app, "--budget", "1MB")
		bytes := 0
		for _, c := range file.Captures {
			bytes += len(c.Data)
		}
		if bytes == 0 || bytes > 1e6 || file.Losses["tensors_over_budget"] == 0 || !strings.Contains(got.stderr, "tensors_over_budget") {
			t.Errorf("%d bytes, losses %v\n%s", bytes, file.Losses, got.stderr)
		}
	})
}

// What a delegate takes away is told, with the way to see it.
func TestSnapshotOfDelegate(t *testing.T) {
	got, file := capture(t, litert(t, model(t, "face_landmark")))
	for _, c := range file.Captures {
		if n := file.Nodes[c.Node]; n.Delegate == "" || len(n.Replaced) != 97 {
			t.Errorf("capture of %s, which replaces %d nodes", n.Op, len(n.Replaced))
		}
	}
	for _, want := range []string{"TfLiteXNNPackDelegate ran nodes 0-96 of subgraph 0 as node 97", "the 95 tensors that only it sees are missing", "--kernels builtin"} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr doesn't say %q:\n%s", want, got.stderr)
		}
	}
	if len(file.Captures) != 3 {
		t.Errorf("%d captures, want those of an input and two outputs", len(file.Captures))
	}
}
