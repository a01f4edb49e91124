package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/test/apps"
)

// An exception that a custom op throws passes through the shim to the app that catches it. What the op made when it didn't
// throw is captured, and what the ops before and after it made whenever they ran.
func TestExceptionsPassTheShim(t *testing.T) {
	const invokes = 11 // every second one throws, from the second on
	app := builds.Once(t, "throwing", func(t testing.TB) string { return apps.Throwing(t, "amd64") })
	for _, version := range []string{"2.9.0", "2.17.1"} {
		command := []string{app, library(t, version), model(t, "custom"), fmt.Sprint(invokes)}
		want := alone(t, command)
		if want != "6 ended, 5 threw\n" {
			t.Fatalf("alone it printed %q", want)
		}
		for mode, verb := range shimModes {
			t.Run(version+"/"+mode, func(t *testing.T) {
				got := finish(t, edgexray(t, slices.Concat(verb, []string{"-o", t.TempDir() + "/out", "--"}, command)...))
				if got.status != 0 || got.stdout != want || !strings.Contains(got.stderr, "lost nothing") || strings.Contains(got.stderr, "ended inside") {
					t.Errorf("exit status %d, %q, want 0 and %q\n%s", got.status, got.stdout, want, got.stderr)
				}
			})
		}
		last := finish(t, edgexray(t, "snapshot", "-o", t.TempDir()+"/out", "--", app, library(t, version), model(t, "custom"), "2"))
		if last.status != 0 || last.stdout != "1 ended, 1 threw\n" || strings.Contains(last.stderr, "ended inside") {
			t.Errorf("%s: its last invoke threw: exit status %d, %q\n%s", version, last.status, last.stdout, last.stderr)
		}
		made := make(map[int]int) // outputs by node
		for _, m := range apps.MadeInSnapshot(snapshotCommand(t, command).whole(t)) {
			made[m.Node]++
		}
		if diff := cmp.Diff(map[int]int{0: 11, 1: 6, 2: 6}, made); diff != "" {
			t.Errorf("%s: outputs of each node (-want +got):\n%s", version, diff)
		}
	}
}
