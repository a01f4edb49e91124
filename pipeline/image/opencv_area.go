package image

import "math"

// openCVArea averages the input pixels that an output pixel covers. Where a side grows there are none: it is linear
// then, with pixels' corners as positions.
func openCVArea(m Image, width, height int) Image {
	xScale, yScale := openCVScale(m.Width, width), openCVScale(m.Height, height)
	switch {
	case xScale < 1 || yScale < 1:
		return linear(m, growingTaps(m.Width, width, columns), growingTaps(m.Height, height, rows))
	case isWhole(xScale) && isWhole(yScale):
		return blocks(m, width, height)
	}
	return covered(m, areaTaps(m.Width, width, xScale), areaTaps(m.Height, height, yScale))
}

func isWhole(v float64) bool { return math.Abs(v-math.RoundToEven(v)) < 0x1p-52 }

func growingTaps(input, output int, along side) axis[float32] {
	a, scale := make(axis[float32], output), openCVScale(input, output)
	inverse := float64(output) / float64(input)
	for i := range a {
		whole := int(math.Floor(float64(i) * scale))
		part := float32(float64(i+1) - float64(whole+1)*inverse)
		if part <= 0 {
			part = 0
		} else {
			part -= floor(part)
		}
		a[i] = between(whole, part, input, along)
	}
	return a
}

// blocks averages blocks of pixels. Blocks of 2x2 are rounded half up, but not those of two channels; others to even.
func blocks(m Image, width, height int) Image {
	out := m.sized(width, height)
	across, down := m.Width/width, m.Height/height
	area := 1 / float32(across*down)
	halfUp := across == 2 && down == 2 && m.Channels != 2 && m.Channels <= 4
	i := 0
	for y := range height {
		for x := range width {
			for c := range m.Channels {
				corner := (y*down*m.Width+x*across)*m.Channels + c
				switch {
				case m.Float32 != nil:
					out.Float32[i] = blockSum[float32, float32](m, m.Float32, corner, across, down) * area
				case halfUp:
					out.Uint8[i] = uint8((blockSum[int32](m, m.Uint8, corner, across, down) + 2) >> 2)
				default:
					out.Uint8[i] = nearest8(float32(blockSum[int32](m, m.Uint8, corner, across, down)) * area)
				}
				i++
			}
		}
	}
	return out
}

func blockSum[S, I number](m Image, in []I, corner, across, down int) (sum S) {
	for range down {
		for x := range across {
			sum += S(in[corner+x*m.Channels])
		}
		corner += m.Width * m.Channels
	}
	return sum
}

// areaTaps weighs input pixels by how much of them an output pixel covers; less than a thousandth counts as nothing.
func areaTaps(input, output int, scale float64) axis[float32] {
	const least = 1e-3
	a := make(axis[float32], output)
	for i := range a {
		from := float64(i) * scale
		to := from + scale
		cell := min(scale, float64(input)-from)
		last := min(int(math.Floor(to)), input-1)
		first := min(int(math.Ceil(from)), last)
		if part := float64(first) - from; part > least {
			a[i] = append(a[i], tap[float32]{first - 1, float32(part / cell)})
		}
		for p := first; p < last; p++ {
			a[i] = append(a[i], tap[float32]{p, float32(1 / cell)})
		}
		if part := to - float64(last); part > least {
			a[i] = append(a[i], tap[float32]{last, float32(min(part, 1, cell) / cell)})
		}
	}
	return a
}

func covered(m Image, xs, ys axis[float32]) Image {
	out, in, stride := m.sized(len(xs), len(ys)), m.Width*m.Channels, len(xs)*m.Channels
	row, sums := make([]float32, stride), make([]float32, stride)
	for y, taps := range ys {
		clear(sums)
		for _, t := range taps {
			if m.Uint8 != nil {
				across(row, m.Uint8[t.at*in:][:in], m.Channels, xs)
			} else {
				across(row, m.Float32[t.at*in:][:in], m.Channels, xs)
			}
			for i, v := range row {
				sums[i] += float32(v * t.weight)
			}
		}
		if m.Float32 != nil {
			copy(out.Float32[y*stride:], sums)
			continue
		}
		for i, s := range sums {
			out.Uint8[y*stride+i] = nearest8(s)
		}
	}
	return out
}

// nearest8 rounds half to even.
func nearest8(v float32) uint8 { return uint8(max(0, min(math.RoundToEven(float64(v)), 255))) }
