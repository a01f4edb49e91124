package stragglers

import (
	"fmt"

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

// Find judges the ops of a trace. It keeps nothing of r, but the result has r's texts.
func Find(r *analyze.OpsResult, options Options) (*Result, error) {
	f := &finder{ops: r, all: subjects(r), sampled: samples(r), result: &Result{
		Stragglers: []*Straggler{}, Findings: []*Finding{}, Models: []*Model{}, Classes: []*Class{}, Against: []*Against{},
		Lost: r.Lost, Truncated: r.Truncated, Problems: []string{},
	}}
	if err := options.Profile.Fits(r); err != nil {
		return nil, err
	}
	if more := len(f.all) - maxSubjects; more > 0 {
		f.problem("the trace has more than %d ops: %d of them were not judged", maxSubjects, more)
		f.all = f.all[:maxSubjects]
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

// maxSubjects bounds the ops that are judged, as they are compared with each other. Models have some thousands at most.
const maxSubjects = 20_000

// finder gathers the result.
type finder struct {
	ops     *analyze.OpsResult
	all     []*subject
	sampled map[*analyze.Op]*sampled
	result  *Result
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
