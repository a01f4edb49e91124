package symbolize

import "bytes"

// cie is what FDEs of .eh_frame have in common (Linux Standard Base, "The Common Information Entry Format").
type cie struct {
	codeAlignment, dataAlignment uint64 // the latter signed
	returnAddress                uint64 // register, by its DWARF number
	encoding                     byte   // of addresses in its FDEs
	augmented                    bool   // its FDEs have augmentation data, behind their length
	signal                       bool   // its functions are where a signal interrupted others
	instructions                 []byte
}

// parseCIE reads a CIE from its ID on.
func (f *File) parseCIE(body []byte) (c cie, ok bool) {
	if len(body) < 6 || order.Uint32(body) != 0 {
		return cie{}, false
	}
	version := body[4]
	augmentation, rest, ok := bytes.Cut(body[5:], []byte{0})
	if !ok || len(augmentation) > 0 && augmentation[0] != 'z' {
		return cie{}, false
	}
	b := leb{bytes: rest}
	c.codeAlignment = b.unsigned()
	c.dataAlignment = b.signed()
	if version == 1 {
		c.returnAddress = uint64(b.byte())
	} else {
		c.returnAddress = b.unsigned()
	}
	if len(augmentation) == 0 {
		c.instructions = b.bytes
		return c, !b.short
	}
	c.augmented = true
	length := b.unsigned()
	if length > uint64(len(b.bytes)) {
		return cie{}, false
	}
	c.instructions = b.bytes[length:]
	b.bytes = b.bytes[:length]
	for _, letter := range augmentation[1:] {
		switch letter {
		case 'R':
			c.encoding = b.byte()
		case 'L':
			b.byte()
		case 'P':
			_, size, ok := f.pointer(b.bytes[min(1, len(b.bytes)):], 0, b.peek()&formatMask)
			if !ok {
				return cie{}, false
			}
			b.bytes = b.bytes[1+size:]
		case 'S':
			c.signal = true
		case 'B', 'G': // arm64 pointer authentication key B, memory tagging: no data
		default:
			return cie{}, false
		}
	}
	return c, !b.short
}
