package test

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/edgexray/edgexray/shim/snapshot"
)

// capture is one as a selection sees it.
type capture struct {
	snapshot.Captured
	subgraph, node int
	op, name       string
	last           bool // what goes into or comes out of the model
}

// capturesOf lists what a snapshot has.
func capturesOf(f *snapshot.File) []capture {
	var list []capture
	for _, c := range f.Captures {
		n := f.Nodes[c.Node]
		g := f.Subgraphs[n.Subgraph]
		list = append(list, capture{c, int(g.Index), int(n.Index), n.Op, f.Tensor(c.Capture).Name,
			g.Index == 0 && (c.Role == snapshot.Role_INPUT || slices.Contains(g.Outputs, c.Tensor))})
	}
	return list
}

// said is what tells captures apart.
func (c capture) said() string {
	return fmt.Sprintf("invoke %d, %d:%d %s, %v %d %s", c.Invoke, c.subgraph, c.node, c.op, c.Role, c.Tensor, c.name)
}

// wantSame checks that captures are all of those that a whole snapshot has and a selection wants, with the same data.
func wantSame(t *testing.T, whole, got []capture, wanted func(capture) bool) {
	t.Helper()
	whole = slices.DeleteFunc(slices.Clone(whole), func(c capture) bool { return !wanted(c) })
	say := func(list []capture) (said []string) {
		for _, c := range list {
			said = append(said, c.said())
		}
		return said
	}
	if diff := cmp.Diff(say(whole), say(got)); diff != "" || len(got) == 0 {
		t.Fatalf("%d captures (-wanted +got):\n%s", len(got), diff)
	}
	for i := range got {
		if !bytes.Equal(got[i].Data, whole[i].Data) {
			t.Errorf("%s has other data than without a selection", got[i].said())
		}
	}
}

func between(low, v, high int) bool { return low <= v && v <= high }

func TestSelections(t *testing.T) {
	testSelections(t, capi(t, "2.17.1", "--model", model(t, "face_landmark"), "--invokes", "7"), map[string]func(capture) bool{
		"--only CONV_2D,3-5": func(c capture) bool {
			return c.Role == snapshot.Role_INPUT || c.op == "CONV_2D" || between(3, c.node, 5)
		},
		"--only MAX_POOL_2D,0:90":   func(c capture) bool { return c.Role == snapshot.Role_INPUT || c.op == "MAX_POOL_2D" || c.node == 90 },
		"--tensors *add*,input_?":   func(c capture) bool { return strings.Contains(c.name, "add") || glob("input_?", c.name) },
		"--every 3":                 func(c capture) bool { return c.Invoke%3 == 1 },
		"--invokes 2-4":             func(c capture) bool { return between(2, int(c.Invoke), 4) },
		"--invokes 3- --every 2":    func(c capture) bool { return c.Invoke >= 3 && c.Invoke%2 == 1 },
		"--invokes 7 --ends-only":   func(c capture) bool { return c.Invoke == 7 && c.last },
		"--buffer 1MiB --invokes 1": func(c capture) bool { return c.Invoke == 1 },
		"--only 1-96 --tensors conv*": func(c capture) bool {
			return between(1, c.node, 96) && c.Role != snapshot.Role_INPUT && glob("conv*", c.name)
		},
	})
}

// What an op runs belongs to the model's invoke.
func TestSelectionsOfNestedOps(t *testing.T) {
	testSelections(t, capi(t, "2.17.1", "--model", model(t, "while"), "--invokes", "3"), map[string]func(capture) bool{
		"--ends-only": func(c capture) bool { return c.last },
		"--invokes 2": func(c capture) bool { return c.Around == 2 || c.Around == 0 && c.Invoke == 2 },
		"--only 2:1-2,LESS": func(c capture) bool {
			return c.Role == snapshot.Role_INPUT || c.op == "LESS" || c.op == "TANH" || c.op == "MUL"
		},
		"--every 2 --only WHILE": func(c capture) bool {
			return c.Around == 0 && c.Invoke != 2 || c.Around%2 == 1 && c.Role == snapshot.Role_INPUT
		},
	})
}

func testSelections(t *testing.T, command []string, selections map[string]func(capture) bool) {
	whole := capturesOf(snapshotCommand(t, command).whole(t))
	for flags, wanted := range selections {
		t.Run(flags, func(t *testing.T) {
			s := snapshotCommand(t, command, strings.Fields(flags)...)
			f := s.whole(t)
			wantSame(t, whole, capturesOf(f), wanted)
			if said := strings.Join(f.Beginning.Selection, " "); said == "" && !strings.HasPrefix(flags, "--buffer") {
				t.Errorf("the file doesn't say what was selected")
			}
		})
	}
}

func glob(pattern, name string) bool {
	match, _ := path.Match(pattern, strings.ReplaceAll(name, "/", "|"))
	return match
}

// Statistics that the app computes where tensors lie are those of the whole data. Single precision gives six digits of mean
// and rms.
func TestStatistics(t *testing.T) {
	for name, command := range map[string][]string{
		"float":           litert(t, model(t, "face_landmark"), "--resolver", "builtin"),
		"special numbers": litert(t, model(t, "iris_landmark"), "--resolver", "builtin", "--special"),
		"int8, int32":     litert(t, model(t, "mobilenet_v3_small_int8"), "--resolver", "builtin"),
		"bool, int64":     capi(t, "2.9.0", "--model", model(t, "dynamic"), "--model", model(t, "while"), "--interpreters", "2", "--invokes", "3"),
	} {
		t.Run(name, func(t *testing.T) {
			whole := capturesOf(snapshotCommand(t, command).whole(t))
			f := snapshotCommand(t, command, "--statistics").whole(t)
			got := capturesOf(f)
			if len(got) != len(whole) {
				t.Fatalf("%d captures, want %d", len(got), len(whole))
			}
			for i, c := range got {
				if c.said() != whole[i].said() || c.Data != nil {
					t.Fatalf("%s with %d bytes of data, want %s without", c.said(), len(c.Data), whole[i].said())
				}
				values, err := snapshot.NewValues(f.Tensor(c.Capture), whole[i].Data)
				if err != nil {
					t.Fatal(err)
				}
				want := snapshot.Summarize(values)
				tolerance := cmpopts.EquateApprox(1e-5, 1e-5*want.Rms)
				if diff := cmp.Diff(want, c.Statistics, protocmp.Transform(), tolerance); diff != "" {
					t.Errorf("%s (-of the data +within the app):\n%s", c.said(), diff)
				}
				if c.Statistics.Min != want.Min || c.Statistics.Max != want.Max {
					t.Errorf("%s has minimum %g and maximum %g, want %g and %g", c.said(), c.Statistics.Min, c.Statistics.Max, want.Min, want.Max)
				}
			}
		})
	}
}
