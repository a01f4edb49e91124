package symbolize

// leb reads LEB128 numbers, as DWARF and Android's packed relocations have them. After the end, or a number of more than
// 64 bits, short is set and every number is 0.
type leb struct {
	bytes []byte
	short bool
}

func (l *leb) unsigned() uint64 {
	value, _, _ := l.read()
	return value
}

// signed is a two's complement number, as the uint64 to add.
func (l *leb) signed() uint64 {
	value, shift, last := l.read()
	if shift < 64 && last&0x40 != 0 {
		value |= ^uint64(0) << shift
	}
	return value
}

func (l *leb) read() (value uint64, shift uint, last byte) {
	for i, b := range l.bytes {
		if shift > 63 {
			break
		}
		value |= uint64(b&0x7f) << shift
		shift += 7
		if b&0x80 == 0 {
			l.bytes = l.bytes[i+1:]
			return value, shift, b
		}
	}
	l.bytes, l.short = nil, true
	return 0, 64, 0
}

func (l *leb) peek() byte {
	if len(l.bytes) == 0 {
		l.short = true
		return 0
	}
	return l.bytes[0]
}

func (l *leb) byte() byte {
	b := l.peek()
	l.bytes = l.bytes[min(1, len(l.bytes)):]
	return b
}

// fixed is a little-endian number of size bytes, at most 8.
func (l *leb) fixed(size int) (value uint64) {
	if len(l.bytes) < size {
		l.bytes, l.short = nil, true
		return 0
	}
	for i := range size {
		value |= uint64(l.bytes[i]) << (8 * i)
	}
	l.bytes = l.bytes[size:]
	return value
}

// block is bytes behind their number.
func (l *leb) block() []byte {
	n := l.unsigned()
	if n > uint64(len(l.bytes)) {
		l.bytes, l.short = nil, true
		return nil
	}
	b := l.bytes[:n]
	l.bytes = l.bytes[n:]
	return b
}
