package image

import "math"

// cubicSteps is how finely TensorFlow's table divides the distance between two pixels (kTableSize).
const cubicSteps = 1 << 10

// A cubicTable has the weights of the two pixels at distance i/cubicSteps and 1 + i/cubicSteps.
type cubicTable [cubicSteps + 1][2]float32

// The tables of Keys' kernel for its two customary values of a.
var (
	sharpCubic = newCubicTable(-0.75) // of legacy and aligned coordinates
	keysTable  = newCubicTable(-0.5)  // of half pixels
)

func newCubicTable(a float64) *cubicTable {
	var table cubicTable
	for i := range table {
		x := float64(float32(i) / cubicSteps)
		table[i][0] = float32(((a+2)*x-(a+3))*x*x + 1)
		x++
		table[i][1] = float32(((a*x-5*a)*x+8*a)*x - 4*a)
	}
	return &table
}

func tfBicubic(c coordinates) func(Image, int, int) Image {
	return func(m Image, width, height int) Image {
		return downAcross(m.floats(), c.cubics(m.Width, width), c.cubics(m.Height, height))
	}
}

// cubics are the four taps of each output position. Beyond a side of the picture, its last pixel counts for those that
// aren't there; with half pixels the others get their weight.
func (c coordinates) cubics(input, output int) axis[float32] {
	scale, a := c.scale(input, output), make(axis[float32], output)
	table := sharpCubic
	if c == halfPixel {
		table = keysTable
	}
	for i := range a {
		at := c.at(i, scale)
		whole := floor(at)
		step := int(math.RoundToEven(float64((at - whole) * cubicSteps)))
		weights := [4]float32{table[step][1], table[step][0], table[cubicSteps-step][0], table[cubicSteps-step][1]}
		var sum float32
		for k, w := range weights {
			pixel := int(whole) - 1 + k
			if c == halfPixel && pixel != clamp(pixel, input) {
				w = 0
			}
			sum += w
			a[i] = append(a[i], tap[float32]{clamp(pixel, input), w})
		}
		if c == halfPixel {
			normalizeTaps(a[i], sum)
		}
	}
	return a
}

// smallSum is the sum of weights from which on TensorFlow divides by it.
const smallSum = 1000 * 0x1p-126

// normalizeTaps makes weights of a given sum add up to one.
func normalizeTaps(taps []tap[float32], sum float32) {
	if sum < smallSum && sum > -smallSum {
		return
	}
	one := 1 / sum
	for k := range taps {
		taps[k].weight *= one
	}
}

// downAcross sums rows, then columns.
func downAcross(m Image, xs, ys axis[float32]) Image {
	out := m.sized(len(xs), len(ys))
	row, stride := make([]float32, m.Width*m.Channels), len(xs)*m.Channels
	for y, taps := range ys {
		down(row, m.Float32, taps)
		across(out.Float32[y*stride:][:stride], row, m.Channels, xs)
	}
	return out
}
