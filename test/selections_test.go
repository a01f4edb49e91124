package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/shim/snapshot"
)

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
			file := snapshotCommand(t, app, c.flags...).open(t)
			if got := of(file, func(captured *snapshot.Captured) string { return c.what(file, captured) }); got != c.want {
				t.Errorf("captured %s, want %s", got, c.want)
			}
			if said := strings.Join(file.Beginning.Selection, " "); said != strings.Join(c.flags, " ") {
				t.Errorf("the file says %q", said)
			}
		})
	}
	t.Run("--budget", func(t *testing.T) {
		got := snapshotCommand(t, app, "--budget", "1MB")
		file := got.open(t)
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
	got := snapshotCommand(t, litert(t, model(t, "face_landmark")))
	file := got.open(t)
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
