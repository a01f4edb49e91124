package stragglers

import (
	"cmp"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// modelRules are the rules for whole models. Each returns what it finds.
var modelRules = []func(f *finder, g *group) []*Finding{
	cold, preempted, blocked, drifting, twoWays, slowCores, lowFrequency, imbalance,
	noDelegate, partitions, notDelegated, referenceKernels, slowTypes, memoryBound, overhead,
}

// group is a model with its judged ops.
type group struct {
	model    *analyze.Model
	subjects []*subject
	invoke   float64 // ns, typical
	invokes  float64
	ns       float64 // of all runs of its ops
}

// findings applies the rules to each model.
func (f *finder) findings() {
	for _, m := range f.ops.Models {
		g := &group{model: m, invoke: float64(invokeNS(m)), invokes: float64(max(m.Invokes, 1))}
		for _, s := range f.all {
			if s.model == m {
				g.subjects = append(g.subjects, s)
				g.ns += float64(s.SelfNS)
			}
		}
		if len(g.subjects) == 0 {
			continue
		}
		for _, rule := range modelRules {
			for _, finding := range rule(f, g) {
				if finding.Confidence >= named {
					finding.Model, finding.PID = m.Name, m.PID
					finding.Confidence = rounded(finding.Confidence)
					f.result.Findings = append(f.result.Findings, finding)
				}
			}
		}
	}
	slices.SortStableFunc(f.result.Findings, func(a, b *Finding) int { return cmp.Compare(b.ExcessNS, a.ExcessNS) })
}

// finding makes a finding that would give back ns of each invoke.
func (g *group) finding(cause Cause, confidence, ns float64, why string, evidence Evidence, of ...*subject) *Finding {
	f := &Finding{ExcessNS: uint64(max(ns, 0)), Nodes: []int32{}, Verdict: Verdict{cause, confidence, why, evidence}}
	if g.invoke > 0 {
		f.Share = rounded(max(ns, 0) / g.invoke)
	}
	for _, s := range of {
		if s.Subgraph <= 0 && s.Node >= 0 && !slices.Contains(f.Nodes, s.Node) {
			f.Nodes = append(f.Nodes, s.Node)
		}
	}
	return f
}
