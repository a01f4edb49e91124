package traceexport

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/trace"
)

// readNodes returns node data's values and colours by graph and node.
func readNodes(t *testing.T, s Source) map[string]map[string]result {
	t.Helper()
	var graphs map[string]graph
	if err := json.Unmarshal(written(t, func(w *bytes.Buffer) error { return ModelExplorer(w, s) }), &graphs); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]map[string]result)
	for id, g := range graphs {
		all[id] = g.Results
		if !strings.HasPrefix(g.Name, s.Nodes.Metric) || len(g.Gradient) < 2 {
			t.Errorf("graph %s has name %q and gradient %v", id, g.Name, g.Gradient)
		}
	}
	return all
}

// An operator's time is its own node's, and what it does for others is theirs without any; what is no node of the file has none.
func TestNodeData(t *testing.T) {
	s := source(t, operators(t))
	var notes []string
	s.Note = func(text string) { notes = append(notes, text) }
	want := map[string]map[string]result{"main": {"0": {0, fusedColor}, "1": {Value: 4}, "2": {Value: 3}}}
	if diff := cmp.Diff(want, readNodes(t, s)); diff != "" {
		t.Error(diff)
	}
	if want := []string{"30.0% of the time is on no node: 10.0% in delegate nodes by themselves, 20.0% in operators of which no node is known"}; !slices.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
}

// The numbers of nodes add up to an invoke's, over all the subgraphs that it runs.
func TestNodeDataOfSample(t *testing.T) {
	s := source(t, sample(t))
	s.Nodes.Model = "ssd.tflite"
	var sum float64
	got := readNodes(t, s)
	for _, results := range got {
		for _, r := range results {
			sum += r.Value
		}
	}
	var self, delegate float64
	for _, op := range s.Ops.Models[0].Ops {
		if op.Delegate != "" {
			delegate += float64(op.SelfNS)
		}
		self += float64(op.SelfNS)
	}
	if want := (self - delegate) / 1e3 / float64(s.Ops.Models[0].Invokes); sum < 0.999*want || sum > 1.001*want {
		t.Errorf("nodes add up to %g us, want %g", sum, want)
	}
	if len(got["main"]) != 3 || len(got["then"]) != 2 {
		t.Errorf("nodes %v, want 0, 3 and 5 of main, and two of then", got)
	}
	s.Nodes.Metric = "memory"
	if got := readNodes(t, s)["main"]["0"].Value; got != float64(round(float64(*s.Ops.Models[0].Ops[1].Memory.Live))) {
		t.Errorf("memory of node 0 is %g", got)
	}
}

func TestNodeDataErrors(t *testing.T) {
	s := source(t, operators(t))
	output := func(accumulated, local float64) *compare.Output {
		return &compare.Output{Accumulated: &compare.Error{Worst: &compare.Metrics{NRMSE: accumulated}}, Local: &compare.Error{Worst: &compare.Metrics{NRMSE: local}}}
	}
	s.Nodes.Compare = &compare.Result{Models: []*compare.Model{{Edge: "other name", Ops: []*compare.Op{
		{Place: compare.Place{Node: 0}, Outputs: []*compare.Output{output(0.1, 0.01), output(0.2, 0)}},
		{Place: compare.Place{Node: 2}, Outputs: []*compare.Output{{}}},
		{Place: compare.Place{Node: 3}, Delegate: "XNNPACK", Outputs: []*compare.Output{output(1, 1)}},
	}}}}
	for metric, want := range map[string]float64{"error": 0.2, "own-error": 0.01} {
		s.Nodes.Metric = metric
		if diff := cmp.Diff(map[string]map[string]result{"main": {"0": {Value: want}}}, readNodes(t, s)); diff != "" {
			t.Errorf("%s: %s", metric, diff)
		}
	}
}

func TestNodeDataRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		file func(testing.TB) []byte
		o    NodeOptions
		want string
	}{
		{"two models", sample, NodeOptions{}, "choose with --model by name, path or SHA-256: ssd.tflite, keyword"},
		{"no such model", sample, NodeOptions{Model: "x"}, `no model is called "x" (the trace has ssd.tflite, keyword)`},
		{"no such metric", operators, NodeOptions{Metric: "heat"}, `"heat" is no metric (use latency, memory, error, own-error)`},
		{"nothing known", operators, NodeOptions{Metric: "memory"}, "nothing is known of any node's memory"},
		{"no comparison", operators, NodeOptions{Metric: "error"}, "--compare"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := source(t, c.file(t))
			s.Nodes = c.o
			var file bytes.Buffer
			if err := ModelExplorer(&file, s); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			if file.Len() > 0 {
				t.Errorf("%d bytes were written", file.Len())
			}
		})
	}
}

// Whatever fails to be written is told.
func TestFullDisk(t *testing.T) {
	full := errors.New("no space left")
	for _, format := range Formats {
		s := source(t, operators(t))
		if err := format.Write(failing{full}, s); !errors.Is(err, full) {
			t.Errorf("%s: %v", format.Name, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// Subgraphs without a name have Model Explorer's.
func TestGraphIDs(t *testing.T) {
	s := source(t, traceOf(t, []trace.Description{
		&trace.Subgraph{Id: 1, Interpreter: 1}, &trace.Node{Id: 1, Subgraph: 1},
		&trace.Subgraph{Id: 2, Interpreter: 1, Index: 2}, &trace.Node{Id: 2, Subgraph: 2},
		&trace.Subgraph{Id: 3, Interpreter: 1, Index: 3, Name: "body"}, &trace.Node{Id: 3, Subgraph: 3},
	}, []trace.Op{{Node: 1}, {Node: 2}, {Node: 3}}))
	var got []string
	for id := range readNodes(t, s) {
		got = append(got, id)
	}
	slices.Sort(got)
	if want := []string{"body", "main", "subgraph_2"}; !slices.Equal(got, want) {
		t.Errorf("graphs %q, want %q", got, want)
	}
}
