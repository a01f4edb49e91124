package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// counts is what a recording of interpreters comes to.
type counts struct {
	processes, models, interpreters, threads, invokes, ops int
}

func countsOf(result opsJSON) counts {
	pids := make(map[int]bool)
	c := counts{models: len(result.Models), ops: result.count()}
	for _, m := range result.Models {
		pids[m.PID] = true
		c.interpreters += m.Interpreters
		c.threads += m.Threads
		c.invokes += m.Invokes
	}
	c.processes = len(pids)
	return c
}

// An invoke is 62 ops of "while", 5 of "if" with the first input, and 61 of
// "okay_nabu", whose first invoke has 12 more.
func TestInterpreters(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want counts
	}{
		"1000, one after the other": {
			[]string{"--model", model(t, "okay_nabu"), "--interpreters", "1000"}, counts{1, 1, 1000, 1, 1000, 73000}},
		"two models in turn": {
			[]string{"--model", model(t, "if"), "--model", model(t, "while"), "--interpreters", "200"}, counts{1, 2, 200, 2, 200, 100 * 67}},
		"two threads": {
			[]string{"--model", model(t, "okay_nabu"), "--threads", "2", "--invokes", "200"}, counts{1, 1, 2, 2, 400, 24400 + 24}},
		"many on four threads": {
			[]string{"--model", model(t, "while"), "--threads", "4", "--interpreters", "50"}, counts{1, 1, 200, 4, 200, 12400}},
		"library loaded again": {
			[]string{"--model", model(t, "while"), "--reload", "--invokes", "5"}, counts{1, 1, 2, 1, 10, 620}},
		"child process": {
			[]string{"--model", model(t, "while"), "--fork", "--invokes", "5"}, counts{1, 1, 1, 1, 5, 310}},
	} {
		for _, c := range []struct{ version, via string }{{"2.9.0", "bpf"}, {"2.17.1", "bpf"}, {"2.9.0", "shim"}, {"2.17.1", "shim"}} {
			t.Run(name+"/"+c.version+" via "+c.via, func(t *testing.T) {
				r := recordCommand(t, capi(t, c.version, test.args...), "--via", c.via)
				result := r.ops(t)
				wantNothingLost(t, result)
				if got := countsOf(result); got != test.want {
					t.Errorf("%+v, want %+v", got, test.want)
				}
				for _, m := range result.Models {
					if m.SHA256 == "" || m.InvokesPartial != 0 {
						t.Errorf("model %q with %d partial invokes", m.Model, m.InvokesPartial)
					}
				}
				var app struct{ PID, Invokes int }
				decode(t, r.stdout, &app)
				if m := result.Models[0]; m.PID != app.PID || app.Invokes != test.want.invokes {
					t.Errorf("recorded process %d, the app says %+v", m.PID, app)
				}
			})
		}
	}
}

func TestThreadsAreToldApart(t *testing.T) {
	r := recordCommand(t, capi(t, "2.17.1", "--model", model(t, "face_landmark"), "--threads", "2", "--invokes", "3"))
	groups := r.ops(t, "--by", "thread").Groups
	if len(groups) != 2 || groups[0].Count != 3*97 || groups[1].Count != 3*97 {
		t.Errorf("%+v, want two threads with %d ops each", groups, 3*97)
	}
}

func TestProcesses(t *testing.T) {
	line := func(version, name string) string {
		return strings.Join(capi(t, version, "--model", model(t, name)), " ")
	}
	for name, test := range map[string]struct {
		script string
		want   counts
	}{
		"one after the other":  {line("2.9.0", "if") + "; " + line("2.17.1", "if"), counts{2, 2, 2, 2, 2, 10}},
		"at the same time":     {line("2.9.0", "if") + " & " + line("2.9.0", "while") + " & wait", counts{2, 2, 2, 2, 2, 67}},
		"exec":                 {"exec " + line("2.17.1", "while"), counts{1, 1, 1, 1, 1, 62}},
		"child of a child":     {"sh -c '" + line("2.17.1", "if") + " --fork; true'", counts{1, 1, 1, 1, 1, 5}},
		"C and Python at once": {line("2.9.0", "while") + " & " + strings.Join(litert(t, model(t, "while"), "--resolver", "builtin"), " ") + " & wait", counts{2, 2, 2, 2, 2, 124}},
	} {
		t.Run(name, func(t *testing.T) {
			result := recordCommand(t, []string{"sh", "-c", test.script}).ops(t)
			wantNothingLost(t, result)
			if got := countsOf(result); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// Control-flow ops run subgraphs within their own time.
func TestNesting(t *testing.T) {
	type place struct{ subgraph, node int }
	for name, test := range map[string]struct {
		depth int // of the deepest op
		count map[place]int
	}{
		// WHILE, its condition 11 times, its body 10 times.
		"while": {1, map[place]int{{0, 0}: 1, {1, 0}: 11, {2, 0}: 10, {2, 1}: 10, {2, 2}: 10, {2, 3}: 10, {2, 4}: 10}},
		"if":    {2, nil}, // which branches run depends on the input
	} {
		for _, app := range map[string][]string{
			"TFLite 2.9.0":   capi(t, "2.9.0", "--model", model(t, name), "--invokes", "20"),
			"LiteRT builtin": litert(t, model(t, name), "--resolver", "builtin", "--invokes", "20"),
		} {
			t.Run(name, func(t *testing.T) {
				r := recordCommand(t, app)
				m := r.ops(t).model(t)
				for _, op := range m.Ops {
					if want := 20 * test.count[place{op.Subgraph, op.Node}]; test.count != nil && op.Count != want {
						t.Errorf("%s at %d:%d ran %d times, want %d", op.Op, op.Subgraph, op.Node, op.Count, want)
					}
				}
				wantNested(t, r.trace, test.depth)
			})
		}
	}
}

// wantNested checks that every op of a trace with one thread that has a depth
// lies within one of the depth above.
func wantNested(t *testing.T, path string, deepest int) {
	t.Helper()
	ops, nodes := records(t, path)
	slices.SortFunc(ops, func(a, b trace.Op) int { return int(int64(a.Start - b.Start)) })
	var open []trace.Op // by depth
	reached := 0
	for _, op := range ops {
		depth := int(op.Depth)
		reached = max(reached, depth)
		if depth > len(open) {
			t.Fatalf("%s at depth %d follows depth %d", nodes[op.Node].Op, depth, len(open)-1)
		}
		open = append(open[:depth], op)
		if depth == 0 {
			continue
		}
		outer := open[depth-1]
		if op.Start+op.Duration > outer.Start+outer.Duration {
			t.Errorf("%s ends after %s, which it runs in", nodes[op.Node].Op, nodes[outer.Node].Op)
		}
		if name := nodes[outer.Node].Op; name != "IF" && name != "WHILE" {
			t.Errorf("%s runs within %s", nodes[op.Node].Op, name)
		}
	}
	if reached != deepest {
		t.Errorf("the deepest op is at %d, want %d", reached, deepest)
	}
}

// Shapes that change while an interpreter lives are told apart.
func TestResize(t *testing.T) {
	for _, version := range []string{"2.9.0", "2.17.1"} {
		t.Run(version, func(t *testing.T) {
			result := recordCommand(t, capi(t, version, "--model", model(t, "dynamic"),
				"--resize", "1,4,5,3", "--resize", "1,2,2,3", "--invokes", "3")).ops(t)
			wantNothingLost(t, result)
			m := result.model(t)
			if m.Interpreters != 1 || m.Invokes != 6 || m.InvokesPartial != 0 {
				t.Errorf("%d interpreters with %d invokes, %d of them partial; want 1, 6 and 0", m.Interpreters, m.Invokes, m.InvokesPartial)
			}
			var shapes []string
			for _, op := range m.Ops {
				if op.Op == "GREATER" {
					shapes = append(shapes, fmt.Sprintf("%v to %v: %d", op.Inputs[0].Shape, op.Outputs[0].Shape, op.Count))
				}
			}
			slices.Sort(shapes)
			if want := []string{"[1 2 2 3] to [1 2 2 3]: 3", "[1 4 5 3] to [1 4 5 3]: 3"}; !slices.Equal(shapes, want) {
				t.Errorf("GREATER has shapes %q, want %q", shapes, want)
			}
		})
	}
}
