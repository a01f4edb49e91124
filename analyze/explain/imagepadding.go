package explain

import "math"

// padding is the value of what was fed around the resized picture, as a pixel of it. What isn't of one value there counts
// as left over.
func (c candidate) padding(m making) float64 {
	v := c.placement.view
	x0, y0, x1, y1 := c.plan.window(v.width, v.height)
	fill := math.NaN()
	for i, plane := range v.planes {
		mean, std := m.normal.of(i)
		for y := range v.height {
			for x := range v.width {
				if x >= x0 && x < x1 && y >= y0 && y < y1 {
					continue
				}
				f := float64(plane[y*v.width+x])*std + mean
				if math.IsNaN(fill) {
					fill = f
				}
			}
		}
	}
	return digits(fill, 4)
}

// fillSeen is the colour beyond the photo, in steps of its 8 bits, as what was fed shows it where a plan takes nothing else.
func (c candidate) fillSeen(m making, p picture) float64 {
	v := c.placement.view
	corner := 0
	if c.plan.x >= 0 && c.plan.y >= 0 {
		corner = v.width*v.height - 1
	}
	mean, std := m.normal.of(0)
	return float64(v.planes[0][corner])*std + mean
}
