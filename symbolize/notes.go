package symbolize

import (
	"debug/elf"
	"encoding/hex"
	"iter"
	"strings"
)

// Limits on what real files stay far below.
const (
	maxNotes   = 1 << 20 // bytes in all: a marker's note of 36 bytes for each of 29 000 source files
	maxBuildID = 64      // bytes; 20 (SHA-1) is usual
)

// note is one of a file's notes (gABI, "Note Section").
type note struct {
	owner   string
	kind    uint32
	desc    []byte
	address uint64 // of desc, in the file's own address space
}

// notes walks the note segments up to the first damaged note of each.
func (f *File) notes() iter.Seq[note] {
	return func(yield func(note) bool) {
		left := uint64(maxNotes)
		for _, p := range f.headers {
			if elf.ProgType(p.Type) != elf.PT_NOTE {
				continue
			}
			b := f.bytes(p.Off, min(p.Filesz, left))
			left -= uint64(len(b))
			if !walkNotes(b, p.Vaddr, yield) {
				return
			}
		}
	}
}

// walkNotes walks notes: name size, descriptor size, type, then name and descriptor, both padded to 4 bytes.
func walkNotes(b []byte, address uint64, yield func(note) bool) bool {
	padded := func(n uint32) uint64 { return (uint64(n) + 3) &^ 3 }
	for len(b) >= 12 {
		nameSize, size, kind := order.Uint32(b), order.Uint32(b[4:]), order.Uint32(b[8:])
		b, address = b[12:], address+12
		if padded(nameSize)+uint64(size) > uint64(len(b)) {
			return true
		}
		owner := strings.TrimRight(string(b[:min(nameSize, maxSectionName)]), "\x00")
		b, address = b[padded(nameSize):], address+padded(nameSize)
		if !yield(note{owner, kind, b[:size:size], address}) {
			return false
		}
		next := min(padded(size), uint64(len(b)))
		b, address = b[next:], address+next
	}
	return true
}

const noteGNUBuildID = 3 // NT_GNU_BUILD_ID

// readBuildID returns the first GNU build ID of the note segments. Linkers that write one without PT_NOTE aren't known.
func (f *File) readBuildID() string {
	for n := range f.notes() {
		if n.owner == "GNU" && n.kind == noteGNUBuildID && 0 < len(n.desc) && len(n.desc) <= maxBuildID {
			return hex.EncodeToString(n.desc)
		}
	}
	return ""
}
