package test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	godiff "github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
)

// What the shim records is what probes record: the same models, invokes, nodes and shapes, each as often. Times differ.
func TestShimRecordsWhatProbesRecord(t *testing.T) {
	script := func(lines ...string) []string { return []string{"sh", "-c", strings.Join(lines, "\n")} }
	line := func(version string, args ...string) string { return strings.Join(capi(t, version, args...), " ") }
	for name, command := range map[string][]string{
		"LiteRT with XNNPACK":  litert(t, model(t, "mobilenet_v3_small_int8"), "--invokes", "3"),
		"LiteRT, branches":     litert(t, model(t, "if"), "--resolver", "builtin", "--invokes", "20"),
		"200 interpreters":     capi(t, "2.9.0", "--model", model(t, "okay_nabu"), "--interpreters", "200"),
		"many on four threads": capi(t, "2.17.1", "--model", model(t, "while"), "--threads", "4", "--interpreters", "50"),
		"two models in turn":   capi(t, "2.17.1", "--model", model(t, "if"), "--model", model(t, "while"), "--interpreters", "200"),
		"ops without init at a place": capi(t, "2.9.0", "--model", model(t, "okay_nabu"), "--model", model(t, "if"), "--model", model(t, "while"),
			"--interpreters", "6", "--invokes", "3"),
		"library loaded again":         capi(t, "2.17.1", "--model", model(t, "while"), "--reload", "--invokes", "5"),
		"other library loaded at once": script(line("2.9.0", "--model", model(t, "if")), line("2.17.1", "--model", model(t, "if"))),
		"child process":                capi(t, "2.9.0", "--model", model(t, "while"), "--fork", "--invokes", "5"),
		"other shapes":                 capi(t, "2.17.1", "--model", model(t, "dynamic"), "--resize", "1,4,5,3", "--resize", "1,2,2,3", "--invokes", "3"),
		"custom op with user data":     capi(t, "2.17.1", "--model", model(t, "custom"), "--custom-op-with-data", "--invokes", "10"),
		"Python workers":               workers(t, model(t, "while")),
		"XNNPACK added":                capi(t, "2.9.0", "--model", model(t, "mobilenet_v2_int8"), "--xnnpack", "2"),
		"processes, exec": script(line("2.9.0", "--model", model(t, "if"))+" & "+line("2.17.1", "--model", model(t, "while"))+" & wait",
			"sh -c '"+line("2.17.1", "--model", model(t, "if"))+" --fork; true'",
			"exec "+line("2.9.0", "--model", model(t, "while"))),
	} {
		t.Run(name, func(t *testing.T) {
			probes, shim := recordCommand(t, command).ops(t), recordCommand(t, command, "--via", "shim").ops(t)
			wantNothingLost(t, probes)
			wantNothingLost(t, shim)
			if shim.Recording.AttachMethod != "shim" || shim.count() == 0 {
				t.Errorf("attached with %q, %d ops", shim.Recording.AttachMethod, shim.count())
			}
			if diff := godiff.Diff(ran(probes), ran(shim)); diff != "" {
				t.Errorf("models (-probes +shim):\n%s", diff)
			}
		})
	}
}

// workers is an app that forks and spawns processes which run a model.
func workers(t testing.TB, model string) []string {
	t.Helper()
	return []string{parts.Python(t), builds.Once(t, "processes.py", func(t testing.TB) string { return apps.Script(t, "processes.py") }), model}
}

// ranModel is what of a model does not depend on how and when it was recorded.
type ranModel struct {
	Process, Model, SHA256, Runtime                       string
	Interpreters, Threads, Invokes, Partial, OpsPerInvoke int
	Ops                                                   []ranOp
}

type ranOp struct {
	Subgraph, Node, Count    int
	Op, SubgraphName, Kernel string
	Delegate                 string
	Replaced                 []int
	Inputs, Outputs          []ranTensor
}

type ranTensor struct {
	Index      int
	Name, Type string
	Shape      []int
}

func ran(result opsJSON) []ranModel {
	var list []ranModel
	for _, m := range result.Models {
		r := ranModel{m.Process, m.Model, m.SHA256, m.Runtime.Path, m.Interpreters, m.Threads, m.Invokes, m.InvokesPartial, m.OpsPerInvoke, nil}
		for _, op := range m.Ops {
			r.Ops = append(r.Ops, ranOp{op.Subgraph, op.Node, op.Count, op.Op, op.SubgraphName, op.Kernel, op.Delegate, op.Replaced,
				ranTensors(op.Inputs), ranTensors(op.Outputs)})
		}
		slices.SortFunc(r.Ops, byText)
		list = append(list, r)
	}
	slices.SortFunc(list, byText)
	return list
}

func byText[T any](a, b T) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }

func ranTensors(tensors []tensorJSON) []ranTensor {
	var list []ranTensor
	for _, t := range tensors {
		list = append(list, ranTensor{t.Index, t.Name, t.Type, t.Shape})
	}
	return list
}
