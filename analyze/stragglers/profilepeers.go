package stragglers

import (
	"math"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/work"
)

// maxProfilePeers bounds the ops of a profile that tell about those of a trace.
const maxProfilePeers = 200

// peers returns ops of the profile that are of the same kinds as those of a group: each with its own shape, and those first whose kind has
// few in the group. A nil profile has none.
func (p *Profile) peers(group []*subject) []*subject {
	if p == nil {
		return nil
	}
	kinds := make(map[string]int)
	for _, s := range group {
		kinds[s.kind]++
	}
	keys, models := make(map[string]bool), make(map[string]*analyze.Model)
	for _, s := range group {
		keys[s.key()] = true
	}
	var few, many []*subject
	for i := range p.Ops {
		op := &p.Ops[i]
		n := kinds[op.Kind]
		if n == 0 || keys[op.Key] || op.Effort == 0 {
			continue // an op with the same key is its history, not its peer
		}
		keys[op.Key] = true
		if models[op.Model] == nil {
			models[op.Model] = &analyze.Model{Name: op.Model}
		}
		s := op.subject(models[op.Model])
		if n < enoughPeers {
			few = append(few, s)
		} else {
			many = append(many, s)
		}
	}
	all := append(few, many...)
	return all[:min(len(all), maxProfilePeers)]
}

// enoughPeers is how many ops of a kind in a trace tell more about each other than those of a profile do.
const enoughPeers = 8

// subject returns the op as one that is like those of a trace.
func (op *ProfileOp) subject(m *analyze.Model) *subject {
	s := &subject{
		Op: &analyze.Op{Op: op.Op}, model: m, op: op.Op, kind: op.Kind, class: op.Class, known: true,
		ns: middle(op.NS), effort: op.Effort, shape: op.Shape,
	}
	if op.MACs {
		s.work = work.Work{MACs: uint64(math.Exp(min(op.Effort, 60)))}
	}
	return s
}
