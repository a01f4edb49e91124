package tflite

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// live is what a process that runs subgraph i of m shows.
func live(m *Model, i int) LiveSubgraph {
	s := m.Subgraphs[i]
	l := LiveSubgraph{TensorCount: len(s.Tensors), NodeCount: len(s.Operators)}
	for k, op := range s.Operators {
		code := m.OperatorCodes[op.Opcode].Code
		l.Nodes = append(l.Nodes, LiveNode{Index: k, Code: code, Inputs: slices.Clone(op.Inputs), Outputs: slices.Clone(op.Outputs)})
	}
	for k, tensor := range s.Tensors {
		l.Tensors = append(l.Tensors, LiveTensor{Index: int32(k), Type: tensor.Type, Shape: slices.Clone(tensor.Shape), Name: tensor.Name})
	}
	return l
}

func TestMatch(t *testing.T) {
	tests := []struct {
		name   string
		change func(*LiveSubgraph)
		want   Match // with subgraph 0 of the example
		ok     bool
	}{
		{"as in the file", func(*LiveSubgraph) {}, Match{Nodes: 3, Tensors: 5}, true},
		{"only the first op so far", func(l *LiveSubgraph) { l.Nodes, l.Tensors = l.Nodes[:1], nil }, Match{Nodes: 1}, true},
		{"nothing so far", func(l *LiveSubgraph) { *l = LiveSubgraph{} }, Match{}, false},
		{"op codes not known", func(l *LiveSubgraph) { l.Nodes[0].Code = OpUnknown }, Match{Nodes: 3, Tensors: 5}, true},
		{"another op", func(l *LiveSubgraph) { l.Nodes[0].Code = 4 }, Match{Nodes: 2, Tensors: 5, Contradicting: 1}, false},
		{"another input", func(l *LiveSubgraph) { l.Nodes[0].Inputs[0] = 1 }, Match{Nodes: 2, Tensors: 5, Contradicting: 1}, false},
		{"output taken away", func(l *LiveSubgraph) { l.Nodes[0].Outputs[0] = -1 }, Match{Nodes: 3, Tensors: 5}, true},
		{"another output", func(l *LiveSubgraph) { l.Nodes[0].Outputs[0] = 3 }, Match{Nodes: 2, Tensors: 5, Contradicting: 1}, false},
		{"fewer nodes than the file", func(l *LiveSubgraph) { l.NodeCount = 2 }, Match{Nodes: 3, Tensors: 5, Contradicting: 1}, false},
		{"fewer tensors than the file", func(l *LiveSubgraph) { l.TensorCount = 4 }, Match{Nodes: 3, Tensors: 5, Contradicting: 1}, false},
		{"delegate added", func(l *LiveSubgraph) {
			l.NodeCount, l.TensorCount = 4, 6
			l.Nodes = append(l.Nodes[2:], LiveNode{Index: 3, Code: OpDelegate, Inputs: []int32{0}, Outputs: []int32{3}})
			l.Tensors = append(l.Tensors, LiveTensor{Index: 5, Type: Float32})
		}, Match{Nodes: 1, Tensors: 5, Ignored: 2}, true},
		{"delegate took everything", func(l *LiveSubgraph) {
			l.NodeCount = 4
			l.Nodes = []LiveNode{{Index: 3, Code: OpDelegate, Replaced: []uint32{0, 1, 2}, Inputs: []int32{0}, Outputs: []int32{3}}}
		}, Match{Nodes: 1, Tensors: 5}, true},
		{"delegate that replaced what the file doesn't have", func(l *LiveSubgraph) {
			l.Nodes = []LiveNode{{Index: 3, Code: OpDelegate, Replaced: []uint32{0, 3}, Outputs: slices.Clone(l.Nodes[0].Outputs)}}
		}, Match{Tensors: 5, Ignored: 1}, false},
		{"delegate whose output nothing it replaced makes", func(l *LiveSubgraph) {
			l.Nodes = []LiveNode{{Index: 3, Code: OpDelegate, Replaced: []uint32{0}, Outputs: []int32{3}}}
		}, Match{Tensors: 5, Ignored: 1}, false},
		{"a node too many", func(l *LiveSubgraph) {
			l.Nodes = append(l.Nodes, LiveNode{Index: 3, Code: 3})
		}, Match{Nodes: 3, Tensors: 5, Contradicting: 1}, false},
		{"resized", func(l *LiveSubgraph) { l.Tensors[0].Shape[0] = 4 }, Match{Nodes: 3, Tensors: 5, Reshaped: 1}, true},
		{"renamed by a kernel", func(l *LiveSubgraph) { l.Tensors[2].Name = "Densify_output" }, Match{Nodes: 3, Tensors: 5, Renamed: 1}, true},
		{"name cut in a character", func(l *LiveSubgraph) {
			l.Tensors[4].Name, l.Tensors[4].Cut = "\uFFFD", true
		}, Match{Nodes: 3, Tensors: 5}, true},
		{"other names", func(l *LiveSubgraph) {
			for i := range l.Tensors {
				l.Tensors[i].Name = "other"
			}
		}, Match{Nodes: 3, Tensors: 5, Renamed: 5}, false},
		{"another type", func(l *LiveSubgraph) { l.Tensors[1].Type = Float32 }, Match{Nodes: 3, Tensors: 4, Contradicting: 1}, false},
		{"index out of range", func(l *LiveSubgraph) { l.Tensors[1].Index = -1 }, Match{Nodes: 3, Tensors: 4, Contradicting: 1}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := example()
			l := live(m, 0)
			test.change(&l)
			matches := m.Match(l)
			test.want.Model = m
			if diff := cmp.Diff(test.want, matches[0]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got, ok := Identify(matches[:1]); ok != test.ok || ok && got != matches[0] {
				t.Errorf("Identify: %+v, %v, want %v", got, ok, test.ok)
			}
		})
	}
}

func TestMatchInlinedComposite(t *testing.T) {
	m := example()
	m.OperatorCodes[3].Code = OpComposite
	l := live(m, 0)
	l.Nodes = append(l.Nodes[:2], LiveNode{Index: 3, Code: 0})
	if got := m.Match(l)[0]; got.Nodes != 2 || got.Ignored != 1 || got.Contradicting != 0 {
		t.Errorf("got %+v, want 2 nodes and 1 ignored", got)
	}
}

func TestIdentifyOneOfMany(t *testing.T) {
	m, wider, copied := example(), example(), example()
	wider.Subgraphs[0].Tensors[2].Shape[0] = 8
	for _, test := range []struct {
		name     string
		models   []*Model
		live     LiveSubgraph
		model    *Model
		subgraph int
	}{
		{"subgraph 0", []*Model{m}, live(m, 0), m, 0},
		{"subgraph 1", []*Model{m}, live(m, 1), m, 1},
		{"one of a family", []*Model{m, wider}, live(wider, 0), wider, 0},
		{"the other of a family", []*Model{m, wider}, live(m, 0), m, 0},
		{"two that say the same", []*Model{m, copied}, live(m, 0), nil, 0},
	} {
		var matches []Match
		for _, model := range test.models {
			matches = append(matches, model.Match(test.live)...)
		}
		got, ok := Identify(matches)
		if ok != (test.model != nil) || ok && (got.Model != test.model || got.Subgraph != test.subgraph) {
			t.Errorf("%s: got subgraph %d, %v", test.name, got.Subgraph, ok)
		}
	}
}

// Adding up matches of parts gives the match of the whole.
func TestMatchInParts(t *testing.T) {
	m := example()
	whole := live(m, 0)
	sum := m.Match(LiveSubgraph{TensorCount: whole.TensorCount, NodeCount: whole.NodeCount})[0]
	for _, node := range whole.Nodes {
		sum.Add(m.Match(LiveSubgraph{Nodes: []LiveNode{node}})[0])
	}
	for _, tensor := range whole.Tensors {
		sum.Add(m.Match(LiveSubgraph{Tensors: []LiveTensor{tensor}})[0])
	}
	if diff := cmp.Diff(m.Match(whole)[0], sum); diff != "" {
		t.Errorf("(-whole +parts):\n%s", diff)
	}
}
