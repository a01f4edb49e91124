package image

import "math"

// OpenCV resizes along rows, then along columns, and rounds at the end. Weights for UINT8 are whole numbers of 2^-11.
// Source: modules/imgproc/src/resize.cpp, the path without IPP, which is that of arm64.

// openCV is what cv2.resize does.
var openCV = []Method{
	{"opencv", "nearest", "", "cv2.resize(INTER_NEAREST)", openCVNearest},
	{"opencv", "nearest-exact", "", "cv2.resize(INTER_NEAREST_EXACT)", openCVNearestExact},
	{"opencv", "linear", "", "cv2.resize(INTER_LINEAR)", openCVLinear},
	{"opencv", "linear-exact", "", "cv2.resize(INTER_LINEAR_EXACT)", openCVLinearExact},
	{"opencv", "cubic", "", "cv2.resize(INTER_CUBIC)", openCVTaps(cubicTaps, cubicLanes)},
	{"opencv", "area", "", "cv2.resize(INTER_AREA)", openCVArea},
	{"opencv", "lanczos4", "", "cv2.resize(INTER_LANCZOS4)", openCVTaps(lanczos4Taps, 0)},
}

// openCVBits are those behind the point of a weight (INTER_RESIZE_COEF_BITS).
const openCVBits = 11

// openCVScale is the input positions that an output position is wide, computed as OpenCV does.
func openCVScale(input, output int) float64 { return 1 / (float64(output) / float64(input)) }

func openCVNearest(m Image, width, height int) Image {
	along := func(input, output int) []int {
		scale := openCVScale(input, output)
		return positions(output, input, func(i int) int { return int(math.Floor(float64(i) * scale)) })
	}
	return pick(m, along(m.Width, width), along(m.Height, height))
}

// openCVNearestExact counts from pixels' centres, in whole numbers of 2^-16.
func openCVNearestExact(m Image, width, height int) Image {
	along := func(input, output int) []int {
		step := (input<<16 + output/2) / output
		first := step/2 - input%2
		return positions(output, input, func(i int) int { return (step*i + first) >> 16 })
	}
	return pick(m, along(m.Width, width), along(m.Height, height))
}

func openCVLinear(m Image, width, height int) Image {
	if m.Width == 2*width && m.Height == 2*height {
		return openCVArea(m, width, height)
	}
	return linear(m, linearTaps(m.Width, width, columns), linearTaps(m.Height, height, rows))
}

// side is what an axis goes along. Beyond the first and the last column, linear takes that column alone; beyond the
// first and the last row, that row twice: each part of it is rounded.
type side bool

const (
	columns side = false
	rows    side = true
)

// linear is two taps a side. The sums of two rows lose bits before they are weighed.
func linear(m Image, xs, ys axis[float32]) Image {
	if m.Float32 != nil {
		return acrossDown(m, xs, ys)
	}
	out, stride := m.sized(len(xs), len(ys)), len(xs)*m.Channels
	sums := rowSums(m, fixed(xs), ys.used(m.Height))
	for y, taps := range fixed(ys) {
		values := out.Uint8[y*stride:][:stride]
		top, bottom := sums[taps[0].at], sums[taps[1].at]
		for i, v := range top {
			values[i] = uint8((((v>>4)*taps[0].weight)>>16 + ((bottom[i]>>4)*taps[1].weight)>>16 + 2) >> 2)
		}
	}
	return out
}

// linearTaps are the two taps of each output position.
func linearTaps(input, output int, along side) axis[float32] {
	a, scale := make(axis[float32], output), openCVScale(input, output)
	for i := range a {
		at := float32((float64(i)+0.5)*scale - 0.5)
		whole := floor(at)
		a[i] = between(int(whole), at-whole, input, along)
	}
	return a
}

func between(whole int, part float32, input int, along side) []tap[float32] {
	if along == columns && (whole < 0 || whole >= input-1) {
		whole, part = clamp(whole, input), 0
	}
	return []tap[float32]{{clamp(whole, input), 1 - part}, {clamp(whole+1, input), part}}
}

// openCVTaps is a method of weights that depend on the distance alone. Of as many elements of a row as fill lanes, rows are
// summed in single precision.
func openCVTaps(weights func(x float32) []float32, lanes int) func(Image, int, int) Image {
	along := func(input, output int) axis[float32] {
		a, scale := make(axis[float32], output), openCVScale(input, output)
		for i := range a {
			at := float32((float64(i)+0.5)*scale - 0.5)
			whole := floor(at)
			w := weights(at - whole)
			for k := range w {
				a[i] = append(a[i], tap[float32]{clamp(int(whole)+k+1-len(w)/2, input), w[k]})
			}
		}
		return a
	}
	return func(m Image, width, height int) Image {
		xs, ys := along(m.Width, width), along(m.Height, height)
		if m.Float32 != nil {
			return acrossDown(m, xs, ys)
		}
		return acrossDownFixed(m, fixed(xs), fixed(ys), lanes)
	}
}

// cubicTaps is Keys' kernel with a = -3/4.
func cubicTaps(x float32) []float32 {
	const a = -0.75
	w := []float32{
		((a*(x+1)-5*a)*(x+1)+8*a)*(x+1) - 4*a,
		((a+2)*x-(a+3))*x*x + 1,
		((a+2)*(1-x)-(a+3))*(1-x)*(1-x) + 1,
		0,
	}
	w[3] = 1 - w[0] - w[1] - w[2]
	return w
}

// lanczos4Taps turns an angle by 45 degrees from tap to tap, so that one sine and one cosine do for all eight.
func lanczos4Taps(x float32) []float32 {
	const half = 0.70710678118654752440084436210485 // the square root of 1/2
	turns := [8][2]float64{{1, 0}, {-half, -half}, {0, 1}, {half, -half}, {-1, 0}, {half, half}, {0, -1}, {-half, half}}
	w := make([]float32, len(turns))
	if x < 0x1p-23 {
		w[3] = 1
		return w
	}
	var sum float32
	sin, cos := math.Sincos(-float64(x+3) * math.Pi * 0.25)
	for i, turn := range turns {
		y := -(float64(x) + 3 - float64(i)) * math.Pi * 0.25
		w[i] = float32((turn[0]*sin + turn[1]*cos) / (y * y))
		sum += w[i]
	}
	for i := range w {
		w[i] *= 1 / sum
	}
	return w
}

// fixed makes weights whole numbers of 2^-openCVBits.
func fixed(a axis[float32]) axis[int32] {
	out := make(axis[int32], len(a))
	for i, taps := range a {
		out[i] = make([]tap[int32], len(taps))
		for k, t := range taps {
			out[i][k] = tap[int32]{t.at, int32(math.RoundToEven(float64(t.weight * (1 << openCVBits))))}
		}
	}
	return out
}

// rowSums are the sums along the rows that are used, nil for the others.
func rowSums(m Image, xs axis[int32], used []bool) [][]int32 {
	rows, stride := make([][]int32, m.Height), m.Width*m.Channels
	for y := range rows {
		if used[y] {
			rows[y] = make([]int32, len(xs)*m.Channels)
			across(rows[y], m.Uint8[y*stride:][:stride], m.Channels, xs)
		}
	}
	return rows
}

// acrossDownFixed sums rows, then columns.
func acrossDownFixed(m Image, xs, ys axis[int32], lanes int) Image {
	out, stride := m.sized(len(xs), len(ys)), len(xs)*m.Channels
	sums, single := rowSums(m, xs, ys.used(m.Height)), 0
	if lanes > 0 {
		single = stride - stride%lanes
	}
	for y, taps := range ys {
		values := out.Uint8[y*stride:][:stride]
		downSingle(values[:single], sums, taps)
		downWhole(values, sums, taps, single)
	}
	return out
}

// downWhole sums rows in whole numbers, from a position on, and rounds half up.
func downWhole(out []uint8, rows [][]int32, taps []tap[int32], from int) {
	for i := from; i < len(out); i++ {
		var sum int32
		for _, t := range taps {
			sum += rows[t.at][i] * t.weight
		}
		out[i] = uint8(max(0, min((sum+1<<(2*openCVBits-1))>>(2*openCVBits), 255)))
	}
}

// cubicLanes is how many elements OpenCV's vectors of 128 bits take at once: those of SSE2, and of NEON.
const cubicLanes = 8

// downSingle sums rows in single precision, the last first, and rounds half to even.
func downSingle(out []uint8, rows [][]int32, taps []tap[int32]) {
	for i := range out {
		var sum float32
		for k := len(taps) - 1; k >= 0; k-- {
			weight := float32(taps[k].weight) * (1.0 / (1 << (2 * openCVBits)))
			sum += float32(float32(rows[taps[k].at][i]) * weight)
		}
		out[i] = nearest8(sum)
	}
}

// acrossDown sums rows, then columns, in single precision.
func acrossDown(m Image, xs, ys axis[float32]) Image {
	out, in, stride := m.sized(len(xs), len(ys)), m.Width*m.Channels, len(xs)*m.Channels
	rows := make([]float32, m.Height*stride)
	for y, used := range ys.used(m.Height) {
		if used {
			across(rows[y*stride:][:stride], m.Float32[y*in:][:in], m.Channels, xs)
		}
	}
	for y, taps := range ys {
		down(out.Float32[y*stride:][:stride], rows, taps)
	}
	return out
}
