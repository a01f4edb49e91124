package image

import (
	"errors"
	"fmt"
	stdimage "image"
)

// Markers of a JPEG file, behind 0xFF. Source: ITU-T T.81, table B.1.
const (
	markerSOF0  = 0xC0 // sequential
	markerSOF1  = 0xC1 // sequential, with more tables
	markerSOF2  = 0xC2 // progressive
	markerDHT   = 0xC4
	markerRST0  = 0xD0
	markerRST7  = 0xD7
	markerEOI   = 0xD9
	markerSOS   = 0xDA
	markerDQT   = 0xDB
	markerDRI   = 0xDD
	markerAPP0  = 0xE0
	markerAPP14 = 0xEE
)

// mostScans is how many scans a progressive file may have; encoders write about ten.
const mostScans = 500

// errOtherColours is of a file that isn't YCbCr or gray.
var errOtherColours = errors.New("its colours aren't YCbCr or gray")

// table is what the coefficients of a block are multiples of, row by row.
type table [64]int32

// zigzag is where in a block the coefficients of a file belong. Source: ITU-T T.81, figure A.6.
var zigzag = [64]int{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
}

// component is a colour of a JPEG file.
type component struct {
	id, uses     byte        // uses is the number of its table
	across, down int         // blocks in each of the file's units
	wide, high   int         // blocks that the picture needs, which are all that a scan of this component alone has
	stride       int         // blocks in a row, to whole units
	blocks       [][64]int16 // the coefficients, row by row
	table        *table      // the one that was there at its first scan, as libjpeg has it
}

// jpegFile is what is read of a JPEG file: the coefficients, which image/jpeg keeps to itself.
type jpegFile struct {
	width, height      int
	progressive        bool
	unitsX, unitsY     int
	components         []component
	tables             [4]*table
	codes              [2][4]*codes // of DC, of AC
	restart            int          // units between restart markers; 0: there are none
	jfif, adobe, plain bool         // plain: Adobe's marker says that colours aren't transformed
}

// readJPEG reads the coefficients of a sequential or progressive file of 8 bits, in YCbCr or gray. Source: ITU-T T.81, annex B.
func readJPEG(file []byte) (*jpegFile, error) {
	f := new(jpegFile)
	scans := 0
	for rest := file[min(2, len(file)):]; len(rest) >= 2; {
		if rest[0] != 0xFF || rest[1] == 0xFF || rest[1] == 0 { // what fills up before a marker
			rest = rest[1:]
			continue
		}
		marker := rest[1]
		rest = rest[2:]
		if marker == markerEOI {
			break
		}
		if marker >= markerRST0 && marker <= markerRST7 || marker == 1 {
			continue
		}
		if len(rest) < 2 {
			break
		}
		size := int(rest[0])<<8 | int(rest[1])
		if size < 2 || size > len(rest) {
			return nil, fmt.Errorf("a segment (marker %#x) of %d bytes isn't all there", marker, size)
		}
		body := rest[2:size]
		rest = rest[size:]
		if marker != markerSOS {
			if err := f.segment(marker, body); err != nil {
				return nil, err
			}
			continue
		}
		if scans++; scans > mostScans {
			return nil, fmt.Errorf("it has more than %d scans", mostScans)
		}
		s, err := f.newScan(body, rest)
		if err != nil {
			return nil, err
		}
		if err := s.read(); err != nil {
			return nil, err
		}
		rest = s.bits.rest
	}
	for _, c := range f.components {
		if c.table == nil {
			return nil, errors.New("a component is in none of its scans")
		}
	}
	if len(f.components) == 0 {
		return nil, errors.New("it has no picture")
	}
	return f, nil
}

// segment reads one that isn't a scan's.
func (f *jpegFile) segment(marker byte, body []byte) error {
	switch marker {
	case markerSOF0, markerSOF1, markerSOF2:
		f.progressive = marker == markerSOF2
		return f.frame(body)
	case markerDQT:
		return f.readTables(body)
	case markerDHT:
		return f.readCodes(body)
	case markerDRI:
		if len(body) != 2 {
			return errors.New("its restart interval isn't of 2 bytes")
		}
		f.restart = int(body[0])<<8 | int(body[1])
	case markerAPP0:
		f.jfif = f.jfif || begins(body, "JFIF\x00")
	case markerAPP14:
		if begins(body, "Adobe") && len(body) >= 12 {
			f.adobe, f.plain = true, body[11] == 0
		}
	}
	return nil
}

// frame reads the header of the picture.
func (f *jpegFile) frame(body []byte) error {
	switch {
	case f.components != nil:
		return errors.New("it has two pictures")
	case len(body) < 6 || len(body) != 6+3*int(body[5]):
		return errors.New("its frame header has another length than it says")
	case body[0] != 8:
		return fmt.Errorf("it has %d bits a sample, not 8", body[0])
	case body[5] != 1 && body[5] != 3:
		return errOtherColours
	}
	f.height, f.width = int(body[1])<<8|int(body[2]), int(body[3])<<8|int(body[4])
	if err := tooLarge(f.width, f.height, 3); err != nil || f.width < 1 || f.height < 1 {
		return fmt.Errorf("it can't be %dx%d", f.width, f.height)
	}
	across, down := 1, 1
	for b := body[6:]; len(b) > 0; b = b[3:] {
		c := component{id: b[0], across: int(b[1] >> 4), down: int(b[1] & 15), uses: b[2]}
		if c.across < 1 || c.across > 4 || c.down < 1 || c.down > 4 || c.uses > 3 {
			return errors.New("a component's sampling or table can't be")
		}
		across, down = max(across, c.across), max(down, c.down)
		f.components = append(f.components, c)
	}
	f.unitsX, f.unitsY = upTo(f.width, 8*across), upTo(f.height, 8*down)
	for i := range f.components {
		c := &f.components[i]
		c.wide, c.high = upTo(f.width*c.across, 8*across), upTo(f.height*c.down, 8*down)
		c.stride = f.unitsX * c.across
		c.blocks = make([][64]int16, c.stride*f.unitsY*c.down)
	}
	return nil
}

// upTo is how many parts of a size cover a length.
func upTo(length, size int) int { return (length + size - 1) / size }

// readTables reads the tables of a DQT segment.
func (f *jpegFile) readTables(body []byte) error {
	for len(body) > 0 {
		wide, id := int(body[0]>>4), body[0]&15
		size := 64 * (1 + wide)
		if wide > 1 || id > 3 || len(body) < 1+size {
			return errors.New("a quantization table can't be read")
		}
		t := new(table)
		for i, at := range zigzag {
			if wide == 1 {
				t[at] = int32(body[1+2*i])<<8 | int32(body[2+2*i])
			} else {
				t[at] = int32(body[1+i])
			}
		}
		f.tables[id] = t
		body = body[1+size:]
	}
	return nil
}

// rgb says whether a file of three components is one of red, green and blue. Source: libjpeg's jdapimin.c, default_decompress_parms.
func (f *jpegFile) rgb() bool {
	c := f.components
	switch {
	case len(c) != 3 || f.jfif:
		return false
	case f.adobe:
		return f.plain
	}
	return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B'
}

// ratio is how the components are sampled, in image's words.
func (f *jpegFile) ratio() (stdimage.YCbCrSubsampleRatio, error) {
	y, cb, cr := f.components[0], f.components[1], f.components[2]
	if cb.across == cr.across && cb.down == cr.down && y.across%cb.across == 0 && y.down%cb.down == 0 {
		switch [2]int{y.across / cb.across, y.down / cb.down} {
		case [2]int{1, 1}:
			return stdimage.YCbCrSubsampleRatio444, nil
		case [2]int{1, 2}:
			return stdimage.YCbCrSubsampleRatio440, nil
		case [2]int{2, 1}:
			return stdimage.YCbCrSubsampleRatio422, nil
		case [2]int{2, 2}:
			return stdimage.YCbCrSubsampleRatio420, nil
		case [2]int{4, 1}:
			return stdimage.YCbCrSubsampleRatio411, nil
		case [2]int{4, 2}:
			return stdimage.YCbCrSubsampleRatio410, nil
		}
	}
	return 0, errors.New("its components are sampled in a way that isn't known")
}
