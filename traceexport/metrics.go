package traceexport

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/compare"
)

// What may keep an op's time from the nodes of a model's file.
const (
	leftDelegate = "delegate nodes by themselves"
	leftUnmapped = "operators of which no node is known"
	leftOpaque   = "delegates of which only the whole is known"
	leftUnknown  = "ops whose place in the model is not known"
)

// latency is the time of ops without those within them, so that nodes add up to an invoke. What an operator takes is its
// node's; others whose work it does, too, have nothing of their own: how it is divided among them can't be seen.
func (d *nodeData) latency() map[node]float64 {
	values := make(map[node]float64)
	for _, op := range d.ops {
		if reason := d.unplaced(op); reason != "" {
			d.left[reason] += op.SelfNS
			continue
		}
		values[node{op.Subgraph, op.Node}] += float64(op.SelfNS) / 1e3 / float64(max(d.invokes, 1))
		for _, index := range op.MappedNodes {
			n := node{op.Subgraph, index}
			values[n] += 0 // it ran
			d.fused[n] = true
		}
	}
	return values
}

// unplaced says why the op's time is no node's; it is empty when it is one's.
func (d *nodeData) unplaced(op *analyze.Op) string {
	switch {
	case op.Subgraph < 0:
		return leftUnknown
	case op.Node < 0 && op.Mapping != "":
		return leftUnmapped
	case op.Node < 0:
		return leftUnknown
	case op.Delegate == "" || op.Mapping != "":
		return ""
	case d.runsOperators(op):
		return leftDelegate
	}
	return leftOpaque
}

func (d *nodeData) runsOperators(delegate *analyze.Op) bool {
	return slices.ContainsFunc(d.ops, func(op *analyze.Op) bool {
		return op.Mapping != "" && op.Subgraph == delegate.Subgraph && op.DelegateNode == delegate.Node
	})
}

// noteLeft tells what isn't in the graph.
func (d *nodeData) noteLeft(s Source) {
	if s.Note == nil || len(d.left) == 0 || d.total == 0 {
		return
	}
	var parts []string
	var sum uint64
	for _, reason := range slices.Sorted(maps.Keys(d.left)) {
		sum += d.left[reason]
		parts = append(parts, fmt.Sprintf("%.1f%% in %s", 100*float64(d.left[reason])/float64(d.total), reason))
	}
	s.Note(fmt.Sprintf("%.1f%% of the time is on no node: %s", 100*float64(sum)/float64(d.total), strings.Join(parts, ", ")))
}

// memory is known of nodes that the runtime runs itself.
func (d *nodeData) memory() map[node]float64 {
	values := make(map[node]float64)
	for _, op := range d.ops {
		if op.Memory != nil && op.Memory.Live != nil && d.unplaced(op) == "" {
			n := node{op.Subgraph, op.Node}
			values[n] = max(values[n], float64(*op.Memory.Live))
		}
	}
	return values
}

func (d *nodeData) accumulated() map[node]float64 {
	return d.errors(func(o *compare.Output) *compare.Error { return o.Accumulated })
}

func (d *nodeData) local() map[node]float64 {
	return d.errors(func(o *compare.Output) *compare.Error { return o.Local })
}

// errors returns the largest error of each node's outputs, in its worst invoke.
func (d *nodeData) errors(of func(*compare.Output) *compare.Error) map[node]float64 {
	values := make(map[node]float64)
	for _, op := range d.compared {
		if op.Delegate != "" || op.Node < 0 {
			continue
		}
		for _, output := range op.Outputs {
			if e := of(output); e != nil && e.Worst != nil {
				n := node{op.Subgraph, op.Node}
				values[n] = max(values[n], e.Worst.NRMSE)
			}
		}
	}
	return values
}
