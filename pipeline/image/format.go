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
	return yuvPicture(format, a, false)
}

func yuvPicture(format string, a *step.Array, full bool) (*step.Array, error) {
	i := slices.IndexFunc(yuvFormats, func(f yuvFormat) bool { return f.name == format })
	if i < 0 {
		return nil, fmt.Errorf("there is no format %q", format)
	}
	height, width := yuvSides(a)
	if width%2 != 0 || height%2 != 0 || width == 0 || height == 0 {
		return nil, fmt.Errorf("a picture in %s of %dx%d: only even sides are read", format, width, height)
	}
	if err := tooLarge(width, height, 3); err != nil {
		return nil, err
	}
	m, err := yuvFormats[i].rgb(a.Uint8, width, height, full)
	if err != nil {
		return nil, err
	}
	return m.Array(), nil
}

// yuvSides are those of the picture of a frame: where its rows of chroma count, they are half as many as of luma.
func yuvSides(a *step.Array) (height, width int) {
	if a.Shape[2] == 1 {
		return a.Shape[0] * 2 / 3, a.Shape[1]
	}
	return a.Shape[0], a.Shape[1]
}

// Reading is what an app sees that takes a frame's bytes for another picture than they are.
type Reading struct {
	Format  string // that it takes them for
	Full    bool   // it takes luma to go from 0 to 255: which it is, no format says
	Step    string // that makes the picture of the frame's bytes; empty: none does
	Picture func() (*step.Array, error)
}

// Misreadings are the ways in which a frame in a format may be read otherwise than Picture does: other formats of as many bytes, and
// luma from 0 to 255. Formats that differ only in the order of red, green and blue are not among them.
func Misreadings(format string, a *step.Array) []Reading {
	if len(a.Shape) != 3 {
		return nil
	}
	var all []Reading
	if order, ok := pixelFormats[format]; ok && a.Shape[2] == 4 {
		others := map[bool]string{true: "rgba", false: "argb"} // alpha last or first
		other := others[slices.Contains(order, 3)]
		return []Reading{{Format: other, Picture: func() (*step.Array, error) { return reordered(a, pixelFormats[other]) }}}
	}
	at := slices.IndexFunc(yuvFormats, func(f yuvFormat) bool { return f.name == format })
	if at < 0 {
		return nil
	}
	for _, full := range []bool{false, true} {
		for _, f := range yuvFormats {
			if same := f.name == format; (!same || full) && f.size(2, 2) == yuvFormats[at].size(2, 2) {
				height, width := yuvSides(a)
				s := yuv{width, height, f, full}
				all = append(all, Reading{f.name, full, s.String(), func() (*step.Array, error) { return yuvPicture(f.name, a, full) }})
			}
		}
	}
	return all
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
