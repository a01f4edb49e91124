package explain

import (
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/image"
	"github.com/edgexray/edgexray/pipeline/step"
)

// exact makes what was fed by a candidate, with all that is rounded on the way, in each way that channels, numbers and
// elements may have been made, and returns those that come nearest, and may leave no more than most.
func (c candidate) exact(ph photo, fed *step.Array, most float64) []making {
	if c.asExpected {
		return c.makings(fed, c.expected.picture, 0, most)
	}
	resized := c.resized(ph, 0)
	if !c.plan.beyond(ph) {
		return c.makings(fed, resized, 0, most)
	}
	seen := resized
	seen.inside = c.within(ph)
	all := c.makings(fed, seen, 0, math.Inf(1))
	if len(all) == 0 {
		return nil
	}
	fill := clamp(math.Round(c.fillSeen(all[0])), 0, 255)
	return c.makings(fed, c.resized(ph, uint8(fill)), fill, most)
}

// within says which points of what was fed are made of the photo alone.
func (c candidate) within(ph photo) []bool {
	p, v := c.plan, c.placement.view
	sx, sy := float64(p.width)/float64(p.toWidth), float64(p.height)/float64(p.toHeight)
	out := make([]bool, v.width*v.height)
	const around = 4 // points that the widest filter reaches with weights that count
	for i := range out {
		x, y := float64(i%v.width+p.atX), float64(i/v.width+p.atY)
		out[i] = float64(p.x)+(x-around)*sx > 0 && float64(p.y)+(y-around)*sy > 0 &&
			float64(p.x)+(x+1+around)*sx < float64(ph.width) && float64(p.y)+(y+1+around)*sy < float64(ph.height)
	}
	return out
}

// picture is a resized one, turned and cut as the view is.
type picture struct {
	planes [][]float32 // of the photo's channels; what is padding is 0
	inside []bool      // what isn't padding; nil when nothing is
	signed bool        // they are bytes taken for signed ones
	whole  bool        // all values are whole numbers of 0 to 255
}

func (c candidate) resized(ph photo, fill uint8) picture {
	p, v, o := c.plan, c.placement.view, c.placement.orientation
	from := p.cut(ph, fill)
	var to image.Image
	if c.turnedFirst {
		h, w, toHeight, toWidth := p.height, p.width, p.toHeight, p.toWidth
		if o.transposed {
			h, w, toHeight, toWidth = w, h, toWidth, toHeight
		}
		turned := image.Image{Height: h, Width: w, Channels: from.Channels, Uint8: turnPixels(from, o)}
		to = image.Resize(turned, toWidth, toHeight, c.method)
	} else {
		to = image.Resize(from, p.toWidth, p.toHeight, c.method)
	}
	out := picture{whole: to.Uint8 != nil}
	x0, y0, x1, y1 := p.window(v.width, v.height)
	for channel := range to.Channels {
		plane := channelOf(to, channel)
		if c.turnedFirst {
			plane = turn(plane, to.Height, to.Width, o.inverse())
		}
		cut := make([]float32, v.width*v.height)
		for y := y0; y < y1; y++ {
			copy(cut[y*v.width+x0:y*v.width+x1], plane[(y+p.atY)*p.toWidth+x0+p.atX:])
		}
		out.planes = append(out.planes, cut)
	}
	if x0 > 0 || y0 > 0 || x1 < v.width || y1 < v.height {
		out.inside = make([]bool, v.width*v.height)
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				out.inside[y*v.width+x] = true
			}
		}
	}
	return out
}

func channelOf(m image.Image, channel int) []float32 {
	out := make([]float32, m.Width*m.Height)
	for i := range out {
		if m.Uint8 != nil {
			out[i] = float32(m.Uint8[i*m.Channels+channel])
		} else {
			out[i] = m.Float32[i*m.Channels+channel]
		}
	}
	return out
}

func turnPixels(m image.Image, o orientation) []uint8 {
	type rgb [3]uint8
	pixels := make([]rgb, m.Width*m.Height)
	for i := range pixels {
		copy(pixels[i][:], m.Uint8[i*m.Channels:(i+1)*m.Channels])
	}
	pixels = turn(pixels, m.Height, m.Width, o)
	out := make([]uint8, 0, len(m.Uint8))
	for _, p := range pixels {
		out = append(out, p[:m.Channels]...)
	}
	return out
}

// castTo makes a picture one of 8 bits.
func (p picture) castTo(how string) picture {
	out := picture{inside: p.inside, whole: true}
	for _, plane := range p.planes {
		whole := make([]float32, len(plane))
		for i, v := range plane {
			if how == "round" {
				v += 0.5
			}
			whole[i] = float32(math.Floor(clamp(float64(v), 0, 255)))
		}
		out.planes = append(out.planes, whole)
	}
	return out
}

// makings are the makings of a resized picture that come nearest, one of each cast at most.
func (c candidate) makings(fed *step.Array, resized picture, fill, most float64) []making {
	casts := []string{""}
	if !resized.whole {
		casts = append(casts, "round", "truncate")
	}
	var all []making
	for _, cast := range casts {
		p := resized
		if cast != "" {
			p = resized.castTo(cast)
		}
		add := func(c candidate, p picture) {
			if m, ok := c.nearest(fed, p, most); ok && (p.whole || fed.Float32 == nil || !m.wholePixels()) {
				m.cast, m.fill = cast, fill
				m.pad(fed)
				all = append(all, m)
			}
		}
		add(c, p)
		if p.whole && c.asExpected {
			add(c.asReference(), p.asSigned())
		}
	}
	return all
}

// wholePixels says whether what was fed shows whole pixels: no resizer that makes fractions made it, whatever noise there is.
func (m *making) wholePixels() bool {
	sum, n := 0.0, 0
	for i, plane := range m.placement.view.planes {
		mean, std := m.normal.of(i)
		for j := 0; j < len(plane); j += 7 {
			pixel := float64(plane[j])*std + mean
			sum += math.Abs(pixel - math.Round(pixel))
			n++
		}
	}
	return sum < 0.01*float64(n) // a quarter where there are fractions
}

// nearest fits channels, then numbers and elements, to a picture; false when nothing does that may leave no more than most.
func (c candidate) nearest(fed *step.Array, p picture, most float64) (making, bool) {
	v := c.placement.view
	sources := slices.Clone(p.planes)
	switch {
	case len(sources) == 3 && len(v.planes) == 1: // no step makes one channel in another way
		sources = [][]float32{gray(p.planes)}
	case len(sources) == 3:
		sources = append(sources, gray(p.planes))
	}
	m := making{candidate: c, signed: p.signed}
	lines, fits := make([]line, len(v.planes)), make([][]line, len(v.planes))
	for i, plane := range v.planes {
		if slices.Max(plane) == slices.Min(plane) {
			m.channels = append(m.channels, unknownChannel)
			continue
		}
		fits[i] = make([]line, len(sources))
		keep := c.kept(fed, plane, p.inside)
		best := unknownChannel
		for s := range sources {
			// The channel that is expected comes first: where channels are alike nothing else is to be said.
			s = (s + c.expected.channel(i)) % len(sources)
			l := fitLine(sources[s], plane, keep)
			fits[i][s] = l
			if l.slope != 0 && (best == unknownChannel || l.rms < 0.98*lines[i].rms) {
				lines[i], best = l, s
			}
		}
		if best == 3 || len(sources) == 1 {
			best = allChannels
		}
		m.channels = append(m.channels, best)
	}
	if c.asExpected && len(p.planes) == 3 {
		m.supposeChannels(fed)
	}
	if m.order() == "" && !m.supposeOrder(fits, lines) {
		return making{}, false
	}
	from := make([][]float32, len(v.planes))
	for i, channel := range m.channels {
		if channel == allChannels {
			channel = len(sources) - 1
		}
		from[i] = sources[channel]
	}
	var all []making
	for _, way := range c.ways(fed) {
		for _, n := range c.normals(fed, way, lines) {
			next := m
			next.way, next.normal = way, n
			all = append(all, next)
		}
	}
	if c.asExpected { // of what makes the same, the reference's own numbers come first
		its := c.expected.conventions[0]
		isIts := func(m making) bool { return m.normal.near(its) }
		all = append(slices.DeleteFunc(slices.Clone(all), func(m making) bool { return !isIts(m) }), slices.DeleteFunc(all, isIts)...)
	}
	m.left = math.Inf(1)
	for _, next := range likely(all, fed, p, from, lines, most) {
		next.leave(fed, p, from, lines, 1)
		if next.clearly(m) {
			m = next
		}
	}
	return m, !math.IsInf(m.left, 1)
}

// supposeOrder takes the nearest order of three channels where each by itself is nearest to one that isn't left for it; fits are the
// lines of each plane over each channel.
func (m *making) supposeOrder(fits [][]line, lines []line) bool {
	least := math.Inf(1)
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}} {
		left := 0.0
		for i, channel := range order {
			if len(fits) != len(order) || len(fits[i]) <= channel || fits[i][channel].slope == 0 {
				return false
			}
			left += fits[i][channel].rms
		}
		if left < least {
			least = left
			copy(m.channels, order)
			for i, channel := range order {
				lines[i] = fits[i][channel]
			}
		}
	}
	return true
}

// sparse is how many elements of a plane are looked at, to leave out makings that can't be the nearest.
const sparse = 4096

// likely are the makings that come about as near as the nearest at some elements, and may leave no more than most.
func likely(all []making, fed *step.Array, p picture, from [][]float32, lines []line, most float64) []making {
	every := len(from[0]) / sparse
	if every < 2 {
		return all
	}
	for len(from[0])%every == 0 { // a divisor of the width would stay in its columns
		every++
	}
	best := most
	for i := range all {
		all[i].leave(fed, p, from, lines, every)
		best = min(best, all[i].score())
	}
	return slices.DeleteFunc(all, func(m making) bool { return m.score() > 1.3*best+0.1 })
}

// clearly says whether a making comes so much nearer than another one, which says less, that it must be it.
func (m *making) clearly(than making) bool {
	if than.made == nil {
		return true
	}
	less := 1e-4
	switch unnamed := m.normal.name == ""; {
	case unnamed && than.normal.name != "":
		less = 0.05*0.05 + 0.04*m.left*m.left
	case !unnamed && than.normal.name == "":
		less = -0.05*0.05 - 0.04*than.left*than.left
	}
	return m.score()*m.score() < than.score()*than.score()-less
}

func (c candidate) ways(fed *step.Array) []string {
	if c.placement.view.wrapped {
		return []string{wrappedWay}
	}
	return ways(fed)
}
