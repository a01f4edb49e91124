package stragglers

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

const (
	// historyNoise is how far an op is taken to be off from its history, in ln, as long as that is one trace.
	historyNoise = 0.06
	fewForSpeed  = 5 // ops with a history, fewer than which don't tell how fast a whole run is
)

// key identifies an op as far as its time depends on it: its class, shapes and parameters.
func (s *subject) key() string {
	var b strings.Builder
	b.WriteString(s.class)
	for _, list := range [][]analyze.Tensor{s.Inputs, s.Outputs} {
		b.WriteString(" |")
		for _, t := range list {
			fmt.Fprintf(&b, " %s%v", t.Type, t.Shape)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Params)) {
		fmt.Fprintf(&b, " %s=%d", name, s.Params[name])
	}
	if len(s.MappedOps) > 1 {
		fmt.Fprintf(&b, " (%s)", s.FusedOp())
	}
	return b.String()
}

// expect says of the ops that the profile knows what they should take. It returns how fast each model's run is as a whole, in terms of
// the profile: what ops take longer together is not theirs. A nil profile knows none.
func (p *Profile) expect(all []*subject) map[*analyze.Model]float64 {
	speeds := make(map[*analyze.Model]float64)
	if p == nil {
		return speeds
	}
	exact, alike := make(map[identity][]float64), make(map[string][]float64)
	for i := range p.Ops {
		op := &p.Ops[i]
		exact[op.identity()] = op.NS
		alike[op.Key] = append(alike[op.Key], middle(op.NS))
	}
	byModel := make(map[*analyze.Model][]remembered)
	for _, s := range all {
		id := s.identity()
		history := exact[id]
		if history == nil {
			history = alike[id.key] // of other models, or of other nodes
		}
		if history != nil {
			byModel[s.model] = append(byModel[s.model], remembered{s, history})
		}
	}
	for m, known := range byModel {
		speeds[m] = expectByHistory(known)
	}
	return speeds
}

// remembered is an op with what it took in earlier traces.
type remembered struct {
	*subject
	took []float64 // ns
}

// expectByHistory says of a model's ops what they should take. It returns how fast the run is as a whole: 0.9 is slower than earlier ones.
func expectByHistory(known []remembered) (speed float64) {
	common, usual := together(known, 0, historyNoise)
	for _, macs := range []bool{false, true} { // what computes and what moves bytes are not disturbed by the same things
		part := slices.DeleteFunc(slices.Clone(known), func(s remembered) bool { return s.work.MACs > 0 != macs })
		own, usual := together(part, common, usual)
		for _, s := range part {
			n, apart := float64(len(s.took)), apart(s.took)
			s.outcome = outcome{
				basis: ByHistory, expected: middle(s.took) * math.Exp(own), peers: len(s.took),
				deviation: math.Sqrt((historyNoise*historyNoise+(n-1)*apart*apart)/n + usual*usual + s.noise*s.noise),
			}
		}
	}
	return math.Exp(-common)
}

// together is by how much ops took longer than in earlier traces, in ln, and how far they are apart in that, by those that can be trusted;
// what else is known when there are few of them.
func together(known []remembered, common, usual float64) (float64, float64) {
	var off []float64
	for _, s := range known {
		if s.Trusted {
			off = append(off, math.Log(s.ns/middle(s.took)))
		}
	}
	if len(off) < fewForSpeed {
		return common, usual
	}
	common = median(off)
	for i := range off {
		off[i] = math.Abs(off[i] - common)
	}
	return common, median(off) / normalMAD
}
