package stragglers

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// Options says what ops are judged by beside each other.
type Options struct {
	Profile *Profile // nil: none
	Against []Other  // the same model in other traces
}

// Other is a trace to compare with.
type Other struct {
	Name string
	Ops  *analyze.OpsResult
}

// When an op is a straggler.
const (
	minSigmas = 3.0    // standard deviations of its class by which it is off
	minExcess = 0.22   // of ln: a quarter more than expected
	minShare  = 0.0001 // of the invoke that it would give back
	minItself = 1.1    // times as long as its own faster runs
)

// Find judges the ops of a trace. It keeps nothing of r, but the result has r's texts.
func Find(r *analyze.OpsResult, options Options) (*Result, error) {
	f := &finder{ops: r, all: subjects(r), result: &Result{
		Stragglers: []*Straggler{}, Findings: []*Finding{}, Models: []*Model{}, Classes: []*Class{}, Against: []*Against{},
		Lost: r.Lost, Truncated: r.Truncated, Problems: []string{},
	}}
	if err := options.Profile.Fits(r); err != nil {
		return nil, err
	}
	if err := expectByPeers(f.all, options.Profile); err != nil {
		return nil, fmt.Errorf("fit what ops take: %w", err)
	}
	speeds := options.Profile.expect(f.all)
	f.problems()
	f.models(speeds)
	f.classes()
	f.stragglers()
	f.findings()
	for _, other := range options.Against {
		if err := f.against(other); err != nil {
			return nil, err
		}
	}
	return f.result, nil
}

// finder gathers the result.
type finder struct {
	ops    *analyze.OpsResult
	all    []*subject
	result *Result
}

func (f *finder) problem(format string, args ...any) {
	f.result.Problems = append(f.result.Problems, fmt.Sprintf(format, args...))
}

func (f *finder) problems() {
	if f.ops.Recording.AggregateError != 0 {
		f.problem("ops were summed up as they ran: what changes from run to run, and the first run, isn't known, and wall times count as they are")
	}
	if len(f.ops.Recording.Only) > 0 {
		f.problem("only part of the ops was recorded: what the others are like isn't known, and shares are of the recorded ones")
	}
	if len(f.ops.Recording.ProbeCosts) == 0 {
		f.problem("the cost of a probe was not measured: no op can be trusted")
	}
	for cause, n := range f.ops.Lost {
		if cause == analyze.LossUndescribed {
			f.problem("%d ops have no description: they can't be judged", n)
		}
	}
}

func (s *subject) place() Place {
	return Place{
		Model: s.model.Name, PID: s.model.PID, Subgraph: s.Subgraph, Node: s.Node, Op: s.FusedOp(), Kernel: s.RunBy(),
		DelegateNode: s.DelegateNode, OperatorIndex: s.OperatorIndex,
	}
}

// judged tells whether there is anything to compare the op with.
func (s *subject) judged() bool {
	return s.known && s.outcome.peers > 0 || s.outcome.basis == ByHistory
}

// models says how each model's ops were judged.
func (f *finder) models(speeds map[*analyze.Model]float64) {
	for _, m := range f.ops.Models {
		model := &Model{
			Model: m.Name, PID: m.PID, Process: m.Process, SHA256: m.SHA256, InvokeNS: invokeNS(m), Invokes: m.Invokes,
			NoPeers: []Place{}, Unknown: []Place{}, Speed: rounded(speeds[m]),
		}
		for _, s := range f.all {
			if s.model != m {
				continue
			}
			model.Ops++
			switch {
			case s.outcome.basis == ByHistory:
				model.ByHistory++
			case !s.known:
				model.Unknown = append(model.Unknown, s.place())
			case s.outcome.peers == 0:
				model.NoPeers = append(model.NoPeers, s.place())
			default:
				model.ByPeers++
			}
		}
		f.result.Models = append(f.result.Models, model)
	}
}

// invokeNS is what an invoke of the model typically takes.
func invokeNS(m *analyze.Model) uint64 {
	if m.InvokeWall.Count == 0 {
		return 0
	}
	if p50 := m.InvokeWall.Quantile(0.5); p50 != 0 {
		return p50
	}
	return uint64(m.InvokeWall.Mean()) // invokes that were summed up have no quantiles
}

// classes says what the classes of ops reach, the one that takes most of the time first.
func (f *finder) classes() {
	byName := make(map[string][]*subject)
	took := make(map[string]uint64)
	for _, s := range f.all {
		if s.known {
			byName[s.class] = append(byName[s.class], s)
			took[s.class] += s.SelfNS
		}
	}
	for name, members := range byName {
		c := &Class{Class: name, Ops: len(members)}
		var macs, bytes, off []float64
		for _, s := range members {
			macs = append(macs, float64(s.work.MACs)/s.ns)
			bytes = append(bytes, float64(s.work.Bytes())/s.ns)
			off = append(off, math.Abs(s.outcome.residual(s.ns)))
		}
		c.MACsPerNS, c.BytesPerNS = rounded(median(macs)), rounded(median(bytes))
		if len(members) > 1 {
			c.Dispersion = rounded(median(off) / normalMAD)
		}
		f.result.Classes = append(f.result.Classes, c)
	}
	slices.SortFunc(f.result.Classes, func(a, b *Class) int {
		return cmp.Or(cmp.Compare(took[b.Class], took[a.Class]), cmp.Compare(a.Class, b.Class))
	})
}

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
		Basis: o.basis, Peers: max(o.peers, 0), Sigmas: rounded(sigmas), Trusted: s.Trusted,
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
	return off >= minExcess && off >= minSigmas*s.outcome.deviation
}

// byItself returns what the op takes when it is fast and what it takes on average, both 0 when it is always the same.
func (f *finder) byItself(s *subject) (fast, average float64) {
	if m := s.modes(); m != nil && m.high/m.low >= farModes*f.usualRange(s.model) && (!s.waitsWhenSlow(m) || f.waitsAlone(s)) {
		return m.low, m.low + (m.high-m.low)*m.share
	}
	if d := s.drift(); d != nil && d.ratio() >= minDrift*f.modelDrift(s.model) {
		return d.early, d.typical
	}
	return 0, 0
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// rounded leaves four digits of a number, as more say nothing.
func rounded(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	unit := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*unit) / unit
}
