package image

import (
	stdimage "image"
	"image/color"
)

// opaque makes a picture of one of Go's: RGB, without its transparency. Of 16 bits a channel it takes the upper 8, as libpng does.
func opaque(m stdimage.Image) Image {
	bounds := m.Bounds()
	out := Image{Width: bounds.Dx(), Height: bounds.Dy(), Channels: 3}
	switch m := m.(type) {
	case *stdimage.YCbCr:
		return fromWebP(m)
	case *stdimage.NYCbCrA:
		return fromWebP(&m.YCbCr)
	case *stdimage.Paletted:
		out.Uint8 = fromPalette(m)
	case *stdimage.Gray:
		out.Uint8 = repack(out, m.Pix, m.Stride, 1, 0, 0, 0)
	case *stdimage.Gray16:
		out.Uint8 = repack(out, m.Pix, m.Stride, 2, 0, 0, 0)
	case *stdimage.RGBA:
		out.Uint8 = repack(out, m.Pix, m.Stride, 4, 0, 1, 2)
	case *stdimage.NRGBA:
		out.Uint8 = repack(out, m.Pix, m.Stride, 4, 0, 1, 2)
	case *stdimage.RGBA64:
		out.Uint8 = repack(out, m.Pix, m.Stride, 8, 0, 2, 4)
	case *stdimage.NRGBA64:
		out.Uint8 = repack(out, m.Pix, m.Stride, 8, 0, 2, 4)
	default:
		out.Uint8 = anyPixels(m)
	}
	return out
}

// repack takes three bytes of each pixel of size bytes.
func repack(m Image, pixels []byte, stride, size, r, g, b int) []uint8 {
	out := make([]uint8, 0, m.Width*m.Height*3)
	for y := range m.Height {
		row := pixels[y*stride:]
		for x := range m.Width {
			pixel := row[x*size:]
			out = append(out, pixel[r], pixel[g], pixel[b])
		}
	}
	return out
}

func fromPalette(m *stdimage.Paletted) []uint8 {
	palette := make([][3]uint8, 256) // an index past the palette's end is black
	for i, c := range m.Palette {
		nrgba := color.NRGBAModel.Convert(c).(color.NRGBA)
		palette[i] = [3]uint8{nrgba.R, nrgba.G, nrgba.B}
	}
	out := make([]uint8, 0, m.Rect.Dx()*m.Rect.Dy()*3)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			c := palette[m.Pix[y*m.Stride+x]]
			out = append(out, c[:]...)
		}
	}
	return out
}

func anyPixels(m stdimage.Image) []uint8 {
	bounds := m.Bounds()
	out := make([]uint8, 0, bounds.Dx()*bounds.Dy()*3)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := color.NRGBAModel.Convert(m.At(x, y)).(color.NRGBA)
			out = append(out, c.R, c.G, c.B)
		}
	}
	return out
}
