package image

// Skia's newer code, which Flutter and Skia's own bindings draw with on the CPU. Weights are whole numbers of 2^-15, and each
// of the three interpolations of a pixel is rounded. Of FLOAT32 the same positions are weighed exactly. Source: Skia's
// src/opts/SkRasterPipeline_opts.h, stages seed_shader, matrix_scale_translate and bilerp_clamp_8888 in 16 bits a channel
// ("lowp").

// skia is what drawing an opaque picture on a scaled canvas does. Its nearest is Android's.
var skia = []Method{
	{"skia", "bilinear", "", "SkCanvas::drawImage(SkFilterMode::kLinear)", skiaBilinear},
}

// doubled is where an output position lies between two input positions.
type doubled struct {
	lower, upper int
	t            int32 // from -1<<15 at the lower to 1<<15 at the upper
}

func skiaAxis(input, output int) []doubled {
	axis, inverse := make([]doubled, output), skiaInverse(input, output)
	for i := range axis {
		at := int(floor(float32((float32(i)+0.5)*inverse)*(1<<16)+0.5)) - 1<<15
		axis[i] = doubled{clamp(at>>16, input), clamp(at>>16+1, input), int32(at&0xffff) - 1<<15}
	}
	return axis
}

func skiaBilinear(m Image, width, height int) Image {
	if m.Float32 != nil {
		return tfBilinear(halfPixel)(m, width, height)
	}
	xs, ys := skiaAxis(m.Width, width), skiaAxis(m.Height, height)
	out, in, stride := m.sized(width, height), m.Width*m.Channels, width*m.Channels
	rows := make([][]int32, m.Height) // those used, of 7 more bits a channel
	row := func(y int) []int32 {
		if rows[y] == nil {
			rows[y] = make([]int32, stride)
			skiaRow(rows[y], m.Uint8[y*in:][:in], m.Channels, xs)
		}
		return rows[y]
	}
	for y, at := range ys {
		top, bottom := row(at.lower), row(at.upper)
		for i, v := range top {
			out.Uint8[y*stride+i] = uint8((twice(v, bottom[i], at.t) + 1<<7) >> 8)
		}
	}
	return out
}

func skiaRow(out []int32, row []uint8, channels int, xs []doubled) {
	i := 0
	for _, x := range xs {
		for c := range channels {
			out[i] = (twice(int32(row[x.lower*channels+c])<<7, int32(row[x.upper*channels+c])<<7, x.t) + 1) >> 1
			i++
		}
	}
}

// twice is two times what lies between two values: their sum, and part of their difference.
func twice(low, high, t int32) int32 { return low + high + (t*(high-low)+1<<14)>>15 }
