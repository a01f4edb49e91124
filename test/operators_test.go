package test

import (
	"fmt"
	"testing"
)

const operatorInvokes = 20

// With XNNPACK on, its operators are there beneath their delegate nodes: each as often as the model was invoked, named where
// the library has names, and within the delegate node's time.
func TestOperators(t *testing.T) {
	invokes := fmt.Sprint(operatorInvokes)
	onLiteRT := func(threads string) func(string) []string {
		return func(name string) []string {
			return litert(t, model(t, name), "--invokes", invokes, "--threads", threads)
		}
	}
	onC := func(version, workers string) func(string) []string {
		return func(name string) []string {
			return capi(t, version, "--model", model(t, name), "--invokes", invokes, "--xnnpack", workers)
		}
	}
	for _, runtime := range []struct {
		name    string
		app     func(model string) []string
		unnamed bool
	}{
		{"LiteRT 2.3.0", onLiteRT("1"), false},
		{"LiteRT 2.3.0, 2 threads", onLiteRT("2"), false},
		{"LiteRT 1.4.0", func(name string) []string { return litert140(t, model(t, name), "--invokes", invokes) }, false},
		{"TFLite 2.17.1", onC("2.17.1", "1"), false},
		{"TFLite 2.17.1, 2 threads", onC("2.17.1", "2"), false},
		{"TFLite 2.9.0", onC("2.9.0", "1"), true},
	} {
		for _, name := range []string{"mobilenet_v2_float", "mobilenet_v2_int8", "face_landmark"} {
			t.Run(runtime.name+"/"+name, func(t *testing.T) {
				result := recordCommand(t, runtime.app(name)).ops(t)
				if len(result.Models) != 1 || len(result.Lost) != 0 {
					t.Fatalf("%d models, lost %v", len(result.Models), result.Lost)
				}
				checkOperators(t, result.Models[0], runtime.unnamed)
			})
		}
	}
}

func checkOperators(t *testing.T, m modelJSON, unnamed bool) {
	delegates, operators := make(map[int]uint64), make(map[int]uint64) // wall time, ns
	replaced, named, count := 0, 0, 0
	for _, op := range m.Ops {
		if op.Delegate != "" {
			delegates[op.Node] += op.Wall.Sum
			replaced += len(op.Replaced)
		}
	}
	for _, op := range m.Operators {
		operators[op.DelegateNode] += op.Wall.Sum
		count++
		if op.Operator != "" {
			named++
		}
		if op.Count != operatorInvokes {
			t.Errorf("operator %d of node %d (%s) ran %d times", op.OperatorIndex, op.DelegateNode, op.Operator, op.Count)
		}
	}
	if unnamed && named != 0 || !unnamed && named != count {
		t.Errorf("%d of %d operators have a name", named, count)
	}
	if len(delegates) == 0 || count < replaced/2 {
		t.Errorf("%d delegate nodes, which replaced %d nodes, run %d operators", len(delegates), replaced, count)
	}
	for node, wall := range delegates {
		t.Logf("node %d: %d operators for %d nodes, %.1f %% of its time", node, count, replaced, 100*float64(operators[node])/float64(wall))
		if operators[node] > wall || operators[node] == 0 {
			t.Errorf("node %d: the operators take %d ns of its %d", node, operators[node], wall)
		}
	}
}

// A recording that begins and ends within invokes tells only of operators that it saw whole: all of those of the delegate
// nodes that it saw whole, and the first ones of the last.
func TestOperatorsOfRunningApp(t *testing.T) {
	app := startApp(t, capi(t, "2.17.1", "--model", model(t, "mobilenet_v2_float"), "--xnnpack", "1", "--invokes", "1000000", "--steps"))
	if _, err := fmt.Fprintln(app.stdin); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		recorder, r := startRecord(t, "-p", app.pid())
		waitForOps(t, r, 200) // the node and its operators, more than two invokes of them
		if got := recorder.stop(t); got.status != 0 {
			t.Errorf("exit status %d\n%s", got.status, got.stdout)
		}
		result := r.ops(t)
		if len(result.Lost) > 0 {
			t.Errorf("lost %v", result.Lost)
		}
		m := result.model(t)
		whole := 0
		for _, op := range m.Ops {
			whole += op.Count
		}
		last := whole + 1
		for _, op := range m.Operators {
			if op.Count != whole && op.Count != whole+1 || op.Count > last {
				t.Errorf("operator %d ran %d times, the one before %d times, the delegate node %d times", op.OperatorIndex, op.Count, last, whole)
			}
			last = op.Count
		}
		if whole == 0 || len(m.Operators) == 0 {
			t.Errorf("the delegate node ran %d times, with %d operators", whole, len(m.Operators))
		}
	}
}

// Operators of a delegate node that was resized are told apart by its shapes, as ops are by their own.
func TestOperatorsOfResizedModel(t *testing.T) {
	const invokes = 5
	app := capi(t, "2.17.1", "--model", model(t, "face_landmark"), "--xnnpack", "1", "--invokes", fmt.Sprint(invokes),
		"--resize", "1,192,192,3", "--resize", "2,192,192,3")
	entries := make(map[int]int)
	for _, op := range recordCommand(t, app).ops(t).model(t).Operators {
		entries[op.OperatorIndex]++
		if shape := op.Outputs[0].Shape; entries[op.OperatorIndex] > 1 && len(shape) > 0 && shape[0] != 2 {
			t.Errorf("operator %d, %s, of two images at a time has an output of the shape %v", op.OperatorIndex, op.Op, shape)
		}
		if op.Count != invokes {
			t.Errorf("operator %d, %s, ran %d times at one shape, want %d", op.OperatorIndex, op.Op, op.Count, invokes)
		}
	}
	for index, n := range entries {
		if n != 2 {
			t.Errorf("operator %d has %d entries, want one for each of 2 shapes", index, n)
		}
	}
	if len(entries) == 0 {
		t.Error("there are no operators")
	}
}
