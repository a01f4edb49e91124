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
	// historyNoise is how far ops are off from their history at the least, in ln, beside what a whole run is off.
	historyNoise = 0.03
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
	took := make(map[string][]float64, len(p.Ops))
	for _, op := range p.Ops {
		took[op.Key] = op.NS
	}
	byModel := make(map[*analyze.Model][]*subject)
	for _, s := range all {
		if len(took[s.key()]) > 0 {
			byModel[s.model] = append(byModel[s.model], s)
		}
	}
	for m, known := range byModel {
		speeds[m] = expectByHistory(known, took)
	}
	return speeds
}

func expectByHistory(known []*subject, took map[string][]float64) (speed float64) {
	off := make([]float64, len(known))
	var trusted []float64
	for i, s := range known {
		off[i] = math.Log(s.ns / middle(took[s.key()]))
		if s.Trusted {
			trusted = append(trusted, off[i])
		}
	}
	common := 0.0
	if len(trusted) >= fewForSpeed {
		common = median(slices.Clone(trusted))
	}
	for i := range trusted {
		trusted[i] = math.Abs(trusted[i] - common)
	}
	usual := median(trusted) / normalMAD
	for _, s := range known {
		history := took[s.key()]
		own := spread(history)
		s.outcome = outcome{
			basis: ByHistory, expected: middle(history) * math.Exp(common), peers: len(history),
			deviation: math.Sqrt(historyNoise*historyNoise + usual*usual + own*own + s.noise*s.noise),
		}
	}
	return math.Exp(-common)
}

func middle(values []float64) float64 { return median(slices.Clone(values)) }

// spread is how far values are apart, in ln, as a standard deviation; 0 for one.
func spread(values []float64) float64 {
	m := middle(values)
	off := make([]float64, len(values))
	for i, v := range values {
		off[i] = math.Abs(math.Log(v / m))
	}
	return median(off) / normalMAD
}
