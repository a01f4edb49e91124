package image

import (
	"errors"
	"fmt"
)

// codes is a Huffman code. Source: ITU-T T.81, annexes C and F.2.2.3.
type codes struct {
	limit  [17]uint32 // by length: what 16 bits that begin with such a code are less than
	first  [17]int    // where in values the codes of a length would begin if the least one were 0
	values []byte
}

// readCodes reads the codes of a DHT segment.
func (f *jpegFile) readCodes(body []byte) error {
	bad := errors.New("a Huffman code can't be read")
	for len(body) > 0 {
		class, id := body[0]>>4, body[0]&15
		if class > 1 || id > 3 || len(body) < 17 {
			return bad
		}
		c := new(codes)
		next, n := uint32(0), 0
		for length := 1; length <= 16; length++ {
			count := int(body[length])
			c.first[length] = n - int(next)
			next, n = next+uint32(count), n+count
			if next > 1<<length {
				return bad
			}
			c.limit[length] = next << (16 - length)
			next <<= 1
		}
		if len(body) < 17+n {
			return bad
		}
		c.values = body[17 : 17+n]
		f.codes[class][id] = c
		body = body[17+n:]
	}
	return nil
}

// bits reads those of a scan, up to the next marker; behind them are zeros.
type bits struct {
	rest   []byte
	held   uint64
	n      int
	beyond int // how many of those that are held aren't the file's
	bad    bool
}

func (b *bits) fill() {
	for b.n <= 48 {
		v := byte(0)
		switch {
		case len(b.rest) > 0 && b.rest[0] != 0xFF:
			v, b.rest = b.rest[0], b.rest[1:]
		case len(b.rest) > 1 && b.rest[1] == 0:
			v, b.rest = 0xFF, b.rest[2:]
		default:
			b.beyond += 8
		}
		b.held, b.n = b.held<<8|uint64(v), b.n+8
	}
}

// take takes up to 16 bits.
func (b *bits) take(n int) int32 {
	if b.n < n {
		b.fill()
	}
	b.n -= n
	b.bad = b.bad || b.n < b.beyond
	return int32(b.held >> b.n & (1<<n - 1))
}

// value takes a code's value.
func (b *bits) value(c *codes) int {
	if b.n < 16 {
		b.fill()
	}
	ahead := uint32(b.held>>(b.n-16)) & 0xFFFF
	for length := 1; length <= 16; length++ {
		if ahead < c.limit[length] {
			b.take(length)
			return int(c.values[c.first[length]+int(ahead>>(16-length))])
		}
	}
	b.bad = true
	return 0
}

// signed takes a number of so many bits, which begins with 0 when it is negative. Source: ITU-T T.81, figure F.12.
func (b *bits) signed(n int) int32 {
	if n > 16 {
		b.bad = true
		return 0
	}
	v := b.take(n)
	if n > 0 && v < 1<<(n-1) {
		v -= 1<<n - 1
	}
	return v
}

// restart goes on behind the next restart marker, and says whether there is one.
func (b *bits) restart() bool {
	*b = bits{rest: b.rest, bad: b.bad}
	for len(b.rest) > 1 && b.rest[0] == 0xFF && b.rest[1] == 0xFF {
		b.rest = b.rest[1:]
	}
	if len(b.rest) < 2 || b.rest[0] != 0xFF || b.rest[1] < markerRST0 || b.rest[1] > markerRST7 {
		return false
	}
	b.rest = b.rest[2:]
	return true
}

// scan is a pass over the blocks of some components.
type scan struct {
	file        *jpegFile
	of          []scanned
	first, last int // the coefficients, in zigzag order
	refines     bool
	low         int // the bit that it is about
	bits        bits
	ended       int32 // how many blocks have nothing more, in a progressive file
}

type scanned struct {
	*component
	dc, ac *codes
	before int32 // the DC coefficient of the last block
}

func (f *jpegFile) newScan(header, data []byte) (*scan, error) {
	if len(header) < 1 || len(header) != 4+2*int(header[0]) || header[0] < 1 || int(header[0]) > len(f.components) {
		return nil, errors.New("a scan's header can't be read")
	}
	n := int(header[0])
	s := &scan{file: f, last: 63, bits: bits{rest: data}}
	if how := header[1+2*n:]; f.progressive {
		s.first, s.last, s.refines, s.low = int(how[0]), int(how[1]), how[2]>>4 != 0, int(how[2]&15)
		if s.last > 63 || s.low > 13 || s.first > s.last || s.first == 0 && s.last > 0 || s.first > 0 && n > 1 {
			return nil, fmt.Errorf("a scan of the coefficients %d to %d can't be", s.first, s.last)
		}
	}
	for i := range n {
		id, uses := header[1+2*i], header[2+2*i]
		c, err := f.component(id)
		if err != nil {
			return nil, err
		}
		for _, other := range s.of {
			if other.component == c {
				return nil, fmt.Errorf("a scan has component %d twice", id)
			}
		}
		one := scanned{component: c}
		if uses>>4 <= 3 && uses&15 <= 3 {
			one.dc, one.ac = f.codes[0][uses>>4], f.codes[1][uses&15]
		}
		if s.first == 0 && !s.refines && one.dc == nil || s.last > 0 && one.ac == nil {
			return nil, fmt.Errorf("a scan of component %d has no Huffman code", id)
		}
		s.of = append(s.of, one)
	}
	return s, nil
}

// component is the one of an id, with its table.
func (f *jpegFile) component(id byte) (*component, error) {
	for i := range f.components {
		c := &f.components[i]
		if c.id != id {
			continue
		}
		if c.table == nil {
			c.table = f.tables[c.uses]
		}
		if c.table == nil {
			return nil, fmt.Errorf("component %d has no quantization table", id)
		}
		return c, nil
	}
	return nil, fmt.Errorf("a scan has a component %d that isn't the picture's", id)
}

// read reads the blocks: of several components in units, of one alone row by row.
func (s *scan) read() error {
	across, down := s.file.unitsX, s.file.unitsY
	if len(s.of) == 1 {
		across, down = s.of[0].wide, s.of[0].high
	}
	for unit := range across * down {
		if every := s.file.restart; every > 0 && unit > 0 && unit%every == 0 {
			if !s.bits.restart() {
				return errors.New("a restart marker is missing")
			}
			s.ended = 0
			for i := range s.of {
				s.of[i].before = 0
			}
		}
		s.unit(unit%across, unit/across)
		if s.bits.bad {
			return errors.New("a scan's data end early, or have a code that isn't known")
		}
	}
	return nil
}

func (s *scan) unit(x, y int) {
	if len(s.of) == 1 {
		c := &s.of[0]
		s.block(c, &c.blocks[y*c.stride+x])
		return
	}
	for i := range s.of {
		c := &s.of[i]
		for row := range c.down {
			for column := range c.across {
				s.block(c, &c.blocks[(y*c.down+row)*c.stride+x*c.across+column])
			}
		}
	}
}

// block reads what a scan has of one. Sources: ITU-T T.81, F.2.2 and G.1.2.
func (s *scan) block(c *scanned, block *[64]int16) {
	switch {
	case s.first > 0 && s.refines:
		s.refine(c.ac, block)
		return
	case s.refines:
		block[0] |= int16(s.bits.take(1) << s.low)
		return
	case s.first == 0:
		c.before += s.bits.signed(s.bits.value(c.dc))
		block[0] = int16(c.before << s.low)
	}
	if s.ended > 0 {
		s.ended--
		return
	}
	for k := max(s.first, 1); k <= s.last; k++ {
		v := s.bits.value(c.ac)
		zeros, size := v>>4, v&15
		if size == 0 && zeros < 15 {
			s.ended = s.run(zeros) - 1
			return
		}
		if k += zeros; size > 0 {
			v := s.bits.signed(size)
			if k > s.last {
				s.bits.bad = true
				return
			}
			block[zigzag[k]] = int16(v << s.low)
		}
	}
}

// run is how many blocks have nothing more, with this one.
func (s *scan) run(size int) int32 {
	if !s.file.progressive {
		return 1
	}
	return 1<<size + s.bits.take(size)
}

// refine adds a bit to the coefficients that are known, and makes others known. Source: ITU-T T.81, G.1.2.3.
func (s *scan) refine(ac *codes, block *[64]int16) {
	k := s.first
	for s.ended == 0 && k <= s.last {
		v := s.bits.value(ac)
		zeros, size, added := v>>4, v&15, int16(0)
		switch {
		case size == 0 && zeros < 15:
			s.ended = s.run(zeros)
			continue
		case size > 0:
			added = int16((2*s.bits.take(1) - 1) << s.low)
		}
		if k = s.refineKnown(block, k, zeros); k <= s.last {
			block[zigzag[k]] = added
		}
		k++
	}
	if s.ended > 0 {
		s.refineKnown(block, k, 64)
		s.ended--
	}
}

// refineKnown adds a bit to each coefficient that is known, up to the one behind so many that aren't, and returns where that is.
func (s *scan) refineKnown(block *[64]int16, k, zeros int) int {
	for ; k <= s.last; k++ {
		c := &block[zigzag[k]]
		switch {
		case *c > 0:
			*c += int16(s.bits.take(1) << s.low)
		case *c < 0:
			*c -= int16(s.bits.take(1) << s.low)
		case zeros == 0:
			return k
		default:
			zeros--
		}
	}
	return k
}
