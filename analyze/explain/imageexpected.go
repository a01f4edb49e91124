package explain

import (
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
)

// expected is what a reference says that an app may have done, which is looked at before anything else. What an app gets wrong
// is mostly one thing of many; and where hardly anything of a photo is left in what was fed, it can't be found from nothing.
type expected struct {
	order       string   // of the channels
	conventions []normal // how numbers are made of pixels: what is as good as another one comes first
	lines       []string // that say where pixels come from
	picture     picture  // which they make; without planes when that isn't known
	height      int
	width       int
}

// expect makes the picture whose numbers a reference feeds, if it makes one before it makes numbers.
func (f *imageFacts) expect(reference []step.Step, raw step.Value, pixels *step.Array) (expected, error) {
	e := expected{order: f.order, conventions: f.conventions()}
	places := func(s step.Step) bool { return slices.Contains(coordinateSteps, nameOf(s)) }
	first := 0
	if strings.HasPrefix(reference[0].String(), "decode") {
		first = 1
	}
	last := first
	for last < len(reference) && places(reference[last]) {
		last++
	}
	if slices.ContainsFunc(reference[last:], places) || f.unknown || f.order == "gray" || last == 0 {
		return e, nil
	}
	made, err := run(reference[:last], raw, pixels)
	if err != nil {
		return e, err
	}
	a := made.Array
	if len(a.Shape) != 3 {
		return e, nil
	}
	m := image.Image{Height: a.Shape[0], Width: a.Shape[1], Channels: a.Shape[2], Uint8: a.Uint8, Float32: a.Float32}
	e.lines, e.height, e.width, e.picture.whole = lines(reference[first:last]), m.Height, m.Width, m.Uint8 != nil
	for channel := range min(m.Channels, 3) {
		e.picture.planes = append(e.picture.planes, channelOf(m, channel))
	}
	return e, nil
}

// conventions are those that are known, and before them the reference's, in its channels' order and the other way round.
func (f *imageFacts) conventions() []normal {
	if f.normal.whole != "" {
		return conventions
	}
	its := normal{f.normal.mean, f.normal.std, "the reference's", ""}
	back := normal{slices.Clone(its.mean), slices.Clone(its.std), "the reference's, the other way round", ""}
	slices.Reverse(back.mean)
	slices.Reverse(back.std)
	all := []normal{its}
	for _, n := range append([]normal{back}, conventions...) {
		if !slices.ContainsFunc(all, n.near) {
			all = append(all, n)
		}
	}
	return all
}

// asExpected are the makings of the picture that the reference makes, in the views that have its size.
func (s *imageSearch) asExpected(views []view) []making {
	var all []candidate
	for _, v := range views {
		if len(s.expected.picture.planes) == s.photo.channels && v.height == s.expected.height && v.width == s.expected.width {
			whole := plan{0, 0, s.photo.width, s.photo.height, v.width, v.height, 0, 0}
			all = append(all, candidate{placement: placement{view: v}, plan: whole, expected: s.expected, asExpected: true})
		}
	}
	return s.exact(all)
}

// asReference is a candidate whose numbers are made as the reference's.
func (c candidate) asReference() candidate {
	e := *c.expected
	e.conventions = e.conventions[:1]
	c.expected = &e
	return c
}

// asSigned is a picture whose bytes were taken for signed ones, as Java has them.
func (p picture) asSigned() picture {
	out := picture{inside: p.inside, whole: true, signed: true}
	for _, plane := range p.planes {
		signed := make([]float32, len(plane))
		for i, v := range plane {
			signed[i] = float32(int8(uint8(v)))
		}
		out.planes = append(out.planes, signed)
	}
	return out
}

// channel is that of the photo which a plane is expected to be made of.
func (e *expected) channel(plane int) int {
	if plane < len(e.order) {
		return max(0, strings.IndexByte("rgb", e.order[plane]))
	}
	return plane
}

// supposeChannels supposes what planes of one value are made of: what the others aren't, and what is expected. Where all are
// of one value they may be made of numbers that are too large, not of none.
func (m *making) supposeChannels(fed *step.Array) {
	planes := m.placement.view.planes
	unknown := func(channel int) bool { return channel == unknownChannel }
	if !slices.ContainsFunc(m.channels, func(c int) bool { return !unknown(c) }) && !(fed.Scale != 0 && allOver(fed, planes)) {
		return
	}
	for i, channel := range m.channels {
		if !unknown(channel) {
			continue
		}
		m.channels[i] = m.expected.channel(i)
		for next := range planes {
			if slices.Contains(m.channels[:i], m.channels[i]) || slices.Contains(m.channels[i+1:], m.channels[i]) {
				m.channels[i] = next
			}
		}
	}
}

// allOver says whether all elements are at their type's upper limit.
func allOver(fed *step.Array, planes [][]float32) bool {
	_, high := realLimits(fed)
	return !slices.ContainsFunc(planes, func(plane []float32) bool {
		return slices.ContainsFunc(plane, func(v float32) bool { return v < high })
	})
}

// supposed is how many of the conventions are tried though nothing that was fed leads to them: the reference's own, and all where
// too much was cut off at a limit of its type. At the lower one there is also what was never filled.
func (c candidate) supposed(fed *step.Array, way string, known bool) int {
	switch {
	case !c.asExpected:
		return 0
	case way != quantizedWay && way != unitWay:
		return 1
	}
	low, high := realLimits(fed)
	under, over, n := 0, 0, 0
	for _, plane := range c.placement.view.planes {
		for _, v := range plane {
			if v <= low {
				under++
			} else if v >= high {
				over++
			}
		}
		n += len(plane)
	}
	if under <= n/2 && (!known || over > n/2) {
		return len(c.expected.conventions)
	}
	return 1
}
