package diff

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

func TestMatchModels(t *testing.T) {
	for _, c := range []struct {
		name      string
		base, new *trace.Model
		by        string
	}{
		{"moved", &trace.Model{Path: "/a/x.tflite", Sha256: "feed"}, &trace.Model{Path: "/b/y.tflite", Sha256: "feed"}, "sha256"},
		{"trained again", &trace.Model{Path: "/a/x.tflite", Sha256: "feed"}, &trace.Model{Path: "/b/x.tflite", Sha256: "f00d"}, "name"},
		{"no hash", &trace.Model{Path: "/a/x.tflite"}, &trace.Model{Path: "/b/x.tflite", Sha256: "f00d"}, "name"},
		{"no file", &trace.Model{}, &trace.Model{}, "structure"},
		{"no file on one side", &trace.Model{}, &trace.Model{Path: "/b/x.tflite", Sha256: "f00d"}, "structure"},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, new := tracetest.NewApp(1), tracetest.NewApp(2)
			base.Model.Path, base.Model.Sha256 = c.base.Path, c.base.Sha256
			new.Model.Path, new.Model.Sha256 = c.new.Path, c.new.Sha256
			r, m := compared(t, base, new)
			if m.MatchedBy != c.by || len(m.BaseRuns) != 5 || len(m.NewRuns) != 5 {
				t.Errorf("matched by %s: %d and %d runs", m.MatchedBy, len(m.BaseRuns), len(m.NewRuns))
			}
			if said := slices.Contains(r.Problems, "x.tflite of base and x.tflite of new are different files, matched by name"); said != (c.name == "trained again") {
				t.Errorf("problems %q", r.Problems)
			}
		})
	}
}

// delegated gives the app's nodes from one on to a delegate, which runs the nodes of each group as one operator.
func delegated(a *tracetest.App, groups ...[]int32) {
	var nodes []*trace.Node
	var times []float64
	var replaced []uint32
	for place, group := range groups {
		n := &trace.Node{Index: group[0], Op: a.Nodes[group[0]].Op, Kernel: 1, Operator: &trace.Operator{Name: "Fully Connected (NC)", Place: uint32(place), Nodes: group, DelegateIndex: 12}}
		for _, i := range group {
			n.Operator.Ops = append(n.Operator.Ops, a.Nodes[i].Op)
			replaced = append(replaced, uint32(i))
		}
		nodes, times = append(nodes, n), append(times, 40_000)
	}
	nodes = append(nodes, &trace.Node{Index: 12, Op: "TfLiteXNNPackDelegate", Delegate: "TfLiteXNNPackDelegate", Replaced: replaced, Kernel: 2})
	a.Nodes, a.Times = nodes, append(times, 0)
}

func groups(size int) [][]int32 {
	var all [][]int32
	for i := int32(0); i < 12; i += int32(size) {
		var group []int32
		for n := range int32(size) {
			group = append(group, i+n)
		}
		all = append(all, group)
	}
	return all
}

// What does the work of the same nodes is compared, whoever does it.
func TestMatchOps(t *testing.T) {
	for _, c := range []struct {
		name      string
		base, new func(*tracetest.App)
		rows      int
		how       []string
		ops       string // of the first row
		baseOnly  int
		newOnly   int
	}{
		{"the same", func(*tracetest.App) {}, func(*tracetest.App) {}, 12, []string{""}, "[0] [0]", 0, 0},
		{"other kernel", func(*tracetest.App) {}, func(a *tracetest.App) { a.Nodes[0].Kernel = 4 }, 12, []string{"", "other kernel"}, "[0] [0]", 0, 0},
		{"another type", func(*tracetest.App) {}, func(a *tracetest.App) { a.Nodes[0].Outputs[0].Type = 9 }, 12, []string{"", "other shapes or types"}, "[0] [0]", 0, 0},
		{"another op", func(*tracetest.App) {}, func(a *tracetest.App) { a.Nodes[11].Op = "PAD" }, 12, []string{"", "another op"}, "[0] [0]", 0, 0},
		{"one op less", func(*tracetest.App) {}, func(a *tracetest.App) { a.Nodes, a.Times = a.Nodes[:11], a.Times[:11] }, 11, []string{""}, "[0] [0]", 1, 0},
		{"one op more", func(a *tracetest.App) { a.Nodes, a.Times = a.Nodes[:11], a.Times[:11] }, func(*tracetest.App) {}, 11, []string{""}, "[0] [0]", 0, 1},
		{"delegated", func(*tracetest.App) {}, func(a *tracetest.App) { delegated(a, groups(1)...) }, 12, []string{"now delegated"}, "[0] [0]", 0, 1},
		{"fused", func(*tracetest.App) {}, func(a *tracetest.App) { delegated(a, groups(3)...) }, 4, []string{"now delegated"}, "[0 1 2] [0]", 0, 1},
		{"delegated no more", func(a *tracetest.App) { delegated(a, groups(2)...) }, func(*tracetest.App) {}, 6, []string{"no longer delegated"}, "[0] [0 1]", 1, 0},
		{"fused otherwise", func(a *tracetest.App) { delegated(a, groups(2)...) }, func(a *tracetest.App) { delegated(a, groups(4)...) }, 4, []string{"", "fused otherwise"}, "[12] [12]", 0, 0},
		{"two delegates", func(a *tracetest.App) { delegated(a, groups(2)...) }, func(a *tracetest.App) { delegated(a, groups(2)...) }, 7, []string{""}, "[12] [12]", 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, new := tracetest.NewApp(1), tracetest.NewApp(2)
			c.base(base)
			c.new(new)
			_, m := compared(t, base, new)
			var how []string
			for _, o := range m.Ops {
				if !slices.Contains(how, o.How) {
					how = append(how, o.How)
				}
			}
			slices.Sort(how)
			index := func(ops []Op) []int32 {
				var all []int32
				for _, o := range ops {
					all = append(all, o.Node)
				}
				return all
			}
			ops := fmt.Sprint(index(m.Ops[0].Base), index(m.Ops[0].New))
			if len(m.Ops) != c.rows || !slices.Equal(how, c.how) || ops != strings.ReplaceAll(c.ops, "] [", "] [") || len(m.BaseOnly) != c.baseOnly || len(m.NewOnly) != c.newOnly {
				t.Errorf("%d rows, different by %q, the first of %s, only in base %v, only in new %v", len(m.Ops), how, ops, m.BaseOnly, m.NewOnly)
			}
		})
	}
}
