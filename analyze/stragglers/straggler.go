package stragglers

import (
	"cmp"
	"slices"
)

// When an op is a straggler.
const (
	minSigmas     = 3.0    // standard deviations by which it is off
	minSigmasNode = 2.25   // of a node, by peers: what these say has wide deviations, and clean recordings leave room for it
	minExcess     = 0.22   // of ln: a quarter more than expected
	minShare      = 0.0001 // of the invoke that it would give back
	minItself     = 1.1    // times as long as its own faster runs
	// alone is how much farther than the model's ops an op's slow runs must be from its fast ones, or its last ones from its first: what
	// disturbs all disturbs one more than another.
	alone = 1.5
)

// stragglers finds the ops that take longer than they should.
func (f *finder) stragglers() {
	for _, s := range f.all {
		if straggler := f.straggler(s); straggler != nil {
			straggler.Verdict, straggler.Others = f.verdicts(s, straggler)
			f.result.Stragglers = append(f.result.Stragglers, straggler)
		}
	}
	slices.SortStableFunc(f.result.Stragglers, func(a, b *Straggler) int { return cmp.Compare(b.ExcessNS, a.ExcessNS) })
}

// straggler returns what the op would give back, nil when it isn't a straggler.
func (f *finder) straggler(s *subject) *Straggler {
	o := s.outcome
	expected, actual, sigmas := o.expected, s.ns, 0.0
	switch {
	case s.judged() && s.stands(s.ns):
		sigmas = o.residual(s.ns) / o.deviation
	case s.judged() && s.stands(s.wall) && f.losesItsCore(s):
		actual, sigmas = s.wall, o.residual(s.wall)/o.deviation
	default:
		if expected, actual = f.byItself(s); actual < minItself*expected || actual == 0 {
			return nil
		}
		o = outcome{basis: ByItself}
	}
	runs := float64(s.Count) / float64(max(s.model.Invokes, 1))
	excess := max(actual-expected, 0) * runs
	share := excess / max(float64(invokeNS(s.model)), 1)
	if !s.Trusted || share < minShare || excess < float64(s.ProbeCostNS) {
		return nil
	}
	return &Straggler{
		Place: s.place(), ExcessNS: uint64(excess), Share: rounded(share), ActualNS: uint64(actual), ExpectedNS: uint64(expected),
		Basis: o.basis, Peers: max(o.peers, 0), Sigmas: rounded(sigmas),
	}
}

// losesItsCore tells whether the op is preempted more than the model's ops are as a whole: else that isn't a matter of the op.
func (f *finder) losesItsCore(s *subject) bool {
	var lost, wall uint64
	for _, o := range f.all {
		if o.model == s.model {
			lost, wall = lost+o.Paid.PreemptedNS, wall+o.Paid.WallNS
		}
	}
	return (s.wall-s.ns)/s.wall > 2*float64(lost)/float64(max(wall, 1))+minDisturbed
}

// stands tells whether a time stands out from what was expected.
func (s *subject) stands(ns float64) bool {
	off := s.outcome.residual(ns)
	sigmas := minSigmas
	if s.outcome.basis == ByPeers && s.Mapping == "" {
		sigmas = minSigmasNode
	}
	return off >= minExcess && off >= sigmas*s.outcome.deviation
}

// byItself returns what the op takes when it is fast and what it takes on average, both 0 when it is always the same.
func (f *finder) byItself(s *subject) (fast, average float64) {
	if m := s.modes(); m != nil && m.high/m.low >= alone*f.usualRange(s.model) && (!s.waitsWhenSlow(m) || f.waitsAlone(s)) {
		return m.low, m.low + (m.high-m.low)*m.share
	}
	if d := s.drift(); d != nil && d.ratio() >= alone*f.modelDrift(s.model) {
		return d.early, d.typical
	}
	return 0, 0
}

// judged tells whether there is anything to compare the op with.
func (s *subject) judged() bool {
	return s.known && s.outcome.peers > 0 || s.outcome.basis == ByHistory
}
