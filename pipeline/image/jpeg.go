package image

import (
	"bytes"
	stdimage "image"
	"image/jpeg"
)

// decodeJPEG upsamples colours and makes RGB of them as libjpeg-turbo does by default, which Pillow and OpenCV decode with, and
// TensorFlow but for its transform (see DecodeFast). Go repeats colours in place of interpolating them. Its inverse cosine
// transform stays: it rounds in another way.
func decodeJPEG(file []byte) (Image, error) {
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		return Image{}, err
	}
	return fromJPEG(m), nil
}

func fromJPEG(m stdimage.Image) Image {
	switch m := m.(type) {
	case *stdimage.YCbCr:
		return fromYCbCr(m)
	case *stdimage.CMYK:
		return fromCMYK(m)
	}
	return opaque(m)
}

// fromYCbCr is a picture in RGB. Source: libjpeg-turbo's jdsample.c and jdcolor.c.
func fromYCbCr(m *stdimage.YCbCr) Image {
	out := Image{Width: m.Rect.Dx(), Height: m.Rect.Dy(), Channels: 3}
	out.Uint8 = make([]uint8, 3*out.Width*out.Height)
	across, down := subsampling(m.SubsampleRatio)
	width, height := (out.Width+across-1)/across, (out.Height+down-1)/down
	planes := [2]plane{
		{pixels: m.Cb, stride: m.CStride, width: width, height: height},
		{pixels: m.Cr, stride: m.CStride, width: width, height: height},
	}
	cb, cr := make([]uint8, width*across), make([]uint8, width*across)
	for y := range out.Height {
		planes[0].upsample(cb, y, across, down)
		planes[1].upsample(cr, y, across, down)
		luma := m.Y[y*m.YStride:][:out.Width]
		row := out.Uint8[3*y*out.Width:][:3*out.Width]
		for x, l := range luma {
			row[3*x], row[3*x+1], row[3*x+2] = jfif(l, cb[x], cr[x])
		}
	}
	return out
}

func subsampling(ratio stdimage.YCbCrSubsampleRatio) (across, down int) {
	switch ratio {
	case stdimage.YCbCrSubsampleRatio422:
		return 2, 1
	case stdimage.YCbCrSubsampleRatio420:
		return 2, 2
	case stdimage.YCbCrSubsampleRatio440:
		return 1, 2
	case stdimage.YCbCrSubsampleRatio411:
		return 4, 1
	case stdimage.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// jfif is a colour of a JPEG file, from whole numbers of 2^-16.
func jfif(y, cb, cr uint8) (r, g, b uint8) {
	const half = 1 << 15
	l, u, v := int32(y), int32(cb)-128, int32(cr)-128
	return clip8(l + (91881*v+half)>>16), clip8(l + (-22554*u-46802*v+half)>>16), clip8(l + (116130*u+half)>>16)
}

func clip8(v int32) uint8 { return uint8(max(0, min(v, 255))) }

// plane is a component of a picture.
type plane struct {
	pixels                []uint8
	stride, width, height int
}

func (p plane) row(y int) []uint8 { return p.pixels[clamp(y, p.height)*p.stride:][:p.width] }

// upsample makes a row as long as the picture's, from the two rows nearest to it. Only factors of two are interpolated, and
// only where there are more than two columns; others are repeated.
func (p plane) upsample(out []uint8, y, across, down int) {
	near := p.row(y / down)
	switch {
	case across == 1 && down == 2:
		far, bias := p.neighbour(y), int32(1+y%2)
		for x := range out {
			out[x] = uint8((3*int32(near[x]) + int32(far[x]) + bias) >> 2)
		}
	case across == 2 && p.width > 2 && down == 1:
		triangle2(out, near, near, 2, [2]int32{1, 2})
	case across == 2 && p.width > 2 && down == 2:
		triangle2(out, near, p.neighbour(y), 4, [2]int32{8, 7})
	default:
		for x := range out {
			out[x] = near[x/across]
		}
	}
}

// neighbour is the row that the y-th of the picture is next nearest to, with two rows of the picture to one.
func (p plane) neighbour(y int) []uint8 { return p.row(y/2 - 1 + 2*(y%2)) }

// triangle2 makes two columns of each: three parts of the nearest, one of the next. The sums of a column, of near and far, have
// shift bits too many; bias rounds the left and the right one.
func triangle2(out, near, far []uint8, shift int, bias [2]int32) {
	column := func(x int) int32 {
		x = clamp(x, len(near))
		if shift == 2 {
			return int32(near[x])
		}
		return 3*int32(near[x]) + int32(far[x])
	}
	for x := range near {
		sum := 3 * column(x)
		out[2*x] = uint8((sum + column(x-1) + bias[0]) >> shift)
		out[2*x+1] = uint8((sum + column(x+1) + bias[1]) >> shift)
	}
}

// fromCMYK is a picture in RGB, as Pillow and OpenCV make it: each ink takes off its part of what black leaves.
func fromCMYK(m *stdimage.CMYK) Image {
	out := Image{Width: m.Rect.Dx(), Height: m.Rect.Dy(), Channels: 3}
	out.Uint8 = make([]uint8, 0, 3*out.Width*out.Height)
	for y := range out.Height {
		row := m.Pix[y*m.Stride:][:4*out.Width]
		for x := range out.Width {
			light := 255 - int32(row[4*x+3])
			for _, ink := range row[4*x : 4*x+3] {
				product := int32(ink)*light + 128
				out.Uint8 = append(out.Uint8, clip8(light-(product>>8+product)>>8))
			}
		}
	}
	return out
}
