package image

// Android's Bitmap.createScaledBitmap draws with Skia's older code on the CPU, and TFLite Support's ResizeOp calls it. A
// position between two pixels is one of sixteen, whatever the scale; nothing is rounded up. A Bitmap has 8 bits a channel: of
// FLOAT32 the same positions are weighed exactly. Source: Skia's src/core/SkBitmapProcState*.cpp and
// src/opts/SkBitmapProcState_opts.h.

// android is what Bitmap.createScaledBitmap does on opaque pictures.
var android = []Method{
	{"android", "nearest", "", "Bitmap.createScaledBitmap(filter = false)", androidNearest},
	{"android", "bilinear", "", "Bitmap.createScaledBitmap(filter = true), TFLite Support's ResizeOp", androidBilinear},
}

// skiaInverse is the input positions that an output position is wide, as Skia inverts a canvas' scale.
func skiaInverse(input, output int) float32 { return 1 / float32(float64(output)/float64(input)) }

// androidRun is how many pixels of a row Skia positions at a time (maxCountForBufferSize of its buffer): the first of them
// from the scale, each other from the one before it.
const androidRun = 127

// androidPositions are the input positions of the centres of a row's pixels, in 2^-16 of a pixel; bias is taken off.
func androidPositions(input, output int, bias int64, run int) []int {
	inverse := skiaInverse(input, output)
	positions, at, step := make([]int, output), int64(0), int64(float64(inverse)*(1<<32))
	for i := range positions {
		if i%run == 0 {
			at = int64(float64((float32(i)+0.5)*inverse)*(1<<32)) - bias<<16
		}
		positions[i] = int(at >> 16)
		at += step
	}
	return positions
}

// androidNearest takes the left one of two pixels that are equally near.
func androidNearest(m Image, width, height int) Image {
	along := func(input, output, run int) []int {
		at := androidPositions(input, output, 1, run)
		return positions(output, input, func(i int) int { return at[i] >> 16 })
	}
	return pick(m, along(m.Width, width, androidRun), along(m.Height, height, 1))
}

// sixteenth is where an output position lies between two input positions.
type sixteenth struct {
	lower, upper int
	part         float32 // of 16
}

func androidAxis(input, output, run int) []sixteenth {
	axis := make([]sixteenth, output)
	for i, at := range androidPositions(input, output, 1<<15, run) {
		axis[i] = sixteenth{clamp(at>>16, input), clamp(at>>16+1, input), float32(at >> 12 & 15)}
	}
	return axis
}

func androidBilinear(m Image, width, height int) Image {
	xs, ys := androidAxis(m.Width, width, androidRun), androidAxis(m.Height, height, 1)
	out, stride, in := m.sized(width, height), width*m.Channels, m.Width*m.Channels
	for y, at := range ys {
		lower, upper := at.lower*in, at.upper*in
		if m.Uint8 != nil {
			androidRow(out.Uint8[y*stride:][:stride], m.Uint8[lower:][:in], m.Uint8[upper:][:in], m.Channels, xs, at.part)
		} else {
			androidRow(out.Float32[y*stride:][:stride], m.Float32[lower:][:in], m.Float32[upper:][:in], m.Channels, xs, at.part)
		}
	}
	return out
}

// androidRow weighs in single precision, which is exact for UINT8; making it UINT8 again rounds down.
func androidRow[E uint8 | float32](out, top, bottom []E, channels int, xs []sixteenth, down float32) {
	i := 0
	for _, x := range xs {
		both := x.part * down
		w := [4]float32{256 - 16*x.part - 16*down + both, 16*x.part - both, 16*down - both, both}
		for c := range channels {
			left, right := x.lower*channels+c, x.upper*channels+c
			sum := float32(w[0]*float32(top[left])) + float32(w[1]*float32(top[right])) +
				float32(w[2]*float32(bottom[left])) + float32(w[3]*float32(bottom[right]))
			out[i] = E(sum / 256)
			i++
		}
	}
}
