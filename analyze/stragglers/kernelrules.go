package stragglers

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

const (
	// scalarMACs is how many MACs a cycle code without vector instructions does at most.
	scalarMACs = 1
	// assumedGHz is what a core's frequency is taken to be when Linux doesn't tell: a slow one's, so that slow cores aren't taken for slow
	// kernels.
	assumedGHz = 1.5
	enoughMACs = 1 << 20 // of an op, so that its MACs are what takes time
)

// referenceKernels: most of the time is in kernels that were written to be right.
func referenceKernels(f *finder, g *group) []*Finding {
	var named, macs, slow []*subject
	var namedShare, macShare, slowShare float64
	ghz := cmp.Or(f.usualKHz(g.model)/1e6, assumedGHz)
	for _, s := range g.subjects {
		if f.referenceCode(s.Op) != "" {
			named = append(named, s)
			namedShare += s.Share
		}
		if s.known && s.work.MACs >= enoughMACs && s.Trusted {
			macs = append(macs, s)
			macShare += s.Share
			if rate := float64(s.work.MACs) / s.ns; rate < scalarMACs*ghz {
				slow = append(slow, s)
				slowShare += s.Share
			}
		}
	}
	rate := func(of []*subject) float64 {
		var rates []float64
		for _, s := range of {
			if s.work.MACs > 0 {
				rates = append(rates, float64(s.work.MACs)/s.ns)
			}
		}
		return median(rates)
	}
	const gives = 1 - 1.0/slowKernel
	switch {
	case namedShare >= 0.5:
		return []*Finding{g.finding(ReferenceKernel, measured, gives*namedShare*g.invoke,
			fmt.Sprintf("%d of %d ops spend their time in reference code, such as %s: %.0f%% of the time", len(named), len(g.subjects), f.referenceCode(named[0].Op), 100*namedShare),
			Evidence{"ops": float64(len(named)), "time_share": rounded(namedShare), "macs_per_ns": rounded(rate(named)), "assumed_ratio": slowKernel}, named...)}
	case macShare >= 0.5 && slowShare >= 0.8*macShare:
		return []*Finding{g.finding(ReferenceKernel, suspected, gives*slowShare*g.invoke,
			fmt.Sprintf("%d of %d ops with many MACs do %.2g a ns: no more than code without vector instructions does at %.1f GHz", len(slow), len(macs), rate(slow), ghz),
			Evidence{"ops": float64(len(slow)), "time_share": rounded(slowShare), "macs_per_ns": rounded(rate(slow)), "ghz": rounded(ghz), "assumed_ratio": slowKernel}, slow...)}
	}
	return nil
}

// slowType is how much longer a quantized op must take than one in float to be worth a finding.
const slowTypeRatio = 1.15

// slowTypes: quantized ops of a kind are slower for the same work than those in float.
func slowTypes(f *finder, g *group) []*Finding {
	quantized, float := make(map[string][]*subject), make(map[string][]float64)
	for _, s := range f.all {
		switch {
		case !s.known || !s.Trusted:
		case isFloat(s):
			float[s.Op.Op] = append(float[s.Op.Op], s.ns/work1(s))
		case s.model == g.model && isQuantized(s):
			quantized[s.Op.Op] = append(quantized[s.Op.Op], s)
		}
	}
	var all []*Finding
	for _, op := range slices.Sorted(maps.Keys(quantized)) {
		if len(float[op]) == 0 {
			continue
		}
		reached := median(float[op])
		var took, would float64
		for _, s := range quantized[op] {
			runs := float64(s.Count) / g.invokes
			took += s.ns * runs
			would += reached * work1(s) * runs
		}
		if took < slowTypeRatio*would || took < minNotDelegated*g.invoke {
			continue
		}
		all = append(all, g.finding(SlowType, inferred, took-would,
			fmt.Sprintf("%d quantized %s take %s; at the speed of the %d in float of this recording they would take %s", len(quantized[op]), op, duration(took), len(float[op]), duration(would)),
			Evidence{"ops": float64(len(quantized[op])), "ns": rounded(took), "float_ns": rounded(would)}, quantized[op]...))
	}
	return all
}

// work1 is how much there is to do whatever the type: MACs, or operations and elements moved.
func work1(s *subject) float64 {
	if s.work.MACs > 0 {
		return float64(s.work.MACs)
	}
	return max(float64(s.work.Ops), elements(first(s.Outputs)))
}

func outputType(s *subject) string { return first(s.Outputs).Type }

func isFloat(s *subject) bool { return strings.HasPrefix(outputType(s), "FLOAT") }

func isQuantized(s *subject) bool { return first(s.Outputs).Scale != 0 && !isFloat(s) }

// memoryBound names ops that take as long as their bytes do, and a good part of the invoke.
func memoryBound(f *finder, g *group) []*Finding {
	var all []*Finding
	for _, s := range g.subjects {
		if s.wall < minDisturbed*g.invoke {
			continue
		}
		if v := f.memoryBound(s); v != nil {
			all = append(all, g.finding(v.Cause, v.Confidence, 0, fmt.Sprintf("node %d, %s: %s", s.Node, s.FusedOp(), v.Why), v.Evidence, s))
		}
	}
	return all
}

const (
	minOverhead = 0.4 // of the time of a model's ops
	fewOps      = 10  // fewer than which are no matter of overhead
	// littleNS is how long ops take that do next to nothing, in ns: checks, a few function calls, at the most a thousand operations one by
	// one.
	littleNS = 1500
)

// overhead: most of the time goes to ops that do next to nothing.
func overhead(f *finder, g *group) []*Finding {
	if len(g.subjects) < fewOps {
		return nil
	}
	floor := math.Inf(1)
	var short []*subject
	var shortNS, all float64
	for _, s := range g.subjects {
		floor = min(floor, s.ns)
		ns := s.ns * float64(s.Count) / g.invokes
		all += ns
		if s.ns <= littleNS {
			short = append(short, s)
			shortNS += ns
		}
	}
	if shortNS < minOverhead*all {
		return nil
	}
	return []*Finding{g.finding(Overhead, inferred, 0,
		fmt.Sprintf("%d of %d ops take no more than %s, the shortest one %s: %.0f%% of the time goes to running ops rather than to their work",
			len(short), len(g.subjects), duration(littleNS), duration(floor), 100*shortNS/all),
		Evidence{"floor_ns": rounded(floor), "ops": float64(len(short)), "time_share": rounded(shortNS / all)})}
}
