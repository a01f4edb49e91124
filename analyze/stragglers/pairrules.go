package stragglers

import "fmt"

// pairRules are the rules for ops that take longer than their counterpart in another trace; each returns nil when its cause doesn't apply.
// The first that does is named.
var pairRules = []func(f *finder, p *Pair, g *matched) *Verdict{
	pairReference, pairNotDelegated, pairBlocked, pairSlowType, pairSlowCore, pairMemory,
}

// whySlower says why a pair takes longer here; it is empty when it doesn't.
func (f *finder) whySlower(p *Pair, g *matched) Verdict {
	if p.LossNS <= 0 || float64(p.NS) < minLoss*float64(p.OtherNS) {
		return Verdict{Evidence: Evidence{}}
	}
	for _, rule := range pairRules {
		if v := rule(f, p, g); v != nil {
			return *v
		}
	}
	here, there := g.mine[0].places[0].Kernel, g.yours[0].places[0].Kernel
	if here != there {
		return Verdict{Unexplained, 0, fmt.Sprintf("it runs %s here, %s there", here, there), p.evidence()}
	}
	return Verdict{Unexplained, 0, "it runs the same kernel on both sides", p.evidence()}
}

func (p *Pair) evidence() Evidence {
	return Evidence{"ratio": rounded(float64(p.NS) / float64(max(p.OtherNS, 1)))}
}

// all tells whether all ops of the units have a property; units without ops of their own don't.
func all(units []*unit, has func(*subject) bool) bool {
	for _, u := range units {
		for _, s := range u.subjects {
			if !has(s) {
				return false
			}
		}
		if len(u.subjects) == 0 {
			return false
		}
	}
	return true
}

func pairReference(_ *finder, p *Pair, g *matched) *Verdict {
	named := func(s *subject) bool { return isReference(s.Op) }
	if !all(g.mine, named) || all(g.yours, named) {
		return nil
	}
	return &Verdict{ReferenceKernel, measured, fmt.Sprintf("it runs the reference kernel %s here, %s there", p.Kernel, g.yours[0].places[0].Kernel), p.evidence()}
}

func pairNotDelegated(f *finder, p *Pair, g *matched) *Verdict {
	for _, u := range g.yours {
		if len(u.subjects) > 0 && !u.subjects[0].delegated() {
			return nil
		}
	}
	if !all(g.mine, func(s *subject) bool { return !s.delegated() }) {
		return nil
	}
	s := g.mine[0].subjects[0]
	there := g.yours[0].places[0].Kernel
	if before, after := f.neighbours(s); before != nil || after != nil {
		return &Verdict{NotDelegated, measured, fmt.Sprintf("a delegate runs it there, as %s; here %s", there, f.whyNotDelegated(s)), p.evidence()}
	}
	return &Verdict{NotDelegated, measured, fmt.Sprintf("a delegate runs it there, as %s; here none does", there), p.evidence()}
}

func pairBlocked(_ *finder, p *Pair, g *matched) *Verdict {
	if !all(g.mine, func(s *subject) bool { return 2*s.Paid.Waited >= s.Count }) {
		return nil
	}
	s := g.mine[0].subjects[0]
	blocked := float64(s.Paid.BlockedNS()) / float64(s.Count)
	return &Verdict{Blocked, inferred, fmt.Sprintf("it waits here, for %s on average", duration(blocked)), Evidence{"blocked_ns": rounded(blocked), "ratio": p.evidence()["ratio"]}}
}

func pairSlowType(_ *finder, p *Pair, g *matched) *Verdict {
	if !all(g.mine, isQuantized) || !all(g.yours, isFloat) {
		return nil
	}
	return &Verdict{SlowType, measured, fmt.Sprintf("it computes in %s here, by %s; in %s there, by %s", p.Type, p.Kernel, p.OtherType, g.yours[0].places[0].Kernel), p.evidence()}
}

func pairSlowCore(f *finder, p *Pair, g *matched) *Verdict {
	s := g.mine[0].subjects
	if len(s) == 0 {
		return nil
	}
	if c := f.capacity(s[0]); c != 0 && c < slowCapacity {
		return &Verdict{SlowCore, inferred, fmt.Sprintf("its cores have %.0f%% of the fastest one's capacity here", 100*c), Evidence{"capacity": rounded(c), "ratio": p.evidence()["ratio"]}}
	}
	return nil
}

func pairMemory(f *finder, p *Pair, g *matched) *Verdict {
	if s := g.mine[0].subjects; len(s) > 0 {
		return f.memoryBound(s[0])
	}
	return nil
}
