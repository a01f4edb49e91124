package explain

import (
	"math"

	"github.com/edgexray/edgexray/pipeline/step"
)

// pad finds the value of what was fed around the resized picture, as a pixel of it. What isn't of one value there is left over.
func (m *making) pad(fed *step.Array) {
	v := m.placement.view
	x0, y0, x1, y1 := m.plan.window(v.width, v.height)
	if (x1-x0)*(y1-y0) == v.width*v.height {
		return
	}
	least, most := math.Inf(1), math.Inf(-1)
	for i, plane := range v.planes {
		mean, std := m.normal.of(i)
		for y := range v.height {
			for x := range v.width {
				if x < x0 || x >= x1 || y < y0 || y >= y1 {
					fill := float64(plane[y*v.width+x])*std + mean
					least, most = min(least, fill), max(most, fill)
				}
			}
		}
	}
	m.uneven = most - least
	m.fill = digits((least+most)/2, 4)
	if whole := math.Round(m.fill); math.Abs(m.fill-whole) < 0.01+math.Abs(fed.Scale*m.normal.std[0]) {
		m.fill = whole
	}
}

// fillSeen is the colour beyond the photo, in steps of its 8 bits, as what was fed shows it where a plan takes nothing else.
func (c candidate) fillSeen(m making) float64 {
	v := c.placement.view
	corner := 0
	if c.plan.x >= 0 && c.plan.y >= 0 {
		corner = v.width*v.height - 1
	}
	mean, std := m.normal.of(0)
	return float64(v.planes[0][corner])*std + mean
}
