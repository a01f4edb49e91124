package stragglers

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// ErrOtherModel says that two traces have no model in common.
var ErrOtherModel = errors.New("these are different models")

const (
	sameModel = 0.5  // of the nodes of the smaller one must correspond for two to be forms of one model
	minLoss   = 1.1  // times as long as in the other trace
	lossShare = 1e-3 // of the invoke
)

// against compares each model with the one of the other trace that is most like it.
func (f *finder) against(other Other) error {
	theirs := subjects(other.Ops)
	found := false
	for _, m := range f.ops.Models {
		mine := steps(m, f.all)
		var best *Against
		var bestSame float64
		for _, o := range other.Ops.Models {
			yours := steps(o, theirs)
			if max(len(mine), len(yours)) > maxSteps {
				f.problem("%s, and %s in %s: not compared, as one has more than %d nodes", m.Name, o.Name, other.Name, maxSteps)
				continue
			}
			if min(len(mine), len(yours)) == 0 {
				continue
			}
			pairs := align(mine, yours)
			same := sure(mine, yours, pairs) / float64(min(len(mine), len(yours)))
			if same < sameModel || same <= bestSame {
				continue
			}
			bestSame = same
			best = f.compare(m, o, mine, yours, pairs)
		}
		if best == nil {
			f.problem("%s: %s has no model that is like it", m.Name, other.Name)
			continue
		}
		found = true
		best.Trace = other.Name
		f.result.Against = append(f.result.Against, best)
	}
	if !found {
		return fmt.Errorf("compare with %s: %w: of fewer than half of the nodes of %s there are any like them in %s", other.Name, ErrOtherModel, names(f.ops.Models), names(other.Ops.Models))
	}
	return nil
}

// sure counts the pairs of nodes that have more in common than their op.
func sure(a, b []step, pairs [][2]int) float64 {
	n := 0.0
	for _, p := range pairs {
		if alike(&a[p[0]], &b[p[1]]) > sameOpCounts {
			n++
		}
	}
	return n
}

// names lists models in a sentence.
func names(models []*analyze.Model) string {
	if len(models) == 0 {
		return "no model"
	}
	text := models[0].Name
	if more := len(models) - 1; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (f *finder) compare(m, o *analyze.Model, mine, yours []step, pairs [][2]int) *Against {
	a := &Against{Model: m.Name, PID: m.PID, Other: o.Name, InvokeNS: invokeNS(m), OtherNS: invokeNS(o),
		Losers: []*Pair{}, Pairs: []*Pair{}, Losses: []*Loss{}, Only: []Place{}, OtherOnly: []Place{}}
	if a.InvokeNS > 0 {
		a.Speedup = rounded(float64(a.OtherNS) / float64(a.InvokeNS))
	}
	joined := newJoin()
	for _, p := range pairs {
		joined.join(mine[p[0]].unit, yours[p[1]].unit)
	}
	for _, g := range joined.groups(mine, yours) {
		a.Pairs = append(a.Pairs, f.pair(g))
	}
	a.Only, a.OnlyNS = joined.alone(mine)
	a.OtherOnly, a.OtherOnlyNS = joined.alone(yours)
	for _, p := range a.Pairs {
		if p.LossNS > 0 && float64(p.NS) >= minLoss*float64(p.OtherNS) && float64(p.LossNS) >= lossShare*float64(a.InvokeNS) {
			a.Losers = append(a.Losers, p)
		}
	}
	slices.SortStableFunc(a.Losers, func(x, y *Pair) int { return cmp.Compare(y.LossNS, x.LossNS) })
	a.Losses = losses(a.Losers)
	return a
}

// losses sums up losers by op and cause, the largest loss first.
func losses(losers []*Pair) []*Loss {
	type kind struct {
		op    string
		cause Cause
	}
	byKind := make(map[kind]*Loss)
	all := []*Loss{}
	for _, p := range losers {
		k := kind{p.Op, p.Cause}
		l := byKind[k]
		if l == nil {
			l = &Loss{Op: p.Op, Type: p.Type, OtherType: p.OtherType, Cause: p.Cause, Why: p.Why}
			byKind[k] = l
			all = append(all, l)
		}
		l.Ops++
		l.LossNS += uint64(p.LossNS)
		l.NS += p.NS
		l.OtherNS += p.OtherNS
	}
	slices.SortStableFunc(all, func(a, b *Loss) int { return cmp.Compare(b.LossNS, a.LossNS) })
	return all
}

// pair compares what does the same in both traces.
func (f *finder) pair(g *matched) *Pair {
	p := &Pair{Place: g.mine[0].places[0], Here: []Place{}, Other: []Place{}, Type: g.mine[0].types, OtherType: g.yours[0].types}
	p.Op = g.mine[0].op
	var ns, other float64
	for _, u := range g.mine {
		ns += u.ns
		p.Here = append(p.Here, u.places...)
	}
	for _, u := range g.yours {
		other += u.ns
		p.Other = append(p.Other, u.places...)
	}
	p.NS, p.OtherNS, p.LossNS = uint64(ns), uint64(other), int64(ns)-int64(other)
	if ns > 0 {
		p.Speedup = rounded(other / ns)
	}
	p.Verdict, p.Others = f.whySlower(p, g)
	return p
}
