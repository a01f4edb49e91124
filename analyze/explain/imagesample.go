package explain

import (
	"math"

	"github.com/edgexray/edgexray/pipeline/image"
)

// candidate is a way to cut, resize and turn a photo.
type candidate struct {
	placement   placement
	plan        plan
	method      image.Method
	turnedFirst bool // it is turned before it is resized, which makes a difference
	expected    *expected
	asExpected  bool    // it is cut, turned and resized as the reference says, which plan and method don't
	left        float64 // root mean square of what sampled points leave, in steps of the photo's 8 bits
}

// sampledLines is how many rows and columns of what was fed are made to choose between candidates.
const sampledLines = 22

// sample makes some points of what was fed by a candidate, without what is rounded on the way, and sets what is left when
// the photo's channels are fitted to what was fed.
func (c *candidate) sample(ph photo, r *responses) {
	p, v := c.plan, c.placement.view
	x, y := c.taps(r)
	x0, y0, x1, y1 := p.window(v.width, v.height)
	columns, rows := spread(x0, x1), spread(y0, y1)
	made := blank(ph.channels, len(columns)*len(rows))
	for j, row := range rows {
		down := y[row+p.atY]
		for i, column := range columns {
			across := x[column+p.atX]
			for k, wy := range down.weights {
				ry := p.y + down.first + k
				if ry < 0 || ry >= ph.height {
					continue
				}
				line := ph.pixels[ry*ph.width*ph.channels:]
				for l, wx := range across.weights {
					rx := p.x + across.first + l
					if rx < 0 || rx >= ph.width {
						continue
					}
					for ch := range ph.channels {
						made[ch][j*len(columns)+i] += wy * wx * float32(line[rx*ph.channels+ch])
					}
				}
			}
		}
	}
	c.fit(made, columns, rows)
}

// blank are so many points of channels.
func blank(channels, n int) [][]float32 {
	made := make([][]float32, channels)
	for i := range made {
		made[i] = make([]float32, n)
	}
	return made
}

// fit sets what is left when sampled points of the photo's channels are fitted to what was fed.
func (c *candidate) fit(made [][]float32, columns, rows []int) {
	v := c.placement.view
	base := newBasis(made)
	fed := make([]float32, len(columns)*len(rows))
	sum, planes := 0.0, 0.0
	for _, plane := range v.planes {
		for j, row := range rows {
			for i, column := range columns {
				fed[j*len(columns)+i] = plane[row*v.width+column]
			}
		}
		total := variance(fed)
		if total == 0 {
			continue
		}
		beta, share := base.fit(fed)
		gain := 0.0
		for _, b := range beta[:len(beta)-1] {
			gain += b
		}
		sum += max(0, 1-share) * total / (gain * gain)
		planes++
	}
	c.left = math.Inf(1)
	if planes > 0 {
		c.left = math.Sqrt(sum / planes)
	}
}

// taps are a candidate's, as the photo lies.
func (c *candidate) taps(r *responses) (x, y taps) {
	p := c.plan
	x, y = r.of(c.method, p.width, p.toWidth), r.of(c.method, p.height, p.toHeight)
	if c.turnedFirst {
		mx, my := mirrors(c.placement.orientation)
		if mx {
			x = x.mirrored(p.width)
		}
		if my {
			y = y.mirrored(p.height)
		}
	}
	return x, y
}

// mirrors says which of the photo's sides an orientation counts from the other end.
func mirrors(o orientation) (x, y bool) {
	if o.transposed {
		return o.mirroredY, o.mirroredX
	}
	return o.mirroredX, o.mirroredY
}

// ordered says whether it makes a difference if a candidate's picture is turned before or after it is resized.
func (c *candidate) ordered(r *responses) bool {
	x, y := mirrors(c.placement.orientation)
	p := c.plan
	tx, ty := r.of(c.method, p.width, p.toWidth), r.of(c.method, p.height, p.toHeight)
	return x && !tx.equal(tx.mirrored(p.width)) || y && !ty.equal(ty.mirrored(p.height))
}

// spread are about sampledLines whole numbers from low to high-1, both among them, in steps that don't repeat.
func spread(low, high int) []int {
	n := min(sampledLines, high-low)
	out := make([]int, n)
	for i := range out {
		out[i] = low + i*(high-low-1)/max(1, n-1)
	}
	return out
}
