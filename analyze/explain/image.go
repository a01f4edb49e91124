package explain

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
)

// imageSearch looks for what an app did with a photo. It goes from coarse to fine: where in the photo what was fed comes
// from, by thumbnails and then by registration, whatever its channels and numbers are; then how it was cut and resized, by
// a sample of its points; then everything to the last bit, for the few candidates that are left.
type imageSearch struct {
	photo     photo
	fed       *step.Array
	responses *responses
	tried     map[tried]bool
	expected  *expected
	nearest   *nearestYet
}

func newImageSearch(ph photo, fed *step.Array, e expected) *imageSearch {
	return &imageSearch{ph, fed, &responses{known: make(map[response]func() taps)}, make(map[tried]bool), &e, &nearestYet{score: math.Inf(1)}}
}

// tried is a candidate that was made exactly, which takes much longer than to sample it: it isn't made again.
type tried struct {
	plan        plan
	method      string
	turnedFirst bool
	orientation orientation
	layout      string
	wrapped     bool
}

// Bounds of the search: what is kept from one stage to the next.
const (
	lessAlike   = 0.02 // a placement is kept whose likeness is so much less than the best one's
	fewPlaces   = 3
	leftMore    = 0.9 // a candidate is kept that leaves so many steps of 8 bits more than the best one
	fewMakings  = 14
	manyMakings = 48 // of smooth photos, where methods hardly differ
	fewRefined  = 4
	manyRefined = 100
	refineSteps = 40
)

// search returns the makings that come nearest, the nearest first; none when nothing is alike at all.
func (s *imageSearch) search(views []view) []making {
	expected := s.asExpected(views)
	if len(expected) > 0 && expected[0].left <= exactly {
		return expected
	}
	area := float64(s.photo.width) * float64(s.photo.height) / float64(views[0].width*views[0].height)
	r := reduce(s.photo, int(math.Sqrt(area)/2))
	found := s.aligned(r, places(r, s.photo, views))
	var candidates []candidate
	for _, place := range found {
		candidates = append(candidates, s.candidates(place)...)
	}
	candidates = s.sampled(candidates)
	if len(candidates) == 0 {
		return expected
	}
	near := nearest(candidates)
	makings := append(expected, s.exact(near[:min(len(near), fewMakings)])...)
	sortMakings(makings)
	if len(near) > fewMakings && (len(makings) == 0 || makings[0].left > exactly && s.mayExplain(makings[0], 0)) {
		makings = append(makings, s.exact(near[fewMakings:])...)
		sortMakings(makings)
	}
	for _, next := range []struct {
		left    float64 // when more is left
		methods int     // that are refined
	}{{exactly, fewRefined}, {nearly, manyRefined}} {
		left := candidates[0].left
		if len(makings) > 0 {
			left = makings[0].left
		}
		if left > next.left && left < hopeless {
			near := s.refined(candidates, next.methods)
			if len(makings) > 0 && len(near) > 0 && !s.mayExplain(makings[0], candidates[0].left-near[0].left) {
				near = near[:min(len(near), fewRefined)]
			}
			makings = append(makings, s.exact(near)...)
			sortMakings(makings)
		}
	}
	return makings
}

// mayExplain says whether what was fed may be explained by candidates that leave about so much less at sampled points than
// a making's does: they were sampled within leftMore of each other, and rounding takes about as much.
func (s *imageSearch) mayExplain(m making, less float64) bool {
	return m.left-less <= m.tolerance(s.fed, mostNoise)+2*leftMore
}

// What is left at most, in steps of 8 bits: when nothing but the last digits of floats differ, and when it can't be another
// method, which leaves more than what one rounding does.
const (
	exactly = 0.02
	nearly  = 0.25
	// More is left by no method and no pixel more or less, but by something else.
	hopeless = 25.0
)

// aligned makes places exact, and keeps those that are as alike as the best one.
func (s *imageSearch) aligned(r *reduced, found []placement) []alignedPlace {
	out := make([]alignedPlace, len(found))
	inParallel(len(found), func(i int) {
		m, likeness := align(r, found[i])
		out[i] = alignedPlace{found[i], m}
		out[i].likeness = likeness
	})
	slices.SortStableFunc(out, func(a, b alignedPlace) int { return cmp.Compare(b.likeness, a.likeness) })
	var kept []alignedPlace
	for _, place := range out {
		if place.likeness < out[0].likeness-lessAlike || len(kept) == fewPlaces {
			break
		}
		if !slices.ContainsFunc(kept, place.same) {
			kept = append(kept, place)
		}
	}
	return kept
}

type alignedPlace struct {
	placement
	mapping mapping
}

// same says whether two places are one.
func (p alignedPlace) same(o alignedPlace) bool {
	return p.orientation == o.orientation && p.inside == o.inside && p.view.layout == o.view.layout && p.view.wrapped == o.view.wrapped &&
		p.mapping.apart(o.mapping, p.inside) < 0.1
}

// candidates are all methods with the plans that put the photo where a placement has it.
func (s *imageSearch) candidates(place alignedPlace) []candidate {
	each := make([][]candidate, len(image.Methods))
	inParallel(len(image.Methods), func(i int) {
		method := image.Methods[i]
		each[i] = s.plans(place, candidate{placement: place.placement, method: method, expected: s.expected})
		if place.orientation == (orientation{}) {
			return
		}
		for _, c := range s.plans(place, candidate{placement: place.placement, method: method, turnedFirst: true, expected: s.expected}) {
			if c.ordered(s.responses) {
				each[i] = append(each[i], c)
			}
		}
	})
	return slices.Concat(each...)
}

func sortCandidates(all []candidate) {
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.left, b.left) })
}

// sampled are the candidates in the order of how near they come at sampled points.
func (s *imageSearch) sampled(all []candidate) []candidate {
	inParallel(len(all), func(i int) { all[i].sample(s.photo, s.responses) })
	sortCandidates(all)
	return all
}

// nearest are the first candidates, as far as they come about as near as the first one.
func nearest(all []candidate) []candidate {
	for i := range all {
		if i == manyMakings || !(all[i].left <= all[0].left+leftMore) {
			return all[:i]
		}
	}
	return all
}

// refined moves what the best candidates of so many methods take of the photo, a pixel at a time, as long as they come nearer,
// and returns those that come nearest then.
func (s *imageSearch) refined(all []candidate, few int) []candidate {
	type by struct {
		method      string
		turnedFirst bool
	}
	var best []candidate
	seen := make(map[by]bool)
	for _, c := range all {
		if key := (by{c.method.String(), c.turnedFirst}); !seen[key] && len(best) < few && !math.IsInf(c.left, 1) {
			seen[key] = true
			best = append(best, c)
		}
	}
	inParallel(len(best), func(i int) {
		for steps := refineSteps; steps > 0; steps-- {
			nearer, ok := s.nearer(best[i])
			gain := best[i].left - nearer.left
			best[i] = nearer
			if !ok || nearer.left-2*gain*float64(steps) > mostNoise { // even twice as fast it wouldn't get there
				break
			}
		}
	})
	sortCandidates(best)
	return nearest(best)
}

// exact returns the makings of candidates. A picture whose sides are exchanged is tried both ways, turned first and resized
// first: what is rounded between rows and columns may differ.
func (s *imageSearch) exact(candidates []candidate) []making {
	candidates = slices.Clone(candidates)
	for _, c := range candidates {
		if other := c; c.placement.orientation.transposed && !c.ordered(s.responses) {
			other.turnedFirst = !c.turnedFirst
			candidates = append(candidates, other)
		}
	}
	candidates = slices.DeleteFunc(candidates, func(c candidate) bool {
		key := tried{c.plan, c.method.String(), c.turnedFirst, c.placement.orientation, c.placement.view.layout, c.placement.view.wrapped}
		again := s.tried[key]
		s.tried[key] = true
		return again
	})
	each := make([][]making, len(candidates))
	inParallel(len(candidates), func(i int) {
		// A making is as large as what was fed: those that can't be the nearest, or alike to it, aren't kept.
		found := candidates[i].exact(s.photo, s.fed, s.nearest.alike(nil))
		most := s.nearest.alike(found)
		each[i] = slices.DeleteFunc(found, func(m making) bool { return m.left > most })
	})
	makings := slices.Concat(each...)
	sortMakings(makings)
	return makings
}

// nearestYet is the least score of the makings so far.
type nearestYet struct {
	mutex sync.Mutex
	score float64
}

// alike is what a making leaves at most that is alike to the nearest yet, these among them.
func (n *nearestYet) alike(these []making) float64 {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	for _, m := range these {
		n.score = min(n.score, m.score())
	}
	most, _ := alike(n.score)
	return most
}

func sortMakings(m []making) {
	slices.SortStableFunc(m, func(a, b making) int { return cmp.Compare(a.score(), b.score()) })
}
