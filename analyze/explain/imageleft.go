package explain

import (
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// normals are the conventions that lines may be of, by a way, and where there are none, what the lines say.
func (c candidate) normals(fed *step.Array, way string, lines []line) []normal {
	if c.placement.view.wrapped {
		return []normal{{[]float64{0}, []float64{1}, "[0,255]", ""}}
	}
	lines = domain(fed, way, lines)
	// What is left over, and rounded elements, move the lines a little.
	shift := 0.05
	known, slope := 0, 0.0 // of the lines
	for _, l := range lines {
		if l.slope == 0 {
			continue
		}
		known, slope = known+1, l.slope
		shift = max(shift, min(1.5*l.rms/math.Abs(l.slope), 3))
	}
	switch way {
	case unscaledWay:
		shift += 0.6
	case truncatedWay: // towards zero, on both sides of it
		shift += 1.2 * math.Abs(fed.Scale/slope)
	case quantizedWay, unmovedWay, unitWay:
		shift += 0.6 * math.Abs(fed.Scale/slope)
	}
	var all []normal
	supposed := c.supposed(fed, way, known > 0)
	for i, n := range c.expected.conventions {
		if i < supposed || known > 0 && n.fits(lines, shift) {
			all = append(all, n)
		}
	}
	if known == len(lines) && (way == plainWay || way == quantizedWay || fed.Scale == 0) {
		all = append(all, c.free(way, lines))
	}
	return all
}

// free is the normalization that lines say when it is no convention: that of the picture itself, or numbers.
func (c candidate) free(way string, lines []line) normal {
	n := free(lines)
	if way == plainWay && len(n.mean) == 1 && len(n.std) == 1 {
		n.whole = wholeOf(c.placement.view.planes)
		n.name = wholes[n.whole]
	}
	return n
}

// fewBetween are too few elements between the limits to fit anything to them alone.
const fewBetween = 32

// kept says which points of a plane are fitted: not padding, and nothing that was cut off at the type's limits.
func (c candidate) kept(fed *step.Array, plane []float32, inside []bool) func(int) bool {
	l, h := realLimits(fed)
	if c.placement.view.wrapped || fed.Float32 != nil {
		l, h = float32(math.Inf(-1)), float32(math.Inf(1))
	}
	between := 0
	for _, v := range plane {
		if v > l && v < h {
			between++
		}
	}
	if between < fewBetween {
		l, h = float32(math.Inf(-1)), float32(math.Inf(1))
	}
	return func(i int) bool { return (inside == nil || inside[i]) && plane[i] > l && plane[i] < h }
}

func gray(planes [][]float32) []float32 {
	out := make([]float32, len(planes[0]))
	for i := range out {
		out[i] = grayWeights[0]*planes[0][i] + grayWeights[1]*planes[1][i] + grayWeights[2]*planes[2][i]
	}
	return out
}

// leave sets what a making leaves of what was fed, by every so many elements. What it makes is kept when it looks at all.
func (m *making) leave(fed *step.Array, p picture, from [][]float32, lines []line, every int) {
	low, high := limits(fed)
	if every == 1 {
		m.made = blank(len(from), len(from[0]))
	}
	m.inside, m.gains = p.inside, make([]float64, len(from))
	sum, n, halves := 0.0, 0, 0
	for i, plane := range m.placement.view.planes {
		mean, std := m.normal.of(i)
		gain := math.Abs(1 / lines[i].slope)
		if lines[i].slope == 0 {
			gain = math.Abs(std)
		}
		for j := 0; j < len(plane); j += every {
			if p.inside != nil && !p.inside[j] {
				continue
			}
			v := plane[j]
			made, half := element(fed, m.way, (float64(from[i][j])-mean)/std, float64(v), low, high)
			if half {
				halves++
			}
			if m.made != nil {
				m.made[i][j] = float32(made)
			}
			left := math.Abs(float64(v)-made) * gain
			sum += left * left
			n++
		}
		m.gains[i] = gain
	}
	m.left, m.halves = math.Sqrt(sum/float64(n)), float64(halves)/float64(n)
}

// most is the largest of what a making leaves, but for one in ten thousand, in steps of the photo's 8 bits; at least 1.
func (m *making) most() float64 {
	var large []float64
	n := 0
	for i, plane := range m.placement.view.planes {
		for j, v := range plane {
			if m.inside != nil && !m.inside[j] {
				continue
			}
			n++
			if left := math.Abs(float64(v)-float64(m.made[i][j])) * m.gains[i]; left > 1 {
				large = append(large, left)
			}
		}
	}
	if k := n / 10000; len(large) > k {
		slices.Sort(large)
		return large[len(large)-1-k]
	}
	return 1
}
