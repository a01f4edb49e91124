package symbolize

import (
	"debug/elf"
	"slices"
	"sort"
)

// Functions is the extent of every function the unwind table (.eh_frame) describes, by ascending start. C++ code has one
// for nearly every function, hidden or not; assembly often hasn't. 32-bit arm has no such table.
//
// A part the compiler split off (".cold") is a range of its own.
func (f *File) Functions() []Range { return f.functions() }

// FunctionAt is the function that holds address.
func (f *File) FunctionAt(address uint64) (Range, bool) {
	functions := f.functions()
	i := sort.Search(len(functions), func(i int) bool { return functions[i].Start > address }) - 1
	if i < 0 || !functions[i].Contains(address) {
		return Range{}, false
	}
	return functions[i], true
}

func (f *File) readFunctions() []Range {
	address, size, exact := f.findFrames()
	t := frameTable{file: f, address: address, bytes: f.memory(address, size), encodings: map[int]byte{}}
	t.walk(exact)
	slices.SortFunc(t.functions, compareRanges)
	return slices.CompactFunc(t.functions, func(a, b Range) bool { return a.Start == b.Start })
}

// findFrames locates .eh_frame. Without section headers its end isn't known, only its start (from PT_GNU_EH_FRAME):
// then exact is false and size reaches beyond it.
func (f *File) findFrames() (address, size uint64, exact bool) {
	if s := f.section(".eh_frame"); s != nil {
		return s.Addr, s.Size, true
	}
	for _, p := range f.headers {
		if elf.ProgType(p.Type) != elf.PT_GNU_EH_FRAME {
			continue
		}
		// Version 1, encodings of: the pointer to .eh_frame, the count, the search table. Then that pointer.
		b := f.memory(p.Vaddr, 16)
		if len(b) < 4 || b[0] != 1 {
			continue
		}
		start, _, ok := f.pointer(b[4:], p.Vaddr+4, b[1])
		if ok {
			return start, uint64(f.size), false
		}
	}
	return 0, 0, false
}

// frameTable walks .eh_frame (Linux Standard Base, "Exception Frames"): records of a length and an ID; ID 0 is a CIE,
// any other an FDE, whose CIE is that many bytes before the ID.
type frameTable struct {
	file      *File
	address   uint64
	bytes     []byte
	encodings map[int]byte // by offset of the CIE: how its FDEs write addresses
	functions []Range
	fdes      []uint64 // addresses of the FDEs of functions
}

func (t *frameTable) walk(exact bool) {
	for at := 0; len(t.bytes)-at >= 4; {
		start, end, ok := t.record(at)
		if !ok {
			return
		}
		if start == end { // A terminator; linkers leave some inside too.
			if !exact {
				return
			}
			at = end
			continue
		}
		if end-start >= 4 {
			if id := int(order.Uint32(t.bytes[start:])); id != 0 {
				t.describe(start-id, at, start+4, end)
			}
		}
		at = end
	}
}

// record is the body of the record at an offset: its ID and all that follows.
func (t *frameTable) record(at int) (start, end int, ok bool) {
	length, start := uint64(order.Uint32(t.bytes[at:])), at+4
	if length == 0xffffffff { // 64-bit length; the ID stays at 32 bits
		if len(t.bytes)-start < 8 {
			return 0, 0, false
		}
		length, start = order.Uint64(t.bytes[start:]), start+8
	}
	if length > uint64(len(t.bytes)-start) {
		return 0, 0, false
	}
	return start, start + int(length), true
}

// describe adds the function of an FDE, given the offsets of its CIE, itself, and its addresses.
func (t *frameTable) describe(cie, fde, at, end int) {
	encoding, ok := t.encodings[cie]
	if !ok {
		common, ok := t.cie(cie)
		if !ok {
			return
		}
		encoding = common.encoding
		t.encodings[cie] = encoding
	}
	start, size, ok := t.file.pointer(t.bytes[at:end], t.address+uint64(at), encoding)
	if !ok {
		return
	}
	at += size
	length, _, ok := t.file.pointer(t.bytes[at:end], 0, encoding&formatMask)
	if !ok || length == 0 || start == 0 || !t.file.isCode(start, length) {
		return
	}
	t.functions = append(t.functions, Range{start, start + length})
	t.fdes = append(t.fdes, t.address+uint64(fde))
}

// cie reads the CIE at an offset.
func (t *frameTable) cie(at int) (cie, bool) {
	if at < 0 || len(t.bytes)-at < 4 {
		return cie{}, false
	}
	start, end, ok := t.record(at)
	if !ok {
		return cie{}, false
	}
	return t.file.parseCIE(t.bytes[start:end])
}

// Pointer encodings (LSB, "DWARF Exception Header Encoding"): the low four bits are the format, the rest what it is
// relative to.
const (
	formatMask    = 0x0f
	relativePC    = 0x10
	relativeTable = 0x30 // to .eh_frame_hdr, in its search table
	signedWord    = 0x0b // format sdata4
)

// pointer reads an encoded pointer stored at an address. Those relative to anything but their own address, or
// indirect, aren't used for code.
func (f *File) pointer(b []byte, address uint64, encoding byte) (value uint64, size int, ok bool) {
	format := encoding & formatMask
	if format == 0 { // DW_EH_PE_absptr
		format = map[int]byte{4: 0x03, 8: 0x04}[f.PointerSize]
	}
	switch format {
	case 0x02, 0x0a: // udata2, sdata2
		size = 2
	case 0x03, 0x0b: // udata4, sdata4
		size = 4
	case 0x04, 0x0c: // udata8, sdata8
		size = 8
	default:
		return 0, 0, false
	}
	if len(b) < size {
		return 0, 0, false
	}
	switch format {
	case 0x02:
		value = uint64(order.Uint16(b))
	case 0x0a:
		value = uint64(int16(order.Uint16(b)))
	case 0x03:
		value = uint64(order.Uint32(b))
	case 0x0b:
		value = uint64(int32(order.Uint32(b)))
	default:
		value = order.Uint64(b)
	}
	switch encoding &^ formatMask {
	case 0:
	case relativePC:
		value += address
	default:
		return 0, 0, false
	}
	if f.PointerSize == 4 {
		value &= 0xffffffff
	}
	return value, size, true
}
