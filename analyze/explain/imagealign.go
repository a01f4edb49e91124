package explain

import "math"

// mapping is where in the photo, in its pixels from edge to edge, a point of what was fed comes from, each side by itself.
type mapping struct{ ax, bx, ay, by float64 } // raw x = ax*x + bx

// mapping is that of a placement: the corners of inside come from those of source.
func (s placement) mapping() mapping {
	ax, ay := s.source.width/s.inside.width, s.source.height/s.inside.height
	return mapping{ax, s.source.x - ax*s.inside.x, ay, s.source.y - ay*s.inside.y}
}

// source is the part of the photo that a part of what was fed comes from.
func (m mapping) source(inside rectangle) rectangle {
	return rectangle{m.ax*inside.x + m.bx, m.ay*inside.y + m.by, m.ax * inside.width, m.ay * inside.height}
}

// alignPoints is about how many points of what was fed align looks at.
const alignPoints = 10000

// align makes a mapping exact by the method of Gauss and Newton (Lucas and Kanade, "An Iterative Image Registration
// Technique", 1981): in each round, the photo's channels are fitted to what was fed, and the mapping moves by what
// their slopes say. It returns the mapping and its likeness.
func align(r *reduced, s placement) (mapping, float64) {
	m, best := s.mapping(), mapping{}
	most := math.Inf(-1)
	for _, coarse := range []int{4, 2, 1} {
		points := newPoints(s, coarse)
		for range 10 {
			next, share := points.round(r, m, coarse)
			if share > most && coarse == 1 {
				most, best = share, m
			}
			moved := next.apart(m, s.inside)
			m = next
			if moved < 5e-3 || math.IsNaN(moved) {
				break
			}
		}
	}
	if _, share := newPoints(s, 1).round(r, m, 1); share > most {
		most, best = share, m
	}
	return best, most
}

// apart is how far apart two mappings put the corners of inside, in pixels of what was fed.
func (m mapping) apart(o mapping, inside rectangle) float64 {
	a, b := m.source(inside), o.source(inside)
	x := max(math.Abs(a.x-b.x), math.Abs(a.x+a.width-b.x-b.width)) / math.Abs(m.ax)
	y := max(math.Abs(a.y-b.y), math.Abs(a.y+a.height-b.y-b.height)) / math.Abs(m.ay)
	return max(x, y)
}

// points are places of what was fed, with its values there: means over coarse*coarse pixels.
type points struct {
	x, y   []float64
	values [][]float32
}

func newPoints(s placement, coarse int) *points {
	p := &points{values: make([][]float32, len(s.view.planes))}
	x0, y0 := int(s.inside.x), int(s.inside.y)
	nx, ny := int(s.inside.width)/coarse, int(s.inside.height)/coarse
	every := 1
	for nx/every*(ny/every) > alignPoints {
		every++
	}
	for y := 0; y < ny; y += every {
		for x := 0; x < nx; x += every {
			p.x = append(p.x, float64(x0)+(float64(x)+0.5)*float64(coarse))
			p.y = append(p.y, float64(y0)+(float64(y)+0.5)*float64(coarse))
			for c, plane := range s.view.planes {
				sum := float32(0)
				for dy := range coarse {
					row := plane[(y0+y*coarse+dy)*s.view.width+x0+x*coarse:]
					for dx := range coarse {
						sum += row[dx]
					}
				}
				p.values[c] = append(p.values[c], sum/float32(coarse*coarse))
			}
		}
	}
	return p
}

// round is one step of align.
func (p *points) round(r *reduced, m mapping, coarse int) (mapping, float64) {
	n, channels := len(p.x), len(r.planes)
	samples := make([][]float32, channels)
	slopeX, slopeY := make([][]float32, channels), make([][]float32, channels)
	wide, high := max(math.Abs(m.ax)*float64(coarse), float64(r.factor)), max(math.Abs(m.ay)*float64(coarse), float64(r.factor))
	for c := range channels {
		samples[c], slopeX[c], slopeY[c] = make([]float32, n), make([]float32, n), make([]float32, n)
	}
	inParallel(channels, func(c int) {
		mean := func(x, y float64) float32 {
			return float32(r.mean(c, x-wide/2, y-high/2, x+wide/2, y+high/2))
		}
		for i := range n {
			x, y := m.ax*p.x[i]+m.bx, m.ay*p.y[i]+m.by
			samples[c][i] = mean(x, y)
			slopeX[c][i] = (mean(x+wide/2, y) - mean(x-wide/2, y)) / float32(wide)
			slopeY[c][i] = (mean(x, y+high/2) - mean(x, y-high/2)) / float32(high)
		}
	})
	base := newBasis(samples)
	var normal [4][5]float64
	share, planes := 0.0, 0.0
	for _, values := range p.values {
		v := variance(values)
		if v == 0 {
			continue
		}
		planes++
		beta, explained := base.fit(values)
		share += explained
		for i := range n {
			left, gx, gy := float64(values[i])-beta[channels], 0.0, 0.0
			for c := range channels {
				left -= beta[c] * float64(samples[c][i])
				gx += beta[c] * float64(slopeX[c][i])
				gy += beta[c] * float64(slopeY[c][i])
			}
			row := [4]float64{gx * p.x[i], gx, gy * p.y[i], gy}
			for a := range 4 {
				for b := range 4 {
					normal[a][b] += row[a] * row[b] / v
				}
				normal[a][4] += row[a] * left / v
			}
		}
	}
	if planes == 0 {
		return m, 0
	}
	d, ok := solve4(normal)
	if !ok {
		return m, share / planes
	}
	return mapping{m.ax + d[0], m.bx + d[1], m.ay + d[2], m.by + d[3]}, share / planes
}

// solve4 solves four equations by elimination with pivots; false when they don't have one solution.
func solve4(m [4][5]float64) ([4]float64, bool) {
	for k := range 4 {
		pivot := k
		for i := k + 1; i < 4; i++ {
			if math.Abs(m[i][k]) > math.Abs(m[pivot][k]) {
				pivot = i
			}
		}
		if math.Abs(m[pivot][k]) < 1e-12 {
			return [4]float64{}, false
		}
		m[k], m[pivot] = m[pivot], m[k]
		for i := range 4 {
			if i == k {
				continue
			}
			f := m[i][k] / m[k][k]
			for j := k; j < 5; j++ {
				m[i][j] -= f * m[k][j]
			}
		}
	}
	return [4]float64{m[0][4] / m[0][0], m[1][4] / m[1][1], m[2][4] / m[2][2], m[3][4] / m[3][3]}, true
}
