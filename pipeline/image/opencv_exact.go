package image

import "math"

// openCVLinearExact weighs in whole numbers of 2^-8 and keeps 8 bits behind the point between rows and columns. Pictures of
// FLOAT32 are not what it is for: OpenCV takes linear for these.
func openCVLinearExact(m Image, width, height int) Image {
	if m.Float32 != nil {
		return openCVLinear(m, width, height)
	}
	xs, ys := exactTaps(m.Width, width), exactTaps(m.Height, height)
	out, stride := m.sized(width, height), width*m.Channels
	rows := rowSums(m, xs, ys.used(m.Height))
	for y, taps := range ys {
		top, bottom := rows[taps[0].at], rows[taps[1].at]
		for i, v := range top {
			out.Uint8[y*stride+i] = uint8(min((v*taps[0].weight+bottom[i]*taps[1].weight+1<<15)>>16, 255))
		}
	}
	return out
}

func exactTaps(input, output int) axis[int32] {
	a, scale := make(axis[int32], output), openCVScale(input, output)
	for i := range a {
		at := scale*(float64(i)+0.5) - 0.5
		whole := math.Floor(at)
		part := int32(math.RoundToEven((at - whole) * 256))
		p := int(whole)
		if p < 0 || p >= input-1 {
			p, part = clamp(p, input), 0
		}
		a[i] = []tap[int32]{{p, 256 - part}, {min(p+1, input-1), part}}
	}
	return a
}
