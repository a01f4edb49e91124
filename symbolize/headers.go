package symbolize

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// Limits on what real files stay far below.
const (
	maxHeaders  = 1 << 16 // e_phnum and e_shnum are 16 bits wide
	maxSegments = 64      // of PT_LOAD; fewer than ten are usual
)

var order = binary.LittleEndian

// pointerSizes has the machines whose relocations we know, and what their pointers take.
var pointerSizes = map[elf.Machine]int{elf.EM_X86_64: 8, elf.EM_AARCH64: 8, elf.EM_386: 4, elf.EM_ARM: 4}

type section struct {
	elf.Section64
	name string
}

func (f *File) readHeaders() error {
	header, err := f.readHeader()
	if err != nil {
		return err
	}
	f.headers = f.readProgramHeaders(header)
	f.sections = f.readSections(header)
	return f.readSegments()
}

func (f *File) readHeader() (elf.Header64, error) {
	b := f.bytes(0, uint64(binary.Size(elf.Header64{})))
	if !bytes.HasPrefix(b, []byte(elf.ELFMAG)) || len(b) < elf.EI_NIDENT {
		return elf.Header64{}, ErrNotELF
	}
	if elf.Data(b[elf.EI_DATA]) != elf.ELFDATA2LSB {
		return elf.Header64{}, errors.New("big-endian or unknown byte order (Linux apps with TFLite are little-endian)")
	}
	header, ok := elf.Header64{}, false
	switch class := elf.Class(b[elf.EI_CLASS]); class {
	case elf.ELFCLASS64:
		f.PointerSize, ok = 8, decode(b, &header)
	case elf.ELFCLASS32:
		var h elf.Header32
		f.PointerSize, ok = 4, decode(b, &h)
		header = elf.Header64{Type: h.Type, Machine: h.Machine, Phoff: uint64(h.Phoff), Shoff: uint64(h.Shoff), Phnum: h.Phnum, Shnum: h.Shnum, Shstrndx: h.Shstrndx}
	default:
		return header, fmt.Errorf("unknown ELF class %d", class)
	}
	if !ok {
		return header, errors.New("the file ends inside its ELF header (copy it again)")
	}
	return header, f.accept(header)
}

func (f *File) accept(header elf.Header64) error {
	f.Machine = elf.Machine(header.Machine)
	if pointerSizes[f.Machine] != f.PointerSize {
		return fmt.Errorf("%d-bit code for %v %w (x86-64, arm64, 386 and arm are)", 8*f.PointerSize, f.Machine, ErrMachine)
	}
	switch t := elf.Type(header.Type); t {
	case elf.ET_EXEC:
		f.Fixed = true
	case elf.ET_DYN:
	default:
		return fmt.Errorf("ELF type %v isn't a library or an executable (link it first)", t)
	}
	return nil
}

// decode fills a struct of debug/elf, and says whether b was long enough.
func decode(b []byte, v any) bool {
	_, err := binary.Decode(b, order, v)
	return err == nil
}

// table reads count records of the class's size, fewer if the file ends before.
func (f *File) table(offset uint64, count int, size64, size32 int) (b []byte, size int) {
	size = size64
	if f.PointerSize == 4 {
		size = size32
	}
	return f.bytes(offset, uint64(count*size)), size
}

func (f *File) readProgramHeaders(header elf.Header64) []elf.Prog64 {
	b, size := f.table(header.Phoff, int(header.Phnum), 56, 32)
	var headers []elf.Prog64
	for ; len(b) >= size; b = b[size:] {
		var p elf.Prog64
		if f.PointerSize == 8 {
			decode(b, &p)
		} else {
			var p32 elf.Prog32
			decode(b, &p32)
			p = elf.Prog64{Type: p32.Type, Flags: p32.Flags, Off: uint64(p32.Off), Vaddr: uint64(p32.Vaddr), Filesz: uint64(p32.Filesz), Memsz: uint64(p32.Memsz)}
		}
		headers = append(headers, p)
	}
	return headers
}

// readSections returns nothing when the headers were stripped, or point outside of the file.
func (f *File) readSections(header elf.Header64) []section {
	if header.Shoff == 0 {
		return nil
	}
	count := int(header.Shnum)
	if count == 0 { // The count didn't fit: it is in the first section's size (gABI, e_shnum).
		count = maxHeaders
		if first := f.decodeSections(header.Shoff, 1); len(first) == 1 {
			count = int(min(first[0].Size, maxHeaders))
		}
	}
	sections := f.decodeSections(header.Shoff, count)
	if int(header.Shstrndx) >= len(sections) {
		return nil
	}
	names := f.sectionBytes(sections[header.Shstrndx])
	for i := range sections {
		sections[i].name = cString(names, uint64(sections[i].Name))
	}
	return sections
}

func (f *File) decodeSections(offset uint64, count int) []section {
	b, size := f.table(offset, count, 64, 40)
	var sections []section
	for ; len(b) >= size; b = b[size:] {
		var s elf.Section64
		if f.PointerSize == 8 {
			decode(b, &s)
		} else {
			var s32 elf.Section32
			decode(b, &s32)
			s = elf.Section64{Name: s32.Name, Type: s32.Type, Flags: uint64(s32.Flags), Addr: uint64(s32.Addr), Off: uint64(s32.Off), Size: uint64(s32.Size), Link: s32.Link, Entsize: uint64(s32.Entsize)}
		}
		sections = append(sections, section{Section64: s})
	}
	return sections
}

// maxSectionName bounds the names' copies: with overlapping names a table of n bytes could otherwise take n² of them.
const maxSectionName = 64

// cString is the NUL-terminated string at offset of a string table, cut at maxSectionName.
func cString(table []byte, offset uint64) string {
	if offset >= uint64(len(table)) {
		return ""
	}
	b := table[offset:]
	b = b[:min(len(b), maxSectionName)]
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}

// sectionBytes is nil for a section that has no bytes in the file.
func (f *File) sectionBytes(s section) []byte {
	if elf.SectionType(s.Type) == elf.SHT_NOBITS {
		return nil
	}
	return f.bytes(s.Off, s.Size)
}

func (f *File) section(name string) *section {
	for i := range f.sections {
		if f.sections[i].name == name && elf.SectionType(f.sections[i].Type) != elf.SHT_NOBITS {
			return &f.sections[i]
		}
	}
	return nil
}

// readSegments refuses what Linux couldn't load, and overlaps, which would let a small file claim much memory.
func (f *File) readSegments() error {
	var claimed uint64
	for _, p := range f.headers {
		if elf.ProgType(p.Type) != elf.PT_LOAD {
			continue
		}
		if p.Off > uint64(f.size) || p.Filesz > uint64(f.size)-p.Off {
			return fmt.Errorf("a segment of %d bytes at offset %d goes past the file's end at %d (truncated or a separate debug file: use the file the app loads)", p.Filesz, p.Off, f.size)
		}
		if p.Vaddr+max(p.Filesz, p.Memsz) < p.Vaddr {
			return fmt.Errorf("the segment at address %#x wraps around (damaged file)", p.Vaddr)
		}
		if n := len(f.Segments); n > 0 && p.Vaddr < f.Segments[n-1].Address+f.Segments[n-1].FileSize {
			return fmt.Errorf("segments overlap at address %#x or aren't in order (damaged file)", p.Vaddr)
		}
		claimed += p.Filesz
		if claimed > 2*uint64(f.size) || len(f.Segments) == maxSegments {
			return errors.New("the segments claim more than the file holds (damaged file)")
		}
		f.Segments = append(f.Segments, Segment{Address: p.Vaddr, Offset: p.Off, FileSize: p.Filesz, Flags: elf.ProgFlag(p.Flags)})
	}
	if len(f.Segments) == 0 {
		return errors.New("no segment to load (use the file the app loads)")
	}
	return nil
}
