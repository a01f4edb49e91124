package traceexport

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/compare"
)

// NodeOptions says what node data tells about a model's nodes.
type NodeOptions struct {
	Metric  string          // the name of one of Metrics; empty for the first
	Model   string          // name, path or SHA-256 of the model; may be empty when the trace has one only
	Compare *compare.Result // for errors
}

// Metric is a number about nodes.
type Metric struct {
	Name  string
	Unit  string
	About string
	// values returns it by node.
	values func(*nodeData) map[node]float64
}

// Metrics are all that node data can tell.
var Metrics = []Metric{
	{"latency", "us", "what the node took by itself in an invoke, on average", (*nodeData).latency},
	{"memory", "bytes", "tensors that are live while the node runs, without weights", (*nodeData).memory},
	{"error", "nRMSE", "of the node's output against the reference, what came in included", (*nodeData).accumulated},
	{"own-error", "nRMSE", "of the node run alone, with the inputs that it had", (*nodeData).local},
}

// ErrNoErrors means that there is no comparison to take errors from.
var ErrNoErrors = errors.New("errors of nodes come from a comparison (give the file that `edgexray compare --json` printed with --compare)")

// node is a node of the model's file.
type node struct{ subgraph, index int32 }

// nodeData is what is known of the nodes of one model.
type nodeData struct {
	ops      []*analyze.Op // of all processes that run it
	invokes  uint64
	compared []*compare.Op
	graphs   map[int32]string // names of subgraphs
	fused    map[node]bool    // work that another node's operator does
	left     map[string]uint64
	total    uint64 // ns
}

// graph is GraphNodeData of Model Explorer, by which nodes of one graph are coloured. Its results are by the node's id, which
// is the node's index in the file.
//
// Source: src/server/package/src/model_explorer/node_data_builder.py and src/builtin-adapter/
// direct_flatbuffer_to_json_graph_convert.cc in https://github.com/google-ai-edge/model-explorer (Apache-2.0)
type graph struct {
	Name     string            `json:"name"`
	Results  map[string]result `json:"results"`
	Gradient []stop            `json:"gradient"`
}

type result struct {
	Value   float64 `json:"value"`
	BgColor string  `json:"bgColor,omitempty"`
}

type stop struct {
	Stop    float64 `json:"stop"`
	BgColor string  `json:"bgColor"`
}

// Nodes are white to red; grey when their work is in another node's operator.
var gradient = []stop{{0, "#ffffff"}, {0.5, "#fdbb84"}, {1, "#e34a33"}}

const fusedColor = "#bdbdbd"

// ModelExplorer writes node data for a model's graph in Model Explorer: one number a node.
func ModelExplorer(w io.Writer, s Source) error {
	metric, err := findMetric(s.Nodes.Metric)
	if err != nil {
		return err
	}
	d, err := newNodeData(s)
	if err != nil {
		return err
	}
	if d.compared == nil && strings.HasSuffix(metric.Name, "error") {
		return ErrNoErrors
	}
	graphs := make(map[string]*graph)
	for n, value := range metric.values(d) {
		id := d.graphID(n.subgraph)
		g := graphs[id]
		if g == nil {
			g = &graph{metric.Name + ", " + metric.Unit, make(map[string]result), gradient}
			graphs[id] = g
		}
		r := result{Value: round(value)}
		if d.fused[n] && value == 0 {
			r.BgColor = fusedColor
		}
		g.Results[strconv.Itoa(int(n.index))] = r
	}
	if len(graphs) == 0 {
		return fmt.Errorf("model-explorer: nothing is known of any node's %s", metric.Name)
	}
	if metric.Name == "latency" {
		d.noteLeft(s)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(graphs)
}

func findMetric(name string) (Metric, error) {
	var names []string
	for _, m := range Metrics {
		if m.Name == name || name == "" {
			return m, nil
		}
		names = append(names, m.Name)
	}
	return Metric{}, fmt.Errorf("model-explorer: %q is no metric (use %s)", name, strings.Join(names, ", "))
}

// newNodeData collects what is known of the model.
func newNodeData(s Source) (*nodeData, error) {
	models, err := chosen(s.Ops.Models, s.Nodes.Model)
	if err != nil {
		return nil, err
	}
	d := &nodeData{graphs: make(map[int32]string), fused: make(map[node]bool), left: make(map[string]uint64)}
	for _, m := range models {
		d.ops = append(d.ops, m.Ops...)
		d.invokes += m.Invokes
	}
	for _, op := range d.ops {
		d.total += op.SelfNS
		if op.SubgraphName != "" {
			d.graphs[op.Subgraph] = op.SubgraphName
		}
	}
	if c := s.Nodes.Compare; c != nil {
		for _, m := range c.Models {
			if m.Edge == models[0].Name || len(c.Models) == 1 {
				d.compared = append(d.compared, m.Ops...)
			}
		}
	}
	return d, nil
}

// chosen returns the models of that name, which must be the same in all processes.
func chosen(all []*analyze.Model, name string) ([]*analyze.Model, error) {
	key := func(m *analyze.Model) string { return m.SHA256 + " " + m.Path + " " + m.Name }
	var models []*analyze.Model
	var names []string
	for _, m := range all {
		if name == "" || name == m.Name || name == m.Path || name == m.SHA256 {
			models = append(models, m)
		}
		if shown := printable(m.Name); !slices.Contains(names, shown) {
			names = append(names, shown)
		}
	}
	if len(models) == 0 {
		return nil, fmt.Errorf("model-explorer: no model is called %q (the trace has %s)", name, strings.Join(names, ", "))
	}
	if slices.ContainsFunc(models, func(m *analyze.Model) bool { return key(m) != key(models[0]) }) {
		return nil, fmt.Errorf("model-explorer: the trace has several models, and node data is about one (choose with --model by name, path or SHA-256: %s)", strings.Join(names, ", "))
	}
	return models, nil
}

// graphID is Model Explorer's for a subgraph: its name, or a default. It takes a signature's key before the default, which a
// trace doesn't tell.
func (d *nodeData) graphID(subgraph int32) string {
	switch {
	case d.graphs[subgraph] != "":
		return d.graphs[subgraph]
	case subgraph == 0:
		return "main"
	}
	return fmt.Sprintf("subgraph_%d", subgraph)
}

// round keeps four significant digits, as more are noise.
func round(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return v
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	if err != nil {
		return v
	}
	return r
}
