package app

import (
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// maxLooks is how often it is looked for the model of a subgraph of which nothing new is known.
const maxLooks = 20

// Facts is what tells the model of one subgraph from others, until its model is found.
type Facts struct {
	live    tflite.LiveSubgraph
	matched int // how many nodes were known when a model was last looked for
}

// Add keeps what a node says about the model of its subgraph.
func (f *Facts) Add(subgraph *trace.Subgraph, d *trace.Node) {
	if subgraph.Model != 0 || d.Index < 0 || d.Incomplete {
		return
	}
	f.live.Nodes = append(f.live.Nodes, tflite.LiveNode{
		Index:    int(d.Index),
		Code:     tflite.OpCode(d.OpCode),
		Delegate: d.Delegate != "",
		Replaced: d.Replaced,
		Inputs:   indices(d.Inputs),
		Outputs:  indices(d.Outputs),
	})
	for _, t := range slices.Concat(d.Inputs, d.Outputs) {
		if t.Index >= 0 {
			f.live.Tensors = append(f.live.Tensors, tflite.LiveTensor{Index: t.Index, Type: tflite.Type(t.Type), Shape: t.Shape, Name: t.Name})
		}
	}
}

func indices(tensors []*trace.Tensor) []int32 {
	list := make([]int32, len(tensors))
	for i, t := range tensors {
		list[i] = t.Index
	}
	return list
}

// Identify finds the model whose subgraph this is, from the nodes seen so far, and completes the description. Once it is
// found, or there is nothing new to tell, it costs nothing.
func (ms *Models) Identify(subgraph *trace.Subgraph, f *Facts, p *Process) {
	if subgraph.Model != 0 || len(f.live.Nodes) == 0 {
		return
	}
	if len(f.live.Nodes) == f.matched && p.models.looks >= maxLooks {
		return
	}
	best, ok := f.match(subgraph, p.models.models)
	if !ok {
		ms.Look(p)
		if best, ok = f.match(subgraph, p.models.models); !ok {
			f.matched = len(f.live.Nodes)
			return
		}
	}
	m := p.models.models[slices.IndexFunc(p.models.models, func(m *model) bool { return m.parsed == best.Model })]
	subgraph.Model = ms.announce(m)
	if subgraph.Index < 0 {
		subgraph.Index = int32(best.Subgraph)
	}
	subgraph.Name = m.parsed.Subgraphs[best.Subgraph].Name
	ms.checkEnds(subgraph, &m.parsed.Subgraphs[best.Subgraph])
	ms.Describe(proto.CloneOf(subgraph))
	*f = Facts{}
}

// match compares the subgraph with the same subgraph of every model around its process.
func (f *Facts) match(subgraph *trace.Subgraph, models []*model) (tflite.Match, bool) {
	f.live.TensorCount, f.live.NodeCount = int(subgraph.Tensors), int(subgraph.Nodes)
	var matches []tflite.Match
	for _, m := range models {
		for _, match := range m.parsed.Match(f.live) {
			if subgraph.Index < 0 || match.Subgraph == int(subgraph.Index) {
				matches = append(matches, match)
			}
		}
	}
	return tflite.Identify(matches)
}

// checkEnds compares what the process's memory says with the model's file, which was found to be what the subgraph runs,
// and takes the file's word where memory told nothing. Inputs that the subgraph doesn't use may be left out at run time.
func (ms *Models) checkEnds(d *trace.Subgraph, from *tflite.Subgraph) {
	same := func(live, file int32) bool { return live == file || live == -1 }
	switch {
	case !d.EndsKnown:
		d.EndsKnown, d.Inputs, d.Outputs = true, from.Inputs, from.Outputs
	case !slices.EqualFunc(d.Inputs, from.Inputs, same) || !slices.EqualFunc(d.Outputs, from.Outputs, same):
		ms.Note("model", "subgraph %d: its inputs and outputs in memory, %v and %v, are not its model's, %v and %v: how long its tensors are in use is not known",
			d.Index, d.Inputs, d.Outputs, from.Inputs, from.Outputs)
		d.EndsKnown, d.Inputs, d.Outputs = false, nil, nil
	}
}
