package image

import "math"

// TensorFlow resizes in single precision. Sources: tensorflow/core/kernels/image/resize_*_op.cc, image_resizer_state.h
// and scale_and_translate_op.cc for what is computed; python/ops/image_ops_impl.py for which of them a call uses.

// tensorflow1 is what tf.compat.v1.image.resize does, and TensorFlow's C++ and Java apps of that time.
var tensorflow1 = []Method{
	{"tf1", "nearest", "", "tf.compat.v1.image.resize_nearest_neighbor", tfNearest(legacy)},
	{"tf1", "nearest", "align-corners", "the same with align_corners", tfNearest(aligned)},
	{"tf1", "bilinear", "", "tf.compat.v1.image.resize_bilinear", tfBilinear(legacy)},
	{"tf1", "bilinear", "align-corners", "the same with align_corners", tfBilinear(aligned)},
	{"tf1", "bicubic", "", "tf.compat.v1.image.resize_bicubic", tfBicubic(legacy)},
	{"tf1", "bicubic", "align-corners", "the same with align_corners", tfBicubic(aligned)},
	{"tf1", "area", "", "tf.compat.v1.image.resize_area", tfArea(legacy)},
	{"tf1", "area", "align-corners", "the same with align_corners", tfArea(aligned)},
}

// tensorflow2 is what tf.image.resize does. TensorFlow 1's half_pixel_centers makes the same.
var tensorflow2 = []Method{
	{"tf2", "nearest", "", "tf.image.resize(method=nearest)", tfNearest(halfPixel)},
	{"tf2", "bilinear", "", "tf.image.resize(method=bilinear)", tfBilinear(halfPixel)},
	{"tf2", "bilinear", "antialias", "the same with antialias", tfScale(triangle, 1, true)},
	{"tf2", "bicubic", "", "tf.image.resize(method=bicubic)", tfBicubic(halfPixel)},
	{"tf2", "bicubic", "antialias", "the same with antialias", tfScale(keysCubic, 2, true)},
	{"tf2", "area", "", "tf.image.resize(method=area)", tfArea(legacy)},
	{"tf2", "lanczos3", "", "tf.image.resize(method=lanczos3)", tfScale(lanczos(3), 3, false)},
	{"tf2", "lanczos3", "antialias", "the same with antialias", tfScale(lanczos(3), 3, true)},
	{"tf2", "lanczos5", "", "tf.image.resize(method=lanczos5)", tfScale(lanczos(5), 5, false)},
	{"tf2", "lanczos5", "antialias", "the same with antialias", tfScale(lanczos(5), 5, true)},
	{"tf2", "gaussian", "", "tf.image.resize(method=gaussian)", tfScale(gaussian, gaussianRadius, false)},
	{"tf2", "gaussian", "antialias", "the same with antialias", tfScale(gaussian, gaussianRadius, true)},
	{"tf2", "mitchellcubic", "", "tf.image.resize(method=mitchellcubic)", tfScale(mitchell, 2, false)},
	{"tf2", "mitchellcubic", "antialias", "the same with antialias", tfScale(mitchell, 2, true)},
}

// coordinates is how output positions stand to input positions.
type coordinates int

const (
	legacy    coordinates = iota // corner to corner of the pixels' grid, positions counted from pixels' corners
	aligned                      // the centres of the corner pixels stay where they are
	halfPixel                    // positions counted from pixels' centres
)

// scale is the input positions that an output position is wide (CalculateResizeScale). A side of one pixel has no corners to
// align: TensorFlow 2.20's areas of it are those of legacy.
func (c coordinates) scale(input, output int) float32 {
	if c == aligned && output > 1 && input > 1 {
		return float32(input-1) / float32(output-1)
	}
	return float32(input) / float32(output)
}

// at is the input position of an output position.
func (c coordinates) at(i int, scale float32) float32 {
	if c == halfPixel {
		return float32((float32(i)+0.5)*scale) - 0.5
	}
	return float32(float32(i) * scale)
}

func tfNearest(c coordinates) func(Image, int, int) Image {
	along := func(input, output int) []int {
		scale := c.scale(input, output)
		return positions(output, input, func(i int) int {
			switch c {
			case aligned:
				return int(math.Round(float64(float32(i) * scale)))
			case halfPixel:
				return int(floor((float32(i) + 0.5) * scale))
			}
			return int(floor(float32(i) * scale))
		})
	}
	return func(m Image, width, height int) Image {
		return pick(m, along(m.Width, width), along(m.Height, height))
	}
}

// lerp is where an output position lies between two input positions.
type lerp struct {
	lower, upper int
	t            float32
}

func (c coordinates) lerps(input, output int) []lerp {
	scale, out := c.scale(input, output), make([]lerp, output)
	for i := range out {
		at := c.at(i, scale)
		whole := floor(at)
		out[i] = lerp{max(int(whole), 0), min(int(whole)+1, input-1), at - whole}
	}
	return out
}

func tfBilinear(c coordinates) func(Image, int, int) Image {
	return func(m Image, width, height int) Image {
		xs, ys := c.lerps(m.Width, width), c.lerps(m.Height, height)
		if m.Uint8 != nil {
			return bilinear(m, m.Uint8, xs, ys)
		}
		return bilinear(m, m.Float32, xs, ys)
	}
}

// bilinear goes along rows first, then between two of them.
func bilinear[I number](m Image, in []I, xs, ys []lerp) Image {
	out := Image{Width: len(xs), Height: len(ys), Channels: m.Channels, Float32: make([]float32, len(xs)*len(ys)*m.Channels)}
	stride, width := m.Width*m.Channels, len(xs)*m.Channels
	type row struct {
		y      int
		values []float32
	}
	top, bottom := row{-1, make([]float32, width)}, row{-1, make([]float32, width)}
	for i, y := range ys {
		if top.y != y.lower {
			top, bottom = bottom, top
		}
		for _, r := range []struct {
			row *row
			y   int
		}{{&top, y.lower}, {&bottom, y.upper}} {
			if r.row.y != r.y {
				r.row.y = r.y
				lerpRow(r.row.values, in[r.y*stride:][:stride], m.Channels, xs)
			}
		}
		values := out.Float32[i*width:][:width]
		for j, v := range top.values {
			values[j] = v + float32((bottom.values[j]-v)*y.t)
		}
	}
	return out
}

func lerpRow[I number](out []float32, row []I, channels int, xs []lerp) {
	i := 0
	for _, x := range xs {
		left, right := row[x.lower*channels:][:channels], row[x.upper*channels:][:channels]
		for c, l := range left {
			out[i] = float32(l) + float32((float32(right[c])-float32(l))*x.t)
			i++
		}
	}
}

// tfArea weighs input pixels by how much of them an output pixel covers. A position that ends in a pixel's last millionth
// may reach past the last pixel, which then counts again.
func tfArea(c coordinates) func(Image, int, int) Image {
	return func(m Image, width, height int) Image {
		m = m.floats()
		xScale, yScale := c.scale(m.Width, width), c.scale(m.Height, height)
		xs, ys := coverage(m.Width, width, xScale), coverage(m.Height, height, yScale)
		out := m.sized(width, height)
		row, stride := make([]float32, m.Width*m.Channels), width*m.Channels
		scale := 1 / (xScale * yScale)
		for y, taps := range ys {
			down(row, m.Float32, taps)
			values := out.Float32[y*stride:][:stride]
			across(values, row, m.Channels, xs)
			for i := range values {
				values[i] *= scale
			}
		}
		return out
	}
}

func coverage(input, output int, scale float32) axis[float32] {
	a := make(axis[float32], output)
	for i := range a {
		from, to := float32(float32(i)*scale), float32(float32(i+1)*scale)
		for at := int(floor(from)); at < int(math.Ceil(float64(to))); at++ {
			weight := float32(1)
			switch begins, ends := float32(at) < from, float32(at+1) > to; {
			case begins && ends:
				weight = scale
			case begins:
				weight = float32(at+1) - from
			case ends:
				weight = to - float32(at)
			}
			a[i] = append(a[i], tap[float32]{clamp(at, input), weight})
		}
	}
	return a
}

func floor(v float32) float32 { return float32(math.Floor(float64(v))) }
