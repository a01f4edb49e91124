package diff

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/edgexray/edgexray/analyze"
)

const (
	agreesP   = 0.05 // the Mann-Whitney test of one change has to reach it, too: no single wild run convicts
	minCommon = 8    // ops that it takes to tell what ops have in common
	power     = 0.9  // with which RunsNeeded finds a change
)

// comparison is a model being compared.
type comparison struct {
	*Model
	options   Options
	base, new []*Run // that count
	slow      bool   // on slow cores
	enough    bool   // data for a verdict
	order     order
	costs     map[string]analyze.ProbeCost
	shifts    *shifts
}

// judge tests all changes at once and says what became of each.
func (c *comparison) judge() {
	c.Common = c.commonChange()
	all := c.all()
	for _, change := range all {
		change.columnWithout = change.column
		if c.CommonRemoved && change != c.Common && change != c.Invoke && change != c.AllOps {
			change.columnWithout = without(change.column, c.Common.column)
		}
	}
	c.test(all)
	if status := c.verdictOf(c.Common); status == Slower || status == Faster { // it is a change itself, and no noise
		c.CommonRemoved = false
		for _, change := range all {
			change.columnWithout = change.column
		}
		c.test(all)
	}
	for _, change := range all {
		change.Status = c.verdictOf(change)
	}
	c.needed(all)
}

// all returns everything that is compared.
func (c *comparison) all() []*Change {
	all := slices.Concat(c.Ops, c.ByOp, c.ByKernel)
	for _, change := range []*Change{c.Invoke, c.AllOps, c.Common} {
		if change != nil {
			all = append(all, change)
		}
	}
	return all
}

// commonChange is what ops have in common in each run: the median, over ops, of how much longer than usual they took. nil when
// there are too few ops to tell.
func (c *comparison) commonChange() *Change {
	var columns []column
	var probes []float64
	for _, change := range c.Ops {
		if change.tested && change.How == "" {
			columns = append(columns, centred(change.column))
			probes = append(probes, change.probeShare())
		}
	}
	if len(columns) < minCommon {
		return nil
	}
	common := make(column, len(columns[0]))
	for run := range common {
		var of []float64
		for _, column := range columns {
			of = append(of, column[run])
		}
		common[run] = medianOf(of)
	}
	c.CommonRemoved = c.enough
	change, _ := c.newChange("common", whole)
	change.Count, change.column, change.tested = len(columns), common, true
	if change.Threshold == 0 {
		change.Why, change.tested = "any change is allowed", false
	} else {
		change.Threshold += medianOf(probes)
	}
	return change
}

func centred(c column) column { return minus(c, medianOf(c)) }

func minus(c column, by float64) column {
	rest := make(column, len(c))
	for i := range c {
		rest[i] = c[i] - by
	}
	return rest
}

func without(c, common column) column {
	rest := make(column, len(c))
	for i := range c {
		rest[i] = c[i] - common[i]
	}
	return rest
}

// test sets what tests tell of the changes.
func (c *comparison) test(all []*Change) {
	var tested []*Change
	var columns []column
	for _, change := range all {
		c.shift(change)
		if change.tested {
			tested = append(tested, change)
			columns = append(columns, centred(change.columnWithout))
		}
	}
	c.Tests = len(tested)
	if !c.enough {
		return
	}
	d := dealsOf(len(c.base), len(c.new))
	for i, p := range familyP(columns, d) {
		tested[i].P = p
	}
	c.spreads(tested, columns)
}

// shift sets the size of a change, and its interval.
func (c *comparison) shift(change *Change) {
	change.P, change.MannWhitneyP = 1, 1
	if change.column == nil {
		return
	}
	if change.columnWithout == nil {
		change.columnWithout = change.column
	}
	total := c.shifts.of(change.column[:len(c.base)], change.column[len(c.base):])
	s := c.shifts.of(change.columnWithout[:len(c.base)], change.columnWithout[len(c.base):])
	if len(c.base) == 1 && len(c.new) == 1 && change.baseLow > 0 && change.newLow > 0 { // only the runs themselves tell
		s.low, s.high = math.Log(change.newLow/change.baseHigh), math.Log(change.newHigh/change.baseLow)
	}
	change.Total, change.Change = math.Expm1(total.estimate), math.Expm1(s.estimate)
	change.Low, change.High, change.MannWhitneyP = math.Expm1(s.low), math.Expm1(s.high), s.p
}

// verdictOf says what became of a change that was tested.
func (c *comparison) verdictOf(change *Change) ChangeStatus {
	switch {
	case change == nil || !change.tested || !c.enough:
		return NotJudged
	case c.exceeds(change) && change.Change > 0:
		return Slower
	case c.exceeds(change):
		return Faster
	case -change.Threshold < change.Low && change.High < change.Threshold:
		return Same
	}
	return Unclear
}

// exceeds tells whether a change is one: no chance, large enough, so in what was measured, too, before what ops have in
// common was taken out, and no drift.
func (c *comparison) exceeds(change *Change) bool {
	return !c.isDrift(change) && change.P <= c.options.Alpha && change.MannWhitneyP <= agreesP && math.Abs(change.Change) >= change.Threshold &&
		change.Total*math.Copysign(1, change.Change) >= change.Threshold/2
}

// spreads sets the standard deviations of runs.
func (c *comparison) spreads(tested []*Change, columns []column) {
	variances := make([]float64, len(columns))
	for i, column := range columns {
		variances[i] = varianceWithin(column, len(c.base))
	}
	if len(variances) == 0 {
		return
	}
	typical := medianOf(variances)
	for i, change := range tested {
		change.spread = math.Sqrt(moderate(variances[i], typical))
	}
}

// varianceWithin returns the variance of the sides' values around their means, of which the first base are of one side.
func varianceWithin(c column, base int) float64 {
	var sum float64
	sides := 0
	for _, side := range []column{c[:base], c[base:]} {
		if len(side) == 0 {
			continue
		}
		sides++
		var mean float64
		for _, v := range side {
			mean += v / float64(len(side))
		}
		for _, v := range side {
			sum += (v - mean) * (v - mean)
		}
	}
	return sum / math.Max(float64(len(c)-sides), 1)
}

// needed sets how many runs a side it takes: two means of n runs differ by sqrt(2/n) standard deviations, and have to by as
// many as exceed what the tested changes reach by chance.
func (c *comparison) needed(all []*Change) {
	c.LeastRuns = leastRuns(c.options.Alpha)
	c.LeastP = leastP(len(c.base), len(c.new))
	if !c.enough || c.Tests == 0 {
		return
	}
	reach := distuv.UnitNormal.Quantile(1-c.options.Alpha/2/float64(c.Tests)) + distuv.UnitNormal.Quantile(power)
	var ops []int
	for _, change := range all {
		if !change.tested {
			continue
		}
		n := math.Ceil(2 * math.Pow(reach*change.spread/math.Log1p(change.Threshold), 2))
		change.RunsNeeded = max(int(math.Min(n, 1e6)), c.LeastRuns)
		if change.Node >= 0 {
			ops = append(ops, change.RunsNeeded)
		}
	}
	if len(ops) > 0 {
		slices.Sort(ops)
		c.RunsForHalf, c.RunsForMost = ops[(len(ops)-1)/2], ops[(len(ops)-1)*9/10]
	}
}

// leastRuns returns how many runs a side it takes at the least for a p of alpha.
func leastRuns(alpha float64) int {
	n := 1
	for leastP(n, n) > alpha {
		n++
	}
	return n
}
