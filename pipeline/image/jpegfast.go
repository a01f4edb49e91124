package image

import (
	"bytes"
	stdimage "image"
	"image/jpeg"
	"math"
)

// DecodeFast is Decode with libjpeg's fast inverse cosine transform, which TensorFlow decodes JPEG files with unless it is told
// otherwise (dct_method): a step or two off where numbers are large, and darker by half a step. Other formats, and JPEG files of
// other colours than YCbCr and gray, are as Decode makes them.
func DecodeFast(file []byte) (Image, error) {
	m, err := Decode(file)
	if err != nil || !IsJPEG(file) {
		return m, err
	}
	decoded, err := readFast(file)
	if err != nil {
		return Image{}, err
	}
	return fromJPEG(decoded), nil
}

// readFast reads a JPEG file and transforms its components anew, where its tables tell how.
func readFast(file []byte) (stdimage.Image, error) {
	m, err := jpeg.Decode(bytes.NewReader(file))
	tables, ok := quantizationTables(file)
	if err != nil || !ok {
		return m, err
	}
	switch m := m.(type) {
	case *stdimage.YCbCr:
		again(m.Y, m.YStride, tables[0])
		again(m.Cb, m.CStride, tables[1])
		again(m.Cr, m.CStride, tables[2])
	case *stdimage.Gray:
		again(m.Pix, m.Stride, tables[0])
	}
	return m, nil
}

// IsJPEG says whether a file is one by how it begins.
func IsJPEG(file []byte) bool { return begins(file, "\xff\xd8") }

// table is what the coefficients of a block are multiples of, row by row.
type table [64]int32

// zigzag is where in a block the coefficients of a file belong. Source: ITU-T T.81, figure A.6.
var zigzag = [64]int{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// Markers of a JPEG file, behind 0xFF. Source: ITU-T T.81, table B.1.
const (
	markerDQT  = 0xDB
	markerSOS  = 0xDA
	markerSOF0 = 0xC0
	markerSOF2 = 0xC2
)

// quantizationTables are those of a file's components, up to its first scan; false when they aren't all there.
func quantizationTables(file []byte) (of [3]table, ok bool) {
	var tables [4]table
	var known [4]bool
	var uses []byte // the table of each component
	for rest := file[2:]; len(rest) >= 4; {
		if rest[0] != 0xFF || rest[1] == 0xFF { // what fills up before a marker
			rest = rest[1:]
			continue
		}
		marker, size := rest[1], int(rest[2])<<8|int(rest[3])
		if size < 2 || 2+size > len(rest) {
			return of, false
		}
		body := rest[4 : 2+size]
		rest = rest[2+size:]
		switch {
		case marker == markerDQT:
			if !readTables(body, &tables, &known) {
				return of, false
			}
		case marker >= markerSOF0 && marker <= markerSOF2:
			for i := 6; i+3 <= len(body); i += 3 {
				uses = append(uses, body[i+2])
			}
		case marker == markerSOS:
			for i, use := range uses[:min(len(uses), len(of))] {
				if use >= 4 || !known[use] {
					return of, false
				}
				of[i] = tables[use]
			}
			return of, len(uses) == 1 || len(uses) == 3
		}
	}
	return of, false
}

// readTables reads the tables of a DQT segment.
func readTables(body []byte, tables *[4]table, known *[4]bool) bool {
	for len(body) > 0 {
		wide, id := int(body[0]>>4), body[0]&15
		size := 64 * (1 + wide)
		if wide > 1 || id >= 4 || len(body) < 1+size {
			return false
		}
		for i, at := range zigzag {
			if wide == 1 {
				tables[id][at] = int32(body[1+2*i])<<8 | int32(body[2+2*i])
			} else {
				tables[id][at] = int32(body[1+i])
			}
			if tables[id][at] == 0 {
				return false
			}
		}
		known[id] = true
		body = body[1+size:]
	}
	return true
}

// again transforms the blocks of a decoded component anew: its coefficients are those whole multiples of the table that make its
// samples, but for what was cut off at black and white.
func again(pixels []uint8, stride int, t table) {
	for y := 0; (y+8)*stride <= len(pixels); y += 8 {
		for x := 0; x+8 <= stride; x += 8 {
			block := pixels[y*stride+x:]
			coefficients := forward(block, stride)
			var multiples [64]int32
			for i, c := range coefficients {
				multiples[i] = int32(math.Round(c/float64(t[i]))) * fastScale(i, t[i])
			}
			fastInverse(&multiples, block, stride)
		}
	}
}

// cosines are those of the transform: [frequency][sample], with its factors. Source: ITU-T T.81, A.3.3.
var cosines = func() (c [8][8]float64) {
	for u := range c {
		for x := range c[u] {
			c[u][x] = math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) / 2
			if u == 0 {
				c[u][x] /= math.Sqrt2
			}
		}
	}
	return c
}()

// forward is the cosine transform of a block.
func forward(block []uint8, stride int) (out [64]float64) {
	var rows [64]float64
	for y := range 8 {
		for u := range 8 {
			for x, cosine := range cosines[u] {
				rows[8*y+u] += cosine * (float64(block[y*stride+x]) - 128)
			}
		}
	}
	for u := range 8 {
		for v := range 8 {
			for y, cosine := range cosines[v] {
				out[8*v+u] += cosine * rows[8*y+u]
			}
		}
	}
	return out
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
