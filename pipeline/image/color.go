package image

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Channels takes channels in another order: {2, 1, 0} makes BGR of RGB. Each must be one that the picture has.
func Channels(m Image, order []int) (Image, error) {
	if slices.Max(order) >= m.Channels {
		return m, fmt.Errorf("it takes channel %d; the picture has %d", slices.Max(order)+1, m.Channels)
	}
	out := m
	out.Channels = len(order)
	if m.Uint8 != nil {
		out.Uint8 = reorder(m.Uint8, m.Channels, order)
	} else {
		out.Float32 = reorder(m.Float32, m.Channels, order)
	}
	return out, nil
}

func reorder[E number](in []E, channels int, order []int) []E {
	out := make([]E, 0, len(in)/channels*len(order))
	for i := 0; i < len(in); i += channels {
		for _, c := range order {
			out = append(out, in[i+c])
		}
	}
	return out
}

// grayscale is how a library makes gray of red, green and blue: whole numbers of 2^-shift, rounded half up or down.
type grayscale struct {
	name    string
	weights [3]int32
	shift   int
	down    bool
}

// All of them stand for 0.299, 0.587, 0.114 of ITU-R BT.601, but TensorFlow's, which has four digits of it and single precision.
var (
	grayPillow = grayscale{"", [3]int32{19595, 38470, 7471}, 16, false}      // src/libImaging/Convert.c
	grayOpenCV = grayscale{"opencv", [3]int32{9798, 19235, 3735}, 15, false} // modules/imgproc/src/color.hpp
	grayPNG    = grayscale{"", [3]int32{9797, 19234, 3737}, 15, true}        // libpng's pngrtran.c, as OpenCV asks for it
	grayTF     = grayscale{name: "tf"}                                       // python/ops/image_ops_impl.py, rgb_to_grayscale
	grayscales = map[string]grayscale{"": grayPillow, "opencv": grayOpenCV, "tf": grayTF}
)

var tfGray = [3]float32{0.2989, 0.5870, 0.1140}

// Gray makes one channel of three. A picture with one channel is shared.
func Gray(m Image, g grayscale) Image {
	if m.Channels < 3 {
		return m
	}
	out := Image{Width: m.Width, Height: m.Height, Channels: 1}
	if m.Uint8 != nil && g.shift != 0 {
		out.Uint8 = make([]uint8, m.Width*m.Height)
		for i := range out.Uint8 {
			p := m.Uint8[i*m.Channels:]
			sum := int32(p[0])*g.weights[0] + int32(p[1])*g.weights[1] + int32(p[2])*g.weights[2]
			if !g.down {
				sum += 1 << (g.shift - 1)
			}
			out.Uint8[i] = uint8(sum >> g.shift)
		}
		return out
	}
	in := m.floats()
	out.Float32 = make([]float32, m.Width*m.Height)
	for i := range out.Float32 {
		for c, w := range g.singles() {
			out.Float32[i] += float32(in.Float32[i*m.Channels+c] * w)
		}
	}
	return out.as8(m.Uint8 != nil)
}

func (g grayscale) singles() [3]float32 {
	if g.shift == 0 {
		return tfGray
	}
	return [3]float32{0.299, 0.587, 0.114}
}

// as8 makes elements UINT8, rounded down, if that is wanted.
func (m Image) as8(wanted bool) Image {
	if !wanted {
		return m
	}
	m.Uint8 = make([]uint8, len(m.Float32))
	for i, v := range m.Float32 {
		m.Uint8[i] = uint8(max(0, min(v, 255)))
	}
	m.Float32 = nil
	return m
}

// orders are what color makes of RGB: the place of each channel in it.
var orders = map[string][]int{
	"rgb": {0, 1, 2}, "rbg": {0, 2, 1}, "grb": {1, 0, 2}, "gbr": {1, 2, 0}, "brg": {2, 0, 1}, "bgr": {2, 1, 0},
}

type colorStep struct {
	name string
	gray grayscale
}

func makeColor(args *step.Arguments) (step.Step, error) {
	c := colorStep{name: args.Word("an order of channels: rgb, bgr, gray")}
	if c.name == "gray" {
		c.gray = grayscales[args.Choice("opencv", "tf")]
		return c, nil
	}
	if orders[c.name] == nil {
		return nil, fmt.Errorf("%q: it takes an order of the letters rgb, or gray", c.name)
	}
	return c, nil
}

// Apply makes three channels of one where the step is for three, and leaves a fourth out.
func (c colorStep) Apply(v step.Value) (step.Value, error) {
	return apply(v, func(m Image) (Image, error) {
		switch {
		case c.name == "gray":
			if m.Channels != 1 && m.Channels < 3 {
				return m, fmt.Errorf("it takes 1, 3 or 4 channels; the picture has %d", m.Channels)
			}
			return Gray(m, c.gray), nil
		case m.Channels == 1:
			return Channels(m, []int{0, 0, 0})
		}
		return Channels(m, orders[c.name])
	})
}

func (c colorStep) String() string { return strings.TrimSpace("color " + c.name + " " + c.gray.name) }
