package stragglers

import (
	"cmp"
	"fmt"
	"slices"
)

// Cause is why something is slow.
type Cause string

// The causes. docs/stragglers.md has what each is recognised by.
const (
	ReferenceKernel Cause = "reference kernel" // one written to be right, not fast
	SlowType        Cause = "slow type"        // quantized, and slower than in float
	NotDelegated    Cause = "not delegated"    // while what is around it is
	Partitions      Cause = "partitions"       // a delegate took the model in many pieces
	NoDelegate      Cause = "no delegate"      // the library has one, and it took nothing
	MemoryBound     Cause = "memory-bound"     // bytes arrive no faster
	Overhead        Cause = "overhead"         // too little work for what it takes to run an op
	Preempted       Cause = "preempted"        // another thread had its core
	Blocked         Cause = "blocked"          // it waited, and not for its workers
	OffCPU          Cause = "off cpu"          // one of the two
	Faults          Cause = "faults"           // page faults, in every run
	SlowCore        Cause = "slow core"        // with less capacity than the fastest
	LowFrequency    Cause = "low frequency"    // of its core
	ColdStart       Cause = "cold start"       // first runs: memory that wasn't there yet
	Imbalance       Cause = "thread imbalance" // its threads are not busy together
	Bimodal         Cause = "bimodal"          // it has a fast and a slow way to run
	Drift           Cause = "drift"            // it becomes slower
	Unexplained     Cause = "unexplained"
)

// named is the confidence from which on a cause is named. Below, what it explains is too little or too uncertain.
const named = 0.3

// opRules are the rules for stragglers, each of which returns nil when its cause doesn't apply. The best-supported one is named: of
// equally supported ones the first.
var opRules = []func(f *finder, s *subject, x *Straggler) *Verdict{
	coldRule, preemptedRule, blockedRule, referenceRule, otherKernelRule, bimodalRule, driftRule, slowCoreRule, frequencyRule,
	imbalanceRule, faultsRule, memoryRule, notDelegatedRule,
}

// verdicts returns the best-supported cause of a straggler, and the others.
func (f *finder) verdicts(s *subject, x *Straggler) (Verdict, []Verdict) {
	all := []Verdict{}
	for _, rule := range opRules {
		if v := rule(f, s, x); v != nil && v.Confidence >= named {
			v.Confidence = rounded(v.Confidence)
			all = append(all, *v)
		}
	}
	slices.SortStableFunc(all, func(a, b Verdict) int { return cmp.Compare(b.Confidence, a.Confidence) })
	if len(all) == 0 {
		return f.unexplained(s, x), all
	}
	return all[0], all[1:]
}

func (f *finder) unexplained(s *subject, x *Straggler) Verdict {
	return Verdict{Unexplained, 0, fmt.Sprintf("%.1f times what %s explains, and nothing in the trace says why", float64(x.ActualNS)/float64(x.ExpectedNS), x.Basis.text(x.Peers)),
		Evidence{"ratio": rounded(s.wall / float64(x.ExpectedNS)), "sigmas": x.Sigmas}}
}

// text names a basis in a sentence.
func (b Basis) text(peers int) string {
	switch {
	case b == ByHistory:
		return "its history"
	case b == ByItself:
		return "its own faster runs"
	case peers == 1:
		return "the speed of 1 op of its kind"
	}
	return fmt.Sprintf("the speed of %d ops of its kind", peers)
}

// explained is the part of the excess of one run that a time explains, at most all of it.
func (x *Straggler) explained(ns float64) float64 {
	excess := float64(x.ActualNS) - float64(x.ExpectedNS)
	if excess <= 0 {
		return 0
	}
	return min(max(ns/excess, 0), 1)
}
