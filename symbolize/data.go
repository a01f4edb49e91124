package symbolize

import (
	"debug/elf"
	"fmt"
)

// Relocation says what the dynamic linker does to a word of data.
type Relocation uint8

const (
	Unrelocated Relocation = iota
	Local                  // the word becomes an address in this file; its value here is that address, unbiased
	External               // the word is only known once loaded (a symbol of another file, a resolver, thread-local storage)
)

// Data is a data segment with its relocations applied.
type Data struct {
	Address uint64
	Bytes   []byte // shared by all callers: not to be changed

	kinds       []Relocation // one per aligned word
	pointerSize uint64
}

// Word is the pointer-sized word at an aligned address, or false outside of the segment's bytes.
func (d *Data) Word(address uint64) (value uint64, relocation Relocation, ok bool) {
	offset := address - d.Address
	if offset >= uint64(len(d.Bytes)) || uint64(len(d.Bytes))-offset < d.pointerSize {
		return 0, Unrelocated, false
	}
	if d.pointerSize == 8 {
		value = order.Uint64(d.Bytes[offset:])
	} else {
		value = uint64(order.Uint32(d.Bytes[offset:]))
	}
	return value, d.kinds[offset/d.pointerSize], true
}

// Data is the segments that hold pointers: the writable ones, which include what is read-only after relocation
// (.data.rel.ro), and for a Fixed file also those that are only readable. Zero-filled memory isn't part of it.
func (f *File) Data() ([]Data, error) { return f.data() }

func (f *File) readData() ([]Data, error) {
	var segments []Data
	for _, s := range f.Segments {
		constant := s.Flags&(elf.PF_W|elf.PF_X) == 0
		if s.Flags&elf.PF_W == 0 && !(f.Fixed && constant) {
			continue
		}
		b := f.bytes(s.Offset, s.FileSize)
		words := (len(b) + f.PointerSize - 1) / f.PointerSize
		segments = append(segments, Data{Address: s.Address, Bytes: b, kinds: make([]Relocation, words), pointerSize: uint64(f.PointerSize)})
	}
	l := &linker{file: f, data: segments, symbols: f.dynsym(), classes: relocationClasses[f.Machine]}
	if err := l.relocate(f.dynamic()); err != nil {
		return nil, fmt.Errorf("relocate %s: %w", f, err)
	}
	return segments, nil
}
