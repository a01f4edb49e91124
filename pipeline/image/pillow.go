package image

import "math"

// Pillow resizes along rows, then along columns, each time to the elements' type; a side that stays the same is left
// alone. Weights of pictures of UINT8 are whole numbers. Source: src/libImaging/Resample.c and Geometry.c.

// pillow is what Image.resize does, in every mode of 8 bits a channel and in mode F.
var pillow = []Method{
	{"pillow", "nearest", "", "Image.resize(resample=NEAREST)", pillowNearest},
	{"pillow", "box", "", "Image.resize(resample=BOX)", pillowFilter(0.5, box)},
	{"pillow", "bilinear", "", "Image.resize(resample=BILINEAR)", pillowFilter(1, tent)},
	{"pillow", "hamming", "", "Image.resize(resample=HAMMING)", pillowFilter(1, hamming)},
	{"pillow", "bicubic", "", "Image.resize(resample=BICUBIC)", pillowFilter(2, softCubic)},
	{"pillow", "lanczos", "", "Image.resize(resample=LANCZOS)", pillowFilter(3, lanczosThree)},
}

// pillowBits are those behind the point of a weight (PRECISION_BITS).
const pillowBits = 32 - 8 - 2

func pillowFilter(support float64, filter func(float64) float64) func(Image, int, int) Image {
	return func(m Image, width, height int) Image {
		if m.Width != width {
			m = pillowAcross(m, pillowAxis(m.Width, width, support, filter))
		}
		if m.Height != height {
			m = pillowDown(m, pillowAxis(m.Height, height, support, filter))
		}
		return m
	}
}

func pillowAxis(input, output int, support float64, filter func(float64) float64) axis[float64] {
	a, scale := make(axis[float64], output), float64(input)/float64(output)
	wide := max(scale, 1)
	reach, narrow := support*wide, 1/wide
	for i := range a {
		center := (float64(i) + 0.5) * scale
		first, end := max(int(center-reach+0.5), 0), min(int(center+reach+0.5), input)
		sum := 0.0
		for p := first; p < end; p++ {
			w := filter((float64(p) - center + 0.5) * narrow)
			sum += w
			a[i] = append(a[i], tap[float64]{p, w})
		}
		for k := range a[i] {
			if sum != 0 {
				a[i][k].weight /= sum
			}
		}
	}
	return a
}

// whole makes weights whole numbers of 2^-pillowBits.
func whole(a axis[float64]) axis[int32] {
	out := make(axis[int32], len(a))
	for i, taps := range a {
		out[i] = make([]tap[int32], len(taps))
		for k, t := range taps {
			out[i][k] = tap[int32]{t.at, int32(math.Round(t.weight * (1 << pillowBits)))}
		}
	}
	return out
}

func pillowAcross(m Image, a axis[float64]) Image {
	out := m.sized(len(a), m.Height)
	in, stride := m.Width*m.Channels, len(a)*m.Channels
	if m.Float32 != nil {
		sums := make([]float64, stride)
		for y := range m.Height {
			across(sums, m.Float32[y*in:][:in], m.Channels, a)
			singles(out.Float32[y*stride:], sums)
		}
		return out
	}
	sums, weights := make([]int32, stride), whole(a)
	for y := range m.Height {
		across(sums, m.Uint8[y*in:][:in], m.Channels, weights)
		round8(out.Uint8[y*stride:], sums)
	}
	return out
}

func pillowDown(m Image, a axis[float64]) Image {
	out, stride := m.sized(m.Width, len(a)), m.Width*m.Channels
	if m.Float32 != nil {
		sums := make([]float64, stride)
		for y, taps := range a {
			down(sums, m.Float32, taps)
			singles(out.Float32[y*stride:], sums)
		}
		return out
	}
	sums := make([]int32, stride)
	for y, taps := range whole(a) {
		down(sums, m.Uint8, taps)
		round8(out.Uint8[y*stride:], sums)
	}
	return out
}

func singles(out []float32, sums []float64) {
	for i, s := range sums {
		out[i] = float32(s)
	}
}

func round8(out []uint8, sums []int32) {
	for i, s := range sums {
		out[i] = uint8(max(0, min((s+1<<(pillowBits-1))>>pillowBits, 255)))
	}
}

// pillowNearest steps from pixel centre to pixel centre; the steps add up, rounding errors with them.
func pillowNearest(m Image, width, height int) Image {
	along := func(input, output int) []int {
		step := float64(input) / float64(output)
		at := step * 0.5
		return positions(output, input, func(int) int {
			p := int(at)
			at += step
			return p
		})
	}
	return pick(m, along(m.Width, width), along(m.Height, height))
}

func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

func tent(x float64) float64 { return max(0, 1-math.Abs(x)) }

func hamming(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x == 0:
		return 1
	case x >= 1:
		return 0
	}
	x *= math.Pi
	return math.Sin(x) / x * (0.54 + 0.46*math.Cos(x))
}

// softCubic is Keys' kernel with a = -1/2.
func softCubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}

func lanczosThree(x float64) float64 {
	if x < -3 || x >= 3 {
		return 0
	}
	return sinc(x) * sinc(x/3)
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}
