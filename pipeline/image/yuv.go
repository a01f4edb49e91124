package image

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/pipeline/step"
)

// yuvFormat is how a camera's frame lies in memory: where luma and chroma of a pixel are, as offsets from the place of its block.
type yuvFormat struct {
	name string
	at   func(w, h, x, y int) (luma, u, v int)
	size func(w, h int) int
}

// The formats are those of Android's and Linux's cameras. Source: https://docs.kernel.org/userspace-api/media/v4l/yuv-formats.html.
var yuvFormats = []yuvFormat{
	semiPlanar("nv12", 0), semiPlanar("nv21", 1),
	planar("i420", 0), planar("yv12", 1),
	packed("yuyv", 0), packed("uyvy", 1),
}

// semiPlanar is a plane of luma, then one of pairs of chroma, one for each block of 2x2; first is where U is in a pair.
func semiPlanar(name string, first int) yuvFormat {
	return yuvFormat{name, func(w, h, x, y int) (int, int, int) {
		pair := w*h + y/2*w + x/2*2
		return y*w + x, pair + first, pair + 1 - first
	}, blocksOf2x2}
}

// planar is three planes, that of U the first or the second of chroma.
func planar(name string, first int) yuvFormat {
	return yuvFormat{name, func(w, h, x, y int) (int, int, int) {
		plane, place := w*h/4, w*h+y/2*(w/2)+x/2
		return y*w + x, place + first*plane, place + (1-first)*plane
	}, blocksOf2x2}
}

// packed is two pixels in four bytes, luma in the even ones or in the odd.
func packed(name string, first int) yuvFormat {
	return yuvFormat{name, func(w, h, x, y int) (int, int, int) {
		pair := (y*w + x/2*2) * 2
		return pair + x%2*2 + first, pair + 1 - first, pair + 3 - first
	}, func(w, h int) int { return 2 * w * h }}
}

func blocksOf2x2(w, h int) int { return w * h * 3 / 2 }

// rgb makes RGB of a camera's frame, as ITU-R BT.601 says: of luma from 16 to 235 as OpenCV does, or, full, of luma from 0 to
// 255 as JPEG files have it. Each pixel has its block's chroma.
func (f yuvFormat) rgb(frame []byte, width, height int, full bool) (Image, error) {
	if want := f.size(width, height); len(frame) != want {
		return Image{}, fmt.Errorf("a frame of %dx%d in %s has %d bytes; there are %d", width, height, f.name, want, len(frame))
	}
	convert := bt601
	if full {
		convert = jfif
	}
	out := Image{Width: width, Height: height, Channels: 3, Uint8: make([]uint8, 0, 3*width*height)}
	for y := range height {
		for x := range width {
			luma, u, v := f.at(width, height, x, y)
			r, g, b := convert(frame[luma], frame[u], frame[v])
			out.Uint8 = append(out.Uint8, r, g, b)
		}
	}
	return out, nil
}

// bt601 is a colour in whole numbers of 2^-20. Source: OpenCV's modules/imgproc/src/color_yuv.simd.hpp.
func bt601(y, u, v uint8) (r, g, b uint8) {
	const half = 1 << 19
	luma, cb, cr := max(0, int32(y)-16)*1220542, int32(u)-128, int32(v)-128
	return clip8((luma + 1673527*cr + half) >> 20), clip8((luma - 852492*cr - 409993*cb + half) >> 20), clip8((luma + 2116026*cb + half) >> 20)
}

type yuv struct {
	width, height int
	format        yuvFormat
	full          bool
}

func makeYUV(args *step.Arguments) (step.Step, error) {
	var s yuv
	s.width, s.height = args.Size(maxSide)
	name := args.Word("a format")
	if err := args.Err(); name == "" {
		return nil, err
	}
	s.full = args.Flag("full")
	i := slices.IndexFunc(yuvFormats, func(f yuvFormat) bool { return f.name == name })
	if i < 0 {
		var names []string
		for _, f := range yuvFormats {
			names = append(names, f.name)
		}
		return nil, fmt.Errorf("%q: it takes one of %s", name, strings.Join(names, ", "))
	}
	s.format = yuvFormats[i]
	if s.width%2 != 0 || s.height%2 != 0 {
		return nil, fmt.Errorf("%dx%d: the sides of such a frame are even", s.width, s.height)
	}
	return s, tooLarge(s.width, s.height, 3)
}

// Apply takes bytes, or an array of UINT8 of any shape with as many elements.
func (s yuv) Apply(v step.Value) (step.Value, error) {
	frame := v.Bytes
	if v.Array != nil {
		if frame = v.Array.Uint8; frame == nil {
			return v, fmt.Errorf("it takes a frame's bytes; it was given %s", v.Describe())
		}
	}
	m, err := s.format.rgb(frame, s.width, s.height, s.full)
	if err != nil {
		return v, err
	}
	return step.Value{Array: m.Array()}, nil
}

func (s yuv) String() string {
	words := fmt.Sprintf("yuv %dx%d %s", s.width, s.height, s.format.name)
	if s.full {
		words += " full"
	}
	return words
}
