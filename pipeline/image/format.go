package image

import (
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// pixelFormats are the formats whose pixels have their channels in bytes of their own: where red, green and blue are.
var pixelFormats = map[string][]int{
	"rgb": {0, 1, 2}, "bgr": {2, 1, 0}, "rgba": {0, 1, 2}, "bgra": {2, 1, 0}, "argb": {1, 2, 3}, "gray": {0},
}

// Picture is a picture as `decode` would have made it, of one that an app marked in a format of sdk/: RGB, or gray of one
// channel, without alpha. Luma and chroma are taken to be those of BT.601 with luma from 16 to 235, as OpenCV takes them. An array in
// RGB or gray is returned itself.
func Picture(format string, a *step.Array) (*step.Array, error) {
	if len(a.Shape) != 3 || a.Uint8 == nil {
		return nil, fmt.Errorf("a picture in %q is UINT8, height x width x channels; there is %s", format, step.Value{Array: a}.Describe())
	}
	if order, ok := pixelFormats[format]; ok {
		return reordered(a, order)
	}
	i := slices.IndexFunc(yuvFormats, func(f yuvFormat) bool { return f.name == format })
	if i < 0 {
		return nil, fmt.Errorf("there is no format %q", format)
	}
	height, width := a.Shape[0], a.Shape[1]
	if a.Shape[2] == 1 { // rows of chroma count, half as many as of luma
		height = height * 2 / 3
	}
	if width%2 != 0 || height%2 != 0 || width == 0 || height == 0 {
		return nil, fmt.Errorf("a picture in %s of %dx%d: only even sides are read", format, width, height)
	}
	if err := tooLarge(width, height, 3); err != nil {
		return nil, err
	}
	m, err := yuvFormats[i].rgb(a.Uint8, width, height, false)
	if err != nil {
		return nil, err
	}
	return m.Array(), nil
}

// reordered is a picture of those channels in that order.
func reordered(a *step.Array, order []int) (*step.Array, error) {
	m, err := Of(a)
	if err != nil || m.Channels == len(order) && slices.IsSorted(order) {
		return a, err
	}
	if m, err = Channels(m, order); err != nil {
		return nil, err
	}
	return m.Array(), nil
}
