package stragglers

import (
	"math"
	"slices"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/work"
)

// subject is an op that is judged.
type subject struct {
	*analyze.Op
	model   *analyze.Model
	work    work.Work
	known   bool    // its work is
	op      string  // its name
	kind    string  // what it shares with its peers: op, types, whether a delegate runs it
	class   string  // the same, and the kernel
	ns      float64 // of a typical run, without its probe and without what it was preempted for
	wall    float64 // the same with what it was preempted for
	noise   float64 // standard deviation of ln(ns): what its probe adds is known roughly
	effort  float64 // ln of what its time is taken to grow with
	shape   shape
	outcome outcome
}

// outcome is what an op was expected to take.
type outcome struct {
	basis     Basis
	expected  float64 // ns
	deviation float64 // standard deviation of ln(expected)
	peers     int
}

// residual is how far a time is off, as a natural logarithm.
func (o *outcome) residual(ns float64) float64 { return math.Log(ns / o.expected) }

const (
	// probeNoise is how well the part of a probe's cost that lies within an op is known: as a part of all of that cost.
	probeNoise = 0.2
	// leastLeft is what is left of an op's time at least when its probe's cost is taken off.
	leastLeft = 0.2
	// mostNoise is so much that an op tells nothing.
	mostNoise = 3
)

// subjects returns the ops of a result that are judged: those that do work themselves, instead of having it done by a delegate's
// operators or another subgraph.
func subjects(r *analyze.OpsResult) []*subject {
	inside := probesInside(r)
	var all []*subject
	for _, m := range r.Models {
		for _, op := range m.Ops {
			if works(op) {
				all = append(all, newSubject(m, op, float64(inside[op.KernelAt.GetSiteClass()])))
			}
		}
	}
	return all
}

// newSubject makes a subject of an op, of whose time so many ns are its probe's.
func newSubject(m *analyze.Model, op *analyze.Op, probe float64) *subject {
	if op.EndsInferred > op.Count/2 {
		probe = float64(op.ProbeCostNS) / 2 // the next op's entry: there is no return to pay for
	}
	less := func(ns uint64) float64 { return max(float64(ns)-probe, leastLeft*float64(ns), 1) }
	s := &subject{Op: op, model: m, op: op.Op, kind: kindOf(op), class: classOf(op), wall: less(op.Wall.Quantile(0.5))}
	switch {
	case op.Running.Count > 0:
		s.ns = less(op.Running.Quantile(0.5))
	case op.Count == 1:
		s.ns = less(op.FirstNS - min(op.FirstPaid.Preempted, op.FirstNS))
	default: // ops that were summed up as they ran
		s.ns = s.wall
	}
	s.noise = math.Hypot(probeNoise*float64(op.ProbeCostNS)/s.ns, medianNoise(op.Running))
	if inPart(op) {
		s.noise = math.Hypot(s.noise, partNoise)
	}
	s.noise = min(s.noise, mostNoise)
	s.work, s.known = work.Of(op)
	s.shape, s.effort = shapeOf(op, &s.work)
	return s
}

// probesInside is what a probe adds to the op's own time in ns, by the class of its instruction.
func probesInside(r *analyze.OpsResult) map[string]uint64 {
	inside := make(map[string]uint64)
	for _, c := range r.Recording.ProbeCosts {
		inside[c.InstructionClass] = c.InsideNS
	}
	return inside
}

// works tells whether an op does work itself.
func works(op *analyze.Op) bool {
	switch op.Op {
	case "IF", "WHILE", "CALL_ONCE":
		return false
	}
	return op.Delegate == "" || op.Mapping != ""
}

// kindOf names what an op has in common with its peers.
func kindOf(op *analyze.Op) string {
	kind := op.Op + " " + typesOf(op)
	if op.Mapping != "" {
		kind += " by " + op.Delegate
		if inPart(op) {
			kind += " in part"
		}
	}
	return kind
}

// inPart tells whether an operator shares its node's work with others: how much of it is its own isn't known.
func inPart(op *analyze.Op) bool {
	return slices.ContainsFunc(op.Parts, func(p analyze.Part) bool { return p.Sharing > 1 })
}

// partNoise is what that adds to ln of a time.
const partNoise = 0.3

// medianNoise is the standard error of ln of a distribution's median, if its values were normally distributed: 1.25 standard deviations,
// of which two quartiles are 1.35 apart, by the root of their number.
func medianNoise(d *analyze.Distribution) float64 {
	if d.Count == 0 {
		return 0
	}
	quartiles := float64(d.Quantile(0.75)) - float64(d.Quantile(0.25))
	return 1.25 / 1.35 * quartiles / max(float64(d.Quantile(0.5)), 1) / math.Sqrt(float64(d.Count))
}

// classOf names what an op has in common with those that the same kernel runs.
func classOf(op *analyze.Op) string { return kindOf(op) + ", " + op.RunBy() }

// typesOf names the types that an op computes with: of its output and, when they differ, of its weights.
func typesOf(op *analyze.Op) string {
	if len(op.Outputs) == 0 {
		return ""
	}
	types := op.Outputs[0].Type
	for i, t := range op.Inputs {
		if t.Index >= 0 && t.Type != op.Outputs[0].Type && (i == 0 || t.Constant && i == 1) {
			types += "/" + t.Type
		}
	}
	return types
}
