package image

import stdimage "image"

// fromWebP is a picture in RGB. WebP's luma goes from 16 to 235. Source: libwebp's src/dsp/yuv.h and upsampling.c.
func fromWebP(m *stdimage.YCbCr) Image {
	out := Image{Width: m.Rect.Dx(), Height: m.Rect.Dy(), Channels: 3}
	out.Uint8 = make([]uint8, 0, 3*out.Width*out.Height)
	width, height := (out.Width+1)/2, (out.Height+1)/2
	cb, cr := plane{m.Cb, m.CStride, width, height}, plane{m.Cr, m.CStride, width, height}
	for y := range out.Height {
		nearB, farB, nearR, farR := cb.row(y/2), cb.neighbour(y), cr.row(y/2), cr.neighbour(y)
		for x := range out.Width {
			u, v := diamond(nearB, farB, x), diamond(nearR, farR, x)
			r, g, b := webpColor(int32(m.Y[y*m.YStride+x]), u, v)
			out.Uint8 = append(out.Uint8, r, g, b)
		}
	}
	return out
}

// diamond weighs the four nearest of a plane by 9, 3, 3 and 1, in two rounded steps.
func diamond(near, far []uint8, x int) int32 {
	next := clamp(x/2-1+2*(x%2), len(near))
	a, b, c, d := int32(near[x/2]), int32(near[next]), int32(far[x/2]), int32(far[next])
	return ((a+b+c+d+8+2*(b+c))>>3 + a) >> 1
}

func webpColor(y, u, v int32) (r, g, b uint8) {
	luma := y * 19077 >> 8
	return clip8((luma + v*26149>>8 - 14234) >> 6),
		clip8((luma - u*6419>>8 - v*13320>>8 + 8708) >> 6),
		clip8((luma + u*33050>>8 - 17685) >> 6)
}
