package explain

import (
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/image"
)

// plan is how a picture is cut out of a photo and resized: all but its orientation, which comes before or after.
type plan struct {
	x, y, width, height int // in the photo; it may reach beyond it
	toWidth, toHeight   int // it is resized to
	atX, atY            int // where in the resized picture what was fed begins; below 0 there is padding before it
}

// mapping is that of a candidate.
func (c *candidate) mapping(r *responses) mapping {
	x, y := c.taps(r)
	lx, ly, p := x.line(), y.line(), c.plan
	return mapping{
		lx.slope, float64(p.x) + lx.offset + lx.slope*float64(p.atX),
		ly.slope, float64(p.y) + ly.offset + ly.slope*float64(p.atY),
	}
}

// window is the part of what was fed (width*height) that the resized picture fills.
func (p plan) window(width, height int) (x0, y0, x1, y1 int) {
	return max(0, -p.atX), max(0, -p.atY), min(width, p.toWidth-p.atX), min(height, p.toHeight-p.atY)
}

// farApart is by how many pixels of what was fed the mapping of a plan may differ from that found by align; it is less
// sure of methods that take from few pixels. The whole photo, which is what most apps take, is tried when it is farther: of a
// smooth one little is sure.
const (
	farApart   = 0.35
	wholeApart = 1.0
)

// plans are the candidates that have the mapping of a place, by one method: the whole photo resized and then cut or padded,
// and a part of the photo resized.
func (s *imageSearch) plans(place alignedPlace, by candidate) []candidate {
	width, height := place.view.width, place.view.height
	var all []candidate
	add := func(p plan, within float64) (added bool) {
		by.plan = p
		if !p.possible(s.photo, width, height) || slices.ContainsFunc(all, func(c candidate) bool { return c.plan == p }) {
			return false
		}
		added = by.mapping(s.responses).apart(place.mapping, place.inside) < within
		if added {
			all = append(all, by)
		}
		return added
	}
	whole := plan{0, 0, s.photo.width, s.photo.height, width, height, 0, 0}
	isWhole := add(whole, farApart)
	if place.inside.width != float64(width) || place.inside.height != float64(height) {
		in := place.inside
		add(plan{0, 0, s.photo.width, s.photo.height, int(in.width), int(in.height), -int(in.x), -int(in.y)}, farApart)
	}
	for _, p := range s.wholeThenCut(place, by) {
		add(p, farApart)
	}
	if isWhole {
		return all
	}
	add(whole, wholeApart)
	// A part of the photo: what it is by the middles of the pixels, moved by what the method puts elsewhere.
	fed := rectangle{0, 0, float64(width), float64(height)}
	from := place.mapping.source(fed)
	by.plan = rounded(from, width, height)
	if !by.plan.possible(s.photo, width, height) {
		return all
	}
	is := by.mapping(s.responses).source(fed)
	from.x += float64(by.plan.x) - is.x
	from.y += float64(by.plan.y) - is.y
	from.width += float64(by.plan.width) - is.width
	from.height += float64(by.plan.height) - is.height
	add(rounded(from, width, height), farApart)
	return all
}

func rounded(from rectangle, width, height int) plan {
	x, y := math.Round(from.x), math.Round(from.y)
	return plan{int(x), int(y), int(math.Round(from.x+from.width) - x), int(math.Round(from.y+from.height) - y), width, height, 0, 0}
}

// wholeThenCut are the plans that resize the whole photo and then cut or pad it.
func (s *imageSearch) wholeThenCut(place alignedPlace, by candidate) []plan {
	wide, high := float64(s.photo.width)/place.mapping.ax, float64(s.photo.height)/place.mapping.ay
	width, height := place.view.width, place.view.height
	if !(wide < float64(manyTimes*max(width, s.photo.width)) && high < float64(manyTimes*max(height, s.photo.height))) {
		return nil // where nothing is alike, a mapping may be anything
	}
	w, h := int(wide), int(high)
	by.plan = plan{width: s.photo.width, height: s.photo.height}
	var all []plan
	for d := -1; d <= 2; d++ {
		for e := -1; e <= 2; e++ {
			p := by.plan
			p.toWidth, p.toHeight = w+d, h+e
			if p.toWidth < leastSide || p.toHeight < leastSide {
				continue
			}
			by.plan = p
			x, y := by.taps(s.responses)
			lx, ly := x.line(), y.line()
			p.atX, p.atY = int(math.Round((place.mapping.bx-lx.offset)/lx.slope)), int(math.Round((place.mapping.by-ly.offset)/ly.slope))
			all = append(all, p)
		}
	}
	return all
}

// sideMoves move a side's beginning and length by a pixel, or two where both ends move.
var sideMoves = [][2]int{{1, -1}, {-1, 1}, {0, 1}, {0, -1}, {1, 0}, {-1, 0}, {1, -2}, {-1, 2}}

// neighbours are the plans that differ by a pixel: of the photo, and of the resized picture where that is cut.
func (p plan) neighbours(v view) []plan {
	var all []plan
	for _, d := range sideMoves {
		next := p
		next.x, next.width = p.x+d[0], p.width+d[1]
		all = append(all, next)
		next = p
		next.y, next.height = p.y+d[0], p.height+d[1]
		all = append(all, next)
	}
	if p.toWidth == v.width && p.toHeight == v.height {
		return all
	}
	for _, d := range sideMoves {
		next := p
		next.atX, next.toWidth = p.atX+d[0], p.toWidth+d[1]
		all = append(all, next)
		next = p
		next.atY, next.toHeight = p.atY+d[0], p.toHeight+d[1]
		all = append(all, next)
	}
	return all
}

// turned is what a plan does behind its resizing to a picture that was turned before, with the size of what was fed then.
func (p plan) turned(o orientation, width, height int) (plan, int, int) {
	if o.transposed {
		p.toWidth, p.toHeight, p.atX, p.atY, width, height = p.toHeight, p.toWidth, p.atY, p.atX, height, width
	}
	if o.mirroredX {
		p.atX = p.toWidth - p.atX - width
	}
	if o.mirroredY {
		p.atY = p.toHeight - p.atY - height
	}
	return p, width, height
}

// manyTimes as large as the photo, or as what was fed, a picture is at most with its padding, or after it is resized.
const manyTimes = 4

// possible says whether a plan takes enough of the photo, and not much beyond it.
func (p plan) possible(ph photo, width, height int) bool {
	x0, y0, x1, y1 := p.window(width, height)
	return p.width >= leastSide && p.height >= leastSide && p.toWidth >= leastSide && p.toHeight >= leastSide &&
		p.width <= manyTimes*ph.width && p.height <= manyTimes*ph.height &&
		p.toWidth <= manyTimes*max(width, ph.width) && p.toHeight <= manyTimes*max(height, ph.height) &&
		x1-x0 >= leastSide && y1-y0 >= leastSide &&
		p.x > -p.width && p.y > -p.height && p.x < ph.width && p.y < ph.height
}

// cut is the part of the photo that a plan takes, with fill beyond it.
func (p plan) cut(ph photo, fill uint8) image.Image {
	m := image.Image{Width: p.width, Height: p.height, Channels: ph.channels}
	if p.x == 0 && p.y == 0 && p.width == ph.width && p.height == ph.height {
		m.Uint8 = ph.pixels
		return m
	}
	m.Uint8 = make([]uint8, p.width*p.height*ph.channels)
	if fill != 0 {
		for i := range m.Uint8 {
			m.Uint8[i] = fill
		}
	}
	from, to := max(0, p.x), min(ph.width, p.x+p.width)
	for y := max(0, p.y); y < min(ph.height, p.y+p.height); y++ {
		copy(m.Uint8[((y-p.y)*p.width+from-p.x)*ph.channels:], ph.pixels[(y*ph.width+from)*ph.channels:(y*ph.width+to)*ph.channels])
	}
	return m
}

// keepsSize says whether a plan resizes to the size that there is: then all methods make the same.
func (p plan) keepsSize() bool { return p.width == p.toWidth && p.height == p.toHeight }

// beyond says whether a plan takes pixels beyond the photo.
func (p plan) beyond(ph photo) bool {
	return p.x < 0 || p.y < 0 || p.x+p.width > ph.width || p.y+p.height > ph.height
}
