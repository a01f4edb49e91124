package explain

import "math"

// Noise follows nothing of the picture: neither its values, as a curve does, nor its edges and gradients, as a filter, a warp and
// another resize do, nor where in it a point is, as a vignette or something drawn does. So much of it they explain at most, and so
// much larger may be what is left of the mean of a block of it than of random numbers.
const (
	followed  = 0.05
	block     = 8
	unevenly  = 6.0
	mostNoise = 2.5 // more isn't taken for noise, whatever it is like, in steps of the photo's 8 bits
)

// random says whether what a making leaves is as random as noise is.
func (m *making) random() bool {
	v := m.placement.view
	for i, made := range m.made {
		left := make([]float32, len(made))
		for j := range made {
			if m.inside == nil || m.inside[j] {
				left[j] = float32(float64(v.planes[i][j]-made[j]) * m.gains[i])
			}
		}
		mean := mean(left)
		total := variance(left)
		if total == 0 {
			continue
		}
		_, share := newBasis(followable(made, v.width, v.height)).fit(left)
		if share > followed || mean*mean > followed*total || blocks(left, v.width, v.height) > unevenly*total {
			return false
		}
	}
	return true
}

// followable are what noise doesn't follow, of the inner points of a picture: values, their powers, slopes and edges.
func followable(made []float32, width, height int) [][]float32 {
	m := mean(made)
	scale := 1 / math.Sqrt(max(variance(made), 1e-12))
	columns := blank(6, len(made))
	for y := range height {
		for x := range width {
			at := func(dx, dy int) float32 {
				return made[min(max(y+dy, 0), height-1)*width+min(max(x+dx, 0), width-1)]
			}
			j := y*width + x
			value := float32((float64(made[j]) - m) * scale)
			columns[0][j], columns[1][j], columns[2][j] = value, value*value, value*value*value
			columns[3][j], columns[4][j] = at(1, 0)-at(-1, 0), at(0, 1)-at(0, -1)
			columns[5][j] = at(1, 0) + at(-1, 0) + at(0, 1) + at(0, -1) - 4*made[j]
		}
	}
	return columns
}

// blocks is the variance of the means of blocks, times the points of a block: of random numbers it is their own variance.
func blocks(left []float32, width, height int) float64 {
	var means []float32
	for y := 0; y+block <= height; y += block {
		for x := 0; x+block <= width; x += block {
			sum := 0.0
			for dy := range block {
				for dx := range block {
					sum += float64(left[(y+dy)*width+x+dx])
				}
			}
			means = append(means, float32(sum/(block*block)))
		}
	}
	if len(means) < 2 {
		return 0
	}
	return variance(means) * block * block
}
