package diff

import (
	"math"
	"slices"
)

// taken is what one side's runs took for something.
type taken struct {
	ns, medians []float64 // by run; runs that have nothing of it are left out
	low, high   float64   // ends of the interval of the last run, 0 when it has none
	probes      float64   // ns that its probes cost it
	everywhere  bool      // all runs have it
	clean       bool      // and enough clean executions
}

// A weight is how often an op's execution counts, and which part of its time.
type weight func(*op) (times, part float64)

func once(*op) (times, part float64)           { return 1, 1 }
func perInvoke(o *op) (times, part float64)    { return o.perInvoke, 1 }
func ownPerInvoke(o *op) (times, part float64) { return o.perInvoke, o.selfShare } // without the ops within

// takenFor sums up what ops took in each run.
func (c *comparison) takenFor(byRun [][]*op, w weight) taken {
	t := taken{everywhere: true, clean: true}
	for _, ops := range byRun {
		if len(ops) == 0 {
			t.everywhere = false
			continue
		}
		var ns, median float64
		t.low, t.high, t.probes = 0, 0, 0
		for _, o := range ops {
			e, clean := c.value(o)
			t.clean = t.clean && clean
			times, part := w(o)
			ns += times * part * e.ns
			median += times * part * e.median
			t.low += times * part * e.low
			t.high += times * part * e.high
			t.probes += times * float64(c.costs[o.site].InsideNS)
		}
		t.ns, t.medians = append(t.ns, ns), append(t.medians, median)
	}
	return t
}

// value is what an execution of the op takes in its run. It isn't clean when there are too few such executions.
func (c *comparison) value(o *op) (e estimate, clean bool) {
	if e := o.time.on(c.slow); e.count >= minExecutions {
		return e, true
	}
	return o.time.all, false
}

// takenForInvokes is what invokes took. It isn't everywhere when a run knows their sum only.
func (c *comparison) takenForInvokes(runs []*Run) taken {
	t := taken{everywhere: true, clean: true}
	for _, r := range runs {
		e := r.invoke.on(c.slow)
		if e.count < minExecutions {
			t.clean, e = false, r.invoke.all
		}
		if e.count == 0 {
			t.everywhere = false
			continue
		}
		t.ns, t.medians, t.low, t.high = append(t.ns, e.ns), append(t.medians, e.median), e.low, e.high
		t.probes = 0
		for _, o := range r.ops {
			t.probes += o.perInvoke * float64(c.costs[o.site].TotalNS)
		}
	}
	return t
}

// compare sets what the sides took, and by what their probes differ.
func (ch *Change) compare(base, new taken) {
	ch.BaseNS, ch.NewNS = rounded(medianOf(base.ns)), rounded(medianOf(new.ns))
	ch.BaseMedianNS, ch.NewMedianNS = rounded(medianOf(base.medians)), rounded(medianOf(new.medians))
	if !base.everywhere || !new.everywhere {
		return
	}
	for _, v := range slices.Concat(base.ns, new.ns) {
		ch.column = append(ch.column, math.Log(math.Max(v, 1)))
	}
	ch.baseLow, ch.baseHigh, ch.newLow, ch.newHigh = base.low, base.high, new.low, new.high
	ch.allowProbes(base.probes, new.probes)
}

func rounded(ns float64) float64 {
	if math.IsNaN(ns) {
		return 0
	}
	return math.Round(ns*10) / 10
}
