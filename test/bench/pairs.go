package main

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// pair is the same thing measured without and with a recorder, one right after
// the other.
type pair struct{ bare, recorded float64 }

// estimate is the median of measurements, and the interval that holds the true
// one with a probability of 95 %, whatever their distribution.
type estimate struct{ low, median, high float64 }

// estimateOf takes the interval's ends from the measurements' order: how many
// of n lie below the true median is binomial, and nearly normal (Conover,
// Practical Nonparametric Statistics, 3.2).
func estimateOf(values []float64) estimate {
	sorted := slices.Sorted(slices.Values(values))
	n := float64(len(sorted))
	k := max(int(n/2-1.96*math.Sqrt(n)/2), 0)
	return estimate{sorted[k], stat.Quantile(0.5, stat.LinInterp, sorted, nil), sorted[len(sorted)-1-k]}
}

func median(values []float64) float64 { return estimateOf(values).median }

// over applies f to every pair.
func over(pairs []pair, f func(pair) float64) []float64 {
	var values []float64
	for _, p := range pairs {
		values = append(values, f(p))
	}
	return values
}

func bareOf(p pair) float64     { return p.bare }
func recordedOf(p pair) float64 { return p.recorded }

// interleaved is what an invoke of an app takes, bare and recorded.
type interleaved struct {
	pairs []pair // ns
	ops   uint64 // an invoke
	lost  uint64 // in all recordings
	nodes map[string]int
}

// interleave measures an app bare and recorded in turn. One process runs all of
// it, and recorders attach to it and leave again, so that nothing differs
// between the two sides but the probes: not the process's memory, and hardly
// the machine's mood. Before each step that counts there is one that doesn't:
// an app that has just waited for a recorder is up to 2 % slower for a while.
// A step counts with the median of its invokes, or their mean, and a recorded one is compared
// with the mean of the bare ones before and after it.
func (b *bench) interleave(a app, count int, flags ...string) (*interleaved, error) {
	p, err := b.start(a)
	if err != nil {
		return nil, err
	}
	defer p.close()
	before, err := p.warmStep()
	if err != nil {
		return nil, err
	}
	m, typical := &interleaved{}, median
	if a.mean {
		typical = func(values []float64) float64 { return stat.Mean(values, nil) }
	}
	for range count {
		times, recorded, err := b.recorded(p, p.warmStep, flags...)
		if err != nil {
			return nil, err
		}
		after, err := p.warmStep()
		if err != nil {
			return nil, err
		}
		m.pairs = append(m.pairs, pair{(typical(before) + typical(after)) / 2, typical(times)})
		m.ops = (recorded.ops + recorded.lost) / uint64(2*a.invokes)
		m.lost += recorded.lost
		m.nodes = recorded.nodes
		before = after
	}
	if m.ops == 0 {
		return nil, fmt.Errorf("record %s: fewer ops than invokes", a.name())
	}
	return m, nil
}

// recorded records what an app does in a step, and returns what each invoke
// of it took.
func (b *bench) recorded(p *process, step func() ([]float64, error), flags ...string) ([]float64, *recording, error) {
	r, err := b.record(p, flags...)
	if err != nil {
		return nil, nil, err
	}
	times, err := step()
	if err != nil {
		r.command.Process.Kill()
		return nil, nil, err
	}
	result, err := r.stop()
	return times, result, err
}
