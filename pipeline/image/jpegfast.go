package image

import (
	"errors"
	stdimage "image"
	"math"
)

// DecodeFast is Decode with libjpeg's fast inverse cosine transform, which TensorFlow decodes JPEG files with unless it is told
// otherwise (dct_method): a step or two off where numbers are large, and darker by half a step. Other formats, and JPEG files of
// other colours than YCbCr and gray, are as Decode makes them. It reads the coefficients itself: of image/jpeg's samples they
// can be had only roughly, as a flat block's eight nearest coefficients make the same ones.
func DecodeFast(file []byte) (Image, error) { return decodeFile(file, true) }

func decodeJPEGFast(file []byte) (Image, error) {
	m, err := readFast(file)
	if errors.Is(err, errOtherColours) {
		return decodeJPEG(file)
	}
	if err != nil {
		return Image{}, err
	}
	return fromJPEG(m), nil
}

// readFast makes the components of a JPEG file with the fast transform.
func readFast(file []byte) (stdimage.Image, error) {
	f, err := readJPEG(file)
	if err != nil {
		return nil, err
	}
	if f.rgb() {
		return nil, errOtherColours
	}
	c, whole := f.components, stdimage.Rect(0, 0, f.width, f.height)
	if len(c) == 1 {
		return &stdimage.Gray{Pix: c[0].fast(), Stride: 8 * c[0].stride, Rect: whole}, nil
	}
	ratio, err := f.ratio()
	if err != nil {
		return nil, err
	}
	return &stdimage.YCbCr{
		Y: c[0].fast(), Cb: c[1].fast(), Cr: c[2].fast(),
		YStride: 8 * c[0].stride, CStride: 8 * c[1].stride, SubsampleRatio: ratio, Rect: whole,
	}, nil
}

// IsJPEG says whether a file is one by how it begins.
func IsJPEG(file []byte) bool { return begins(file, "\xff\xd8") }

// fast makes samples of a component's coefficients.
func (c component) fast() []uint8 {
	var scale [64]int32
	for i, step := range c.table {
		scale[i] = fastScale(i, step)
	}
	pixels := make([]uint8, 64*len(c.blocks))
	for i := range c.blocks {
		var multiples [64]int32
		for j, v := range c.blocks[i] {
			multiples[j] = int32(v) * scale[j]
		}
		x, y := i%c.stride, i/c.stride
		fastInverse(&multiples, pixels[(y*8*c.stride+x)*8:], 8*c.stride)
	}
	return pixels
}

// The fast transform's constants. Sources: libjpeg's jidctfst.c (the algorithm of Arai, Agui and Nakajima) and jddctmgr.c.
const (
	fastBits  = 8 // of fractions in its products
	fastExtra = 2 // of fractions of what goes in
	fast1082  = 277
	fast1414  = 362
	fast1847  = 473
	fast2613  = 669
	aanBits   = 14
	fastShift = fastExtra + 3 // of what comes out, which isn't rounded
)

// aan are the factors that the algorithm leaves to the tables: 1, and cos(k*pi/16)*sqrt(2).
var aan = [8]float64{1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.541196100, 0.275899379}

// fastScale is what a coefficient of a table's step is multiplied with.
func fastScale(i int, step int32) int32 {
	const bits = aanBits - fastExtra
	scale := int64(math.Round(aan[i/8] * aan[i%8] * (1 << aanBits)))
	return int32((int64(step)*scale + 1<<(bits-1)) >> bits)
}

// fastInverse makes samples of scaled coefficients: columns first, then rows.
func fastInverse(c *[64]int32, block []uint8, stride int) {
	for x := range 8 {
		var line [8]int32
		for y := range line {
			line[y] = c[8*y+x]
		}
		fastLine(&line)
		for y := range line {
			c[8*y+x] = line[y]
		}
	}
	for y := range 8 {
		line := [8]int32(c[8*y : 8*y+8])
		fastLine(&line)
		for x, v := range line {
			block[y*stride+x] = clip8(v>>fastShift + 128)
		}
	}
}

// fastLine is the transform of one line, in place. Products are cut off, not rounded.
func fastLine(v *[8]int32) {
	by := func(v, factor int32) int32 { return v * factor >> fastBits }

	// The even ones.
	sum, difference := v[0]+v[4], v[0]-v[4]
	inner := v[2] + v[6]
	outer := by(v[2]-v[6], fast1414) - inner
	even := [4]int32{sum + inner, difference + outer, difference - outer, sum - inner}

	// The odd ones.
	z13, z10, z11, z12 := v[5]+v[3], v[5]-v[3], v[1]+v[7], v[1]-v[7]
	z5 := by(z10+z12, fast1847)
	odd7 := z11 + z13
	odd6 := by(z10, -fast2613) + z5 - odd7
	odd5 := by(z11-z13, fast1414) - odd6
	odd4 := by(z12, fast1082) - z5 + odd5

	v[0], v[7] = even[0]+odd7, even[0]-odd7
	v[1], v[6] = even[1]+odd6, even[1]-odd6
	v[2], v[5] = even[2]+odd5, even[2]-odd5
	v[4], v[3] = even[3]+odd4, even[3]-odd4
}
