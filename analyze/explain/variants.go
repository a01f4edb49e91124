package explain

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/step"
)

// change is one thing by which a pipeline differs from the one that a search began with.
type change struct {
	Difference        // without an aspect it isn't one that anybody has to hear of
	slot       string // of two changes in one slot a pipeline has at most one
	cost       int    // how unusual it is: of changes that explain equally well the most usual is told
}

// variant is a pipeline with one more change.
type variant struct {
	change
	steps []step.Step
	from  int // the first step that isn't as in the pipeline it was made of
}

// fit is how far what a pipeline makes is from what was fed.
type fit struct {
	residual float64 // as Explanation.Residual; infinite when the shapes don't fit
	at       int     // which row of what the pipeline makes is the first that was fed
	// What was fed is nearest to scale times what the pipeline makes, plus offset; bent is the residual then.
	scale, offset, bent float64
}

var noFit = fit{residual: math.Inf(1), bent: math.Inf(1)}

// hypothesis is a pipeline, the changes that made it, and how it fits.
type hypothesis struct {
	steps   []step.Step
	changes []change
	from    int // the last change begins at this step
	fit     fit
	values  []step.Value // what each step makes, once it was asked for
}

// variantSearch changes a pipeline step by step until it makes what was fed: of all pipelines with one change it goes on
// with the nearest, the best of each slot, and so on.
type variantSearch struct {
	raw       step.Value
	measure   func(step.Value) fit
	variants  func(h *hypothesis, s *variantSearch) []variant
	refine    func(parent *hypothesis, children []*hypothesis, s *variantSearch) []*hypothesis // more, near the best; may be nil
	tolerance float64                                                                          // up to what residual a pipeline explains what was fed
	depth     int
	width     int
	budget    int // of pipelines with more than one change that are tried
	// rows says whether an array with as many rows could hold what was fed, if that many came out of the reference.
	rows func(made, reference int) bool
}

// run returns the pipelines that explain best, the one to tell first, all with the fewest changes possible; if none explains,
// the nearest alone. The first result is the reference itself.
func (s *variantSearch) run(reference []step.Step) (base *hypothesis, best []*hypothesis) {
	base = &hypothesis{steps: reference}
	s.complete(base)
	nearest, bent := base, base
	beam := []*hypothesis{base}
	for depth := 0; depth < s.depth && nearest.fit.residual > s.tolerance; depth++ {
		var children []*hypothesis
		for _, parent := range beam {
			if depth > 0 && s.budget <= 0 {
				break
			}
			more := s.expand(parent)
			children = append(children, more...)
			for _, h := range more {
				if h.fit.residual < nearest.fit.residual {
					nearest = h
				}
				if bent.fit.bent > s.tolerance && h.fit.bent < bent.fit.bent { // one with fewer changes that is enough stays
					bent = h
				}
			}
			if nearest.fit.residual <= s.tolerance {
				return base, equallyGood(children, s.tolerance)
			}
		}
		beam = s.choose(children)
	}
	if nearest.fit.residual > s.tolerance && bent.fit.bent <= s.tolerance {
		// But for its scale it explains all: which step sets that?
		if best = equallyGood(s.expand(bent), s.tolerance); len(best) > 0 {
			return base, best
		}
		nearest = bent
	}
	return base, []*hypothesis{nearest}
}

// complete runs a hypothesis and keeps what each step makes.
func (s *variantSearch) complete(h *hypothesis) bool {
	if h.values != nil {
		return true
	}
	v := s.raw
	for _, each := range h.steps {
		var err error
		if v, err = each.Apply(v); err != nil {
			h.fit = noFit
			break
		}
		h.values = append(h.values, v)
	}
	if len(h.values) == len(h.steps) && len(h.changes) == 0 {
		h.fit = s.measure(v)
	}
	return len(h.values) == len(h.steps)
}

// before is what a hypothesis has made before one of its steps.
func (s *variantSearch) before(h *hypothesis, at int) step.Value {
	if at == 0 {
		return s.raw
	}
	return h.values[at-1]
}

// expand makes the variants of a hypothesis.
func (s *variantSearch) expand(parent *hypothesis) []*hypothesis {
	s.complete(parent)
	variants := slices.DeleteFunc(s.variants(parent, s), func(v variant) bool {
		return v.from > len(parent.values) || slices.ContainsFunc(parent.changes, func(c change) bool { return c.slot == v.slot })
	})
	s.budget -= len(variants)
	children := make([]*hypothesis, len(variants))
	inParallel(len(variants), func(i int) { children[i] = s.child(parent, variants[i]) })
	if s.refine != nil {
		children = append(children, s.refine(parent, children, s)...)
	}
	return slices.DeleteFunc(children, func(h *hypothesis) bool { return math.IsInf(h.fit.residual, 1) })
}

func (s *variantSearch) child(parent *hypothesis, v variant) *hypothesis {
	h := &hypothesis{steps: v.steps, from: v.from, changes: append(slices.Clone(parent.changes), v.change), fit: noFit}
	if made, err := pipeline.Run(v.steps[v.from:], s.before(parent, v.from)); err == nil {
		h.fit = s.measure(made)
	}
	return h
}

// ofEachSlot is how many hypotheses with changes in the same slots the search goes on with: with something else wrong, the
// right one of alternatives that are much alike need not be the nearest.
const ofEachSlot = 2

// choose returns the hypotheses to go on with: the nearest of each slot, in turn as they would be on another scale and as they are.
func (s *variantSearch) choose(children []*hypothesis) (beam []*hypothesis) {
	bent := fewOfEachSlot(sortedBy(children, func(h *hypothesis) float64 { return h.fit.bent }))
	straight := fewOfEachSlot(sortedBy(children, func(h *hypothesis) float64 { return h.fit.residual }))
	for i := range max(len(bent), len(straight)) {
		for _, list := range [][]*hypothesis{bent, straight} {
			if i < min(len(list), s.width) && !slices.Contains(beam, list[i]) {
				beam = append(beam, list[i])
			}
		}
	}
	return beam
}

// fewOfEachSlot are the first hypotheses with changes in the same slots.
func fewOfEachSlot(sorted []*hypothesis) (kept []*hypothesis) {
	seen := make(map[string]int)
	for _, h := range sorted {
		if slot := slotsOf(h); seen[slot] < ofEachSlot {
			seen[slot]++
			kept = append(kept, h)
		}
	}
	return kept
}

func sortedBy(hypotheses []*hypothesis, by func(*hypothesis) float64) []*hypothesis {
	sorted := slices.Clone(hypotheses)
	slices.SortStableFunc(sorted, func(a, b *hypothesis) int { return cmp.Compare(by(a), by(b)) })
	return sorted
}

func slotsOf(h *hypothesis) string {
	var slots []string
	for _, c := range h.changes {
		slots = append(slots, c.slot)
	}
	slices.Sort(slots)
	return strings.Join(slots, " ")
}

// equallyGood are those hypotheses that explain as well as the nearest, but for rounding: the most usual first.
func equallyGood(children []*hypothesis, tolerance float64) []*hypothesis {
	sorted := sortedBy(children, func(h *hypothesis) float64 { return h.fit.residual })
	if len(sorted) == 0 || sorted[0].fit.residual > tolerance {
		return nil
	}
	limit := min(tolerance, 3*sorted[0].fit.residual+tolerance/50)
	var best []*hypothesis
	seen := make(map[string]bool)
	for _, h := range sorted {
		words := pipeline.Words(h.steps)
		if h.fit.residual <= limit && !seen[words] {
			seen[words] = true
			best = append(best, h)
		}
	}
	slices.SortStableFunc(best, func(a, b *hypothesis) int { return cmp.Compare(a.cost(), b.cost()) })
	return best
}

func (h *hypothesis) cost() (sum int) {
	for _, c := range h.changes {
		sum += c.cost
	}
	return sum
}

// differences are those that somebody has to hear of.
func (h *hypothesis) differences() []Difference {
	var out []Difference
	for _, c := range h.changes {
		if c.Aspect != "" {
			out = append(out, c.Difference)
		}
	}
	return out
}

// replaced is a pipeline with other steps in the place of n of its own.
func replaced(steps []step.Step, at, n int, by ...step.Step) []step.Step {
	return slices.Concat(steps[:at], by, steps[at+n:])
}

// verdict says what a search found.
func (s *variantSearch) verdict(base *hypothesis, best []*hypothesis) Verdict {
	first := best[0]
	v := Verdict{Distance: base.fit.residual, Explanation: Explanation{
		Explained: first.fit.residual <= s.tolerance, Steps: first.steps, Residual: first.fit.residual}}
	for _, h := range best[1:] {
		v.Explanation.Same = append(v.Explanation.Same, h.steps)
	}
	if v.Explanation.Explained {
		v.Differences = first.differences()
		v.Healthy = len(v.Differences) == 0
	}
	return v
}
