package image

// Android's Bitmap.createScaledBitmap draws with Skia on the CPU; TFLite Support's ResizeOp calls it. Weights are whole numbers
// of 2^-15, and each of the three interpolations of a pixel is rounded. A Bitmap has 8 bits a channel: of FLOAT32 the same
// pixels are weighed without rounding. Source: Skia's src/opts/SkRasterPipeline_opts.h, stages seed_shader,
// matrix_scale_translate and bilerp_clamp_8888 in 16 bits a channel ("lowp").

// android is what Bitmap.createScaledBitmap does on opaque pictures.
var android = []Method{
	{"android", "nearest", "", "Bitmap.createScaledBitmap(filter = false)", androidNearest},
	{"android", "bilinear", "", "Bitmap.createScaledBitmap(filter = true); TFLite Support's ResizeOp", androidBilinear},
}

// androidPosition is the input position of an output position's centre: 1 stands for a pixel.
func androidPosition(i int, input, output int) float32 {
	scale := float32(float64(output) / float64(input))
	return (float32(i) + 0.5) * (1 / scale)
}

// androidNearest takes the pixel on the left where two are equally near.
func androidNearest(m Image, width, height int) Image {
	along := func(input, output int) []int {
		return positions(output, input, func(i int) int {
			return int(int64(float64(androidPosition(i, input, output))*(1<<16))-1) >> 16
		})
	}
	return pick(m, along(m.Width, width), along(m.Height, height))
}

// between8 is where an output position lies between two input positions.
type between8 struct {
	lower, upper int
	t            int32 // from -1<<15 at the lower to 1<<15 at the upper
}

func androidAxis(input, output int) []between8 {
	a := make([]between8, output)
	for i := range a {
		at := int(floor(float32(androidPosition(i, input, output)*(1<<16))+0.5)) - 1<<15
		a[i] = between8{clamp(at>>16, input), clamp(at>>16+1, input), int32(at&0xffff) - 1<<15}
	}
	return a
}

func androidBilinear(m Image, width, height int) Image {
	if m.Float32 != nil {
		return tfBilinear(halfPixel)(m, width, height)
	}
	xs, ys := androidAxis(m.Width, width), androidAxis(m.Height, height)
	out, in, stride := m.sized(width, height), m.Width*m.Channels, width*m.Channels
	rows := make(map[int][]int32) // of the picture: 7 more bits a channel
	row := func(y int) []int32 {
		if rows[y] == nil {
			rows[y] = make([]int32, stride)
			androidRow(rows[y], m.Uint8[y*in:][:in], m.Channels, xs)
		}
		return rows[y]
	}
	for y, at := range ys {
		top, bottom := row(at.lower), row(at.upper)
		for i, v := range top {
			out.Uint8[y*stride+i] = uint8((middle(v, bottom[i], at.t) + 1<<7) >> 8)
		}
	}
	return out
}

func androidRow(out []int32, row []uint8, channels int, xs []between8) {
	i := 0
	for _, x := range xs {
		for c := range channels {
			out[i] = (middle(int32(row[x.lower*channels+c])<<7, int32(row[x.upper*channels+c])<<7, x.t) + 1) >> 1
			i++
		}
	}
}

// middle is twice what lies between two values: their sum, and part of their difference.
func middle(low, high, t int32) int32 { return low + high + (t*(high-low)+1<<14)>>15 }
