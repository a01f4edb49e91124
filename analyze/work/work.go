// Package work tells how much an op has to do: by its shapes, types and parameters, not by its time. docs/work.md says what is
// counted.
package work

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// Work is what one run of an op has to do.
type Work struct {
	MACs    uint64 // multiply-accumulates: a multiplication and an addition each
	Ops     uint64 // other arithmetic operations, comparisons and conversions
	Read    uint64 // bytes of what it has to read, weights included
	Written uint64 // bytes
	Weights uint64 // bytes, the constant part of Read

	Formula string   // for a person: "MACs = output elements x filter height x ..."; of several nodes each one's
	Assumed []string // what the numbers rest on beside shapes and parameters; empty when nothing
}

// Bytes is what moves: read and written.
func (w *Work) Bytes() uint64 { return w.Read + w.Written }

// Of returns the work of one run of an op. It reports false when that is unknown: of ops without a row in the tables, and
// when shapes aren't known or make no sense.
//
// An operator of a delegate has the work of the nodes that it stands for, a delegate node that of its operators or, when it has
// none, of the nodes that it replaced; both as far as that is known, and what isn't is said in Assumed.
func Of(op *analyze.Op) (Work, bool) {
	switch {
	case op.Mapping != "":
		return ofOperator(op)
	case op.Delegate != "" && len(op.Operators) > 0:
		return ofOperators(op.Operators)
	case op.Delegate != "":
		return ofParts(op.Parts, nil)
	}
	return ofNode(&node{op: op.Op, custom: op.Custom, inputs: op.Inputs, outputs: op.Outputs, params: op.Params})
}

// ofOperator adds up the work of the nodes that an operator stands for. What one of them makes for another is neither written nor
// read.
func ofOperator(op *analyze.Op) (Work, bool) {
	made := make(map[int32]bool)
	for _, p := range op.Parts {
		for _, t := range p.Outputs {
			made[t.Index] = true
		}
	}
	within := make(map[int32]bool)
	for _, p := range op.Parts {
		for _, t := range p.Inputs {
			if t.Index >= 0 && made[t.Index] {
				within[t.Index] = true
			}
		}
	}
	return ofParts(op.Parts, within)
}

func ofParts(parts []analyze.Part, within map[int32]bool) (Work, bool) {
	var total Work
	unknown, resized := 0, 0
	for _, p := range parts {
		w, known := ofPart(p, within)
		if !known {
			unknown++
			continue
		}
		if p.Resized {
			resized++
		}
		total.add(w)
	}
	if unknown > 0 {
		total.assume(fmt.Sprintf("without %d of %d nodes, whose work is unknown", unknown, len(parts)))
	}
	if resized > 0 {
		total.assume(fmt.Sprintf("%d of %d nodes have the shapes of the model's file, although the app resized it", resized, len(parts)))
	}
	return total, unknown < len(parts) && total.plausible()
}

func ofPart(p analyze.Part, within map[int32]bool) (Work, bool) {
	w, known := ofNode(&node{op: p.Op, custom: p.Custom, inputs: p.Inputs, outputs: p.Outputs, params: p.Params, within: within})
	switch {
	case p.Helps == analyze.Before:
		data := w.Read - w.Weights
		w = Work{Read: data, Written: data, Formula: moves}
		w.assume(fmt.Sprintf("only the inputs of %s (node %d) are moved: another operator computes it", p.Op, p.Node))
	case p.Helps == analyze.After:
		w = Work{Read: w.Written, Written: w.Written, Formula: moves}
		w.assume(fmt.Sprintf("only what %s (node %d) makes is moved: another operator computes it", p.Op, p.Node))
	case p.Sharing > 1 && w.MACs+w.Ops > 0:
		w.MACs, w.Ops = w.MACs/uint64(p.Sharing), w.Ops/uint64(p.Sharing)
		w.assume(fmt.Sprintf("all data but an equal share of the arithmetic of %s (node %d), which %d operators do together", p.Op, p.Node, p.Sharing))
	case p.Sharing > 1:
		w = w.split(uint64(p.Sharing))
		w.assume(fmt.Sprintf("an equal share of %s (node %d), which %d operators do together", p.Op, p.Node, p.Sharing))
	}
	return w, known
}

func ofOperators(operators []*analyze.Op) (Work, bool) {
	total := Work{Formula: "the sum of its operators"}
	unknown, assumed := 0, 0
	for _, op := range operators {
		w, known := Of(op)
		if !known {
			unknown++
			continue
		}
		if len(w.Assumed) > 0 {
			assumed++
		}
		w.Formula, w.Assumed = "", nil
		total.add(w)
	}
	if unknown > 0 {
		total.assume(fmt.Sprintf("without %d of %d operators, whose work is unknown", unknown, len(operators)))
	}
	if assumed > 0 {
		total.assume(fmt.Sprintf("what %d of %d operators rest on", assumed, len(operators)))
	}
	return total, unknown < len(operators) && total.plausible()
}

func (w *Work) assume(what string) {
	if !slices.Contains(w.Assumed, what) {
		w.Assumed = append(w.Assumed, what)
	}
}

func (w *Work) add(o Work) {
	w.MACs, w.Ops = sum(w.MACs, o.MACs), sum(w.Ops, o.Ops)
	w.Read, w.Written, w.Weights = sum(w.Read, o.Read), sum(w.Written, o.Written), sum(w.Weights, o.Weights)
	if w.Formula != "" && o.Formula != "" {
		w.Formula += "; "
	}
	w.Formula += o.Formula
	for _, a := range o.Assumed {
		w.assume(a)
	}
}

func (w Work) split(n uint64) Work {
	w.Read, w.Written, w.Weights = w.Read/n, w.Written/n, w.Weights/n
	return w
}

// plausible tells whether no number is beyond what a device could do in a lifetime, as those of damaged shapes are.
func (w *Work) plausible() bool {
	return max(w.MACs, w.Ops, w.Read, w.Written, w.Weights) < limit
}
