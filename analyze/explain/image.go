package explain

import (
	"cmp"
	"math"
	"slices"

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
}

// Bounds of the search: what is kept from one stage to the next.
const (
	lessAlike   = 0.02 // a placement is kept whose likeness is so much less than the best one's
	fewPlaces   = 3
	leftMore    = 0.9 // a candidate is kept that leaves so many steps of 8 bits more than the best one
	fewMakings  = 14
	fewRefined  = 5
	refineSteps = 40
)

// search returns the makings that come nearest, the nearest first; none when nothing is alike at all.
func (s *imageSearch) search(views []view) []making {
	area := float64(s.photo.width) * float64(s.photo.height) / float64(views[0].width*views[0].height)
	r := reduce(s.photo, int(math.Sqrt(area)/2))
	found := s.aligned(r, places(r, s.photo, views))
	var candidates []candidate
	for _, place := range found {
		candidates = append(candidates, s.candidates(place)...)
	}
	candidates = s.sampled(candidates)
	if len(candidates) == 0 {
		return nil
	}
	makings := s.exact(candidates[:min(len(candidates), fewMakings)])
	if len(makings) == 0 || makings[0].left > exactly {
		makings = append(makings, s.exact(s.refined(candidates))...)
		sortMakings(makings)
	}
	return makings
}

// exactly is what is left at most, in steps of 8 bits, when nothing but the last digits of floats differ.
const exactly = 0.02

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
		for _, c := range s.plans(place, candidate{placement: place.placement, method: method}) {
			each[i] = append(each[i], c)
		}
		if place.orientation == (orientation{}) {
			return
		}
		for _, c := range s.plans(place, candidate{placement: place.placement, method: method, turnedFirst: true}) {
			if c.ordered(s.responses) {
				each[i] = append(each[i], c)
			}
		}
	})
	return slices.Concat(each...)
}

// sampled are the candidates that come nearest at sampled points, the nearest first.
func (s *imageSearch) sampled(all []candidate) []candidate {
	inParallel(len(all), func(i int) { all[i].sample(s.photo, s.responses) })
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.left, b.left) })
	for i := range all {
		if !(all[i].left <= all[0].left+leftMore) {
			return all[:i]
		}
	}
	return all
}

// refined moves the edges of what the best candidates take of the photo, a pixel at a time, as long as they come nearer.
func (s *imageSearch) refined(all []candidate) []candidate {
	best := slices.Clone(all[:min(len(all), fewRefined)])
	inParallel(len(best), func(i int) {
		for range refineSteps {
			nearer, ok := s.nearer(best[i])
			if !ok {
				break
			}
			best[i] = nearer
		}
	})
	return best
}

// nearer is the best of a candidate's neighbours, if it comes nearer than the candidate.
func (s *imageSearch) nearer(c candidate) (candidate, bool) {
	best, found := c, false
	for _, d := range [][4]int{
		{1, 0, -1, 0}, {-1, 0, 1, 0}, {0, 0, 1, 0}, {0, 0, -1, 0}, {1, 0, 0, 0}, {-1, 0, 0, 0}, {1, 0, -2, 0}, {-1, 0, 2, 0},
		{0, 1, 0, -1}, {0, -1, 0, 1}, {0, 0, 0, 1}, {0, 0, 0, -1}, {0, 1, 0, 0}, {0, -1, 0, 0}, {0, 1, 0, -2}, {0, -1, 0, 2},
	} {
		next := c
		next.plan.x, next.plan.y, next.plan.width, next.plan.height = c.plan.x+d[0], c.plan.y+d[1], c.plan.width+d[2], c.plan.height+d[3]
		if !next.plan.possible(s.photo, c.placement.view.width, c.placement.view.height) {
			continue
		}
		if next.sample(s.photo, s.responses); next.left < best.left-1e-3 {
			best, found = next, true
		}
	}
	return best, found
}

func (s *imageSearch) exact(candidates []candidate) []making {
	each := make([][]making, len(candidates))
	inParallel(len(candidates), func(i int) { each[i] = candidates[i].exact(s.photo, s.fed) })
	makings := slices.Concat(each...)
	sortMakings(makings)
	return makings
}

func sortMakings(m []making) {
	slices.SortStableFunc(m, func(a, b making) int { return cmp.Compare(a.left, b.left) })
}
