package symbolize

import (
	"debug/elf"
	"errors"
	"slices"
	"sort"
)

// ErrNoUnwindTable says that no function of the unwind table (.eh_frame) holds an address: assembly often has none there.
var ErrNoUnwindTable = errors.New("the unwind table has no function there")

var errDamagedTable = errors.New("the unwind table is damaged")

// maxFrameRecord bounds the bytes read for one function of the unwind table; the largest have some thousand.
const maxFrameRecord = 1 << 16

// fde is what .eh_frame says of one function.
type fde struct {
	function     Range
	common       cie
	instructions []byte
}

// unwindIndex finds FDEs by address when .eh_frame_hdr can't.
type unwindIndex struct {
	functions []Range  // by start
	fdes      []uint64 // their addresses
}

// frameOf reads what the unwind table says of the function that holds an address.
func (f *File) frameOf(address uint64) (fde, error) {
	at, ok := f.searchTable(address)
	if !ok {
		if at, ok = f.searchIndex(address); !ok {
			return fde{}, ErrNoUnwindTable
		}
	}
	d, err := f.readFDE(at)
	if err == nil && !d.function.Contains(address) {
		return fde{}, ErrNoUnwindTable
	}
	return d, err
}

// searchTable looks an address up in .eh_frame_hdr's table: pairs of a function's start and its FDE, by start. It reads
// the few words that it needs of it. Without such a table ok is false.
func (f *File) searchTable(address uint64) (at uint64, ok bool) {
	const pair = 8 // bytes
	for _, p := range f.headers {
		if elf.ProgType(p.Type) != elf.PT_GNU_EH_FRAME {
			continue
		}
		b := f.memory(p.Vaddr, 12)
		if len(b) < 12 || b[0] != 1 || b[1] != relativePC|signedWord || b[2] != 0x03 || b[3] != relativeTable|signedWord {
			return 0, false
		}
		count := int(min(uint64(order.Uint32(b[8:])), p.Memsz/pair))
		entry := func(i int) (function, fde uint64) {
			b := f.memory(p.Vaddr+12+uint64(i)*pair, pair)
			if len(b) < pair {
				return 0, 0
			}
			word := func(b []byte) uint64 { return p.Vaddr + uint64(int64(int32(order.Uint32(b)))) }
			return word(b), word(b[4:])
		}
		i := sort.Search(count, func(i int) bool { start, _ := entry(i); return start > address })
		if i == 0 {
			return 0, false
		}
		_, at = entry(i - 1)
		return at, at != 0
	}
	return 0, false
}

func (f *File) searchIndex(address uint64) (at uint64, ok bool) {
	index := f.unwindIndex()
	i := sort.Search(len(index.functions), func(i int) bool { return index.functions[i].Start > address }) - 1
	if i < 0 || !index.functions[i].Contains(address) {
		return 0, false
	}
	return index.fdes[i], true
}

// readUnwindIndex walks .eh_frame, unless the table beside it does.
func (f *File) readUnwindIndex() unwindIndex {
	if _, ok := f.searchTable(^uint64(0) >> 1); ok {
		return unwindIndex{}
	}
	address, size, exact := f.findFrames()
	t := frameTable{file: f, address: address, bytes: f.memory(address, size), encodings: map[int]byte{}}
	t.walk(exact)
	by := make([]int, len(t.functions))
	for i := range by {
		by[i] = i
	}
	slices.SortFunc(by, func(a, b int) int { return compareRanges(t.functions[a], t.functions[b]) })
	index := unwindIndex{make([]Range, len(by)), make([]uint64, len(by))}
	for i, from := range by {
		index.functions[i], index.fdes[i] = t.functions[from], t.fdes[from]
	}
	return index
}

// frameRecord reads the record of .eh_frame at an address: from its ID on.
func (f *File) frameRecord(address uint64) (body []byte, start uint64, ok bool) {
	head := f.memory(address, 12)
	if len(head) < 4 {
		return nil, 0, false
	}
	length, start := uint64(order.Uint32(head)), address+4
	if length == 0xffffffff && len(head) == 12 {
		length, start = order.Uint64(head[4:]), address+12
	}
	if length < 4 || length > maxFrameRecord {
		return nil, 0, false
	}
	body = f.memory(start, length)
	return body, start, uint64(len(body)) == length
}

func (f *File) readFDE(address uint64) (fde, error) {
	body, start, ok := f.frameRecord(address)
	if !ok || order.Uint32(body) == 0 {
		return fde{}, errDamagedTable
	}
	common, _, ok := f.frameRecord(start - uint64(order.Uint32(body)))
	if !ok {
		return fde{}, errDamagedTable
	}
	d := fde{}
	if d.common, ok = f.parseCIE(common); !ok {
		return fde{}, errDamagedTable
	}
	encoding := d.common.encoding
	first, n, ok1 := f.pointer(body[4:], start+4, encoding)
	if !ok1 {
		return fde{}, errDamagedTable
	}
	length, m, ok2 := f.pointer(body[4+n:], 0, encoding&formatMask)
	if !ok2 || first+length < first {
		return fde{}, errDamagedTable
	}
	d.function = Range{first, first + length}
	rest := leb{bytes: body[4+n+m:]}
	if d.common.augmented {
		skip := rest.unsigned()
		if skip > uint64(len(rest.bytes)) {
			return fde{}, errDamagedTable
		}
		rest.bytes = rest.bytes[skip:]
	}
	d.instructions = rest.bytes
	return d, nil
}
