package probes

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/arch/x86/x86asm"

	"github.com/edgexray/edgexray/symbolize"
)

// The names of XNNPACK's operator types are one text after the other, in the order of the types, or anywhere with a table
// of their distances from itself. Type 0 is invalidType; every build has a convolution of floats.
const (
	invalidType   = "Invalid"
	knownType     = "Convolution (NHWC, F32)"
	maxTypes      = 512
	maxTypeName   = 80
	maxTypeOffset = 8192 // of the type in an operator
)

// chunk is how much of a file is searched at a time, in bytes; overlap is more than what is searched for.
const (
	chunk   = 1 << 20
	overlap = 256
)

// eachChunk calls visit with a range of the file's memory, a piece at a time; pieces overlap.
func eachChunk(f *symbolize.File, start, end uint64, visit func(b []byte, address uint64)) {
	for at := start; at < end; at += chunk {
		if b, err := f.Memory(at, min(end-at, chunk+overlap)); err == nil {
			visit(b, at)
		}
	}
}

// typeName reads the name of a type, and tells whether it is one.
func typeName(f *symbolize.File, address uint64) (string, bool) {
	s, ok := f.StringAt(address)
	return s, ok && isTypeName(s)
}

// isTypeName knows "Invalid" and "Abs (NC, F16)".
func isTypeName(s string) bool {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return false
		}
	}
	return s == invalidType || s[0] >= 'A' && s[0] <= 'Z' && strings.HasSuffix(s, ")") && strings.Contains(s, " (")
}

// operatorTypes finds the names of the types, and where in an operator its type is. What can't be told is nil and 0.
func operatorTypes(flows *flowReader, state uint32) (names []string, offset uint32) {
	f := flows.file
	var table uint64
	for _, s := range f.Segments {
		if s.Flags&elf.PF_W != 0 {
			continue
		}
		eachChunk(f, s.Address, s.Address+s.FileSize, func(b []byte, address uint64) {
			known := []byte("\x00" + knownType + "\x00")
			for at := bytes.Index(b, known); at >= 0 && names == nil; {
				place := address + uint64(at) + 1
				// The names that a table points to may lie like a row, though not in the order of the types: code refers to
				// what it looks names up in.
				if names, table = typeRow(f, place); names == nil || len(references(f, table)) == 0 {
					names, table = typeTable(f, s, place)
				}
				next := bytes.Index(b[at+1:], known)
				if next < 0 {
					break
				}
				at += 1 + next
			}
		})
	}
	if names == nil {
		return nil, 0
	}
	r := typeReader{flows, state}
	return names, r.offset(table)
}

// typeRow reads the names around the known one that stand one behind the other, from type 0.
func typeRow(f *symbolize.File, known uint64) ([]string, uint64) {
	ahead := uint64(maxTypes * maxTypeName)
	for ; ahead > 0; ahead /= 2 { // the segment may begin nearer
		if b, err := f.Memory(known-ahead, ahead); err == nil {
			first := bytes.LastIndex(b, []byte(invalidType+"\x00"))
			if first < 0 {
				return nil, 0
			}
			return readRow(f, known-ahead+uint64(first), known)
		}
	}
	return nil, 0
}

func readRow(f *symbolize.File, begin, known uint64) ([]string, uint64) {
	var names []string
	for address := begin; len(names) < maxTypes; {
		name, ok := typeName(f, address)
		if !ok || name == invalidType && len(names) > 0 {
			break
		}
		names = append(names, name)
		address += uint64(len(name)) + 1
		if address > known && names[len(names)-1] == knownType {
			known = 0
		}
	}
	if known != 0 {
		return nil, 0
	}
	return names, begin
}

// typeTable finds the table of int32 that has the known name, each the distance of a name from the table.
func typeTable(f *symbolize.File, s symbolize.Segment, known uint64) (names []string, table uint64) {
	eachChunk(f, s.Address, s.Address+s.FileSize, func(b []byte, address uint64) {
		for p := int(-address & 3); p+4 <= len(b) && names == nil; p += 4 {
			begin := known - uint64(int64(int32(binary.LittleEndian.Uint32(b[p:]))))
			place := address + uint64(p)
			if begin > place || place-begin >= 4*maxTypes || (place-begin)%4 != 0 || begin < s.Address {
				continue
			}
			if found := readTable(f, begin); uint64(len(found)) > (place-begin)/4 && found[0] == invalidType {
				names, table = found, begin
			}
		}
	})
	return names, table
}

func readTable(f *symbolize.File, table uint64) []string {
	var names []string
	for at := table; len(names) < maxTypes; at += 4 {
		b, err := f.Memory(at, 4)
		if err != nil {
			break
		}
		name, ok := typeName(f, table+uint64(int64(int32(binary.LittleEndian.Uint32(b)))))
		if !ok {
			break
		}
		names = append(names, name)
	}
	return names
}

// typeReader finds out where in an operator its type is, from the code that looks up its name: it loads the type.
type typeReader struct {
	flows *flowReader
	state uint32 // offset of the operator's state, which is loaded often, too
}

// smallFunction is the most code, in bytes, that a function has which does little but look a name up.
const smallFunction = 512

// offset returns the type's offset; 0 when nothing, or nothing conclusive, is known.
func (r *typeReader) offset(table uint64) uint32 {
	votes := make(map[uint32]int)
	for _, at := range references(r.flows.file, table) {
		if offset := r.loadedFor(at); offset != 0 {
			votes[offset]++
			continue
		}
		// A function that gets the type: its callers load it.
		extent, ok := r.flows.file.FunctionAt(at)
		if !ok || extent.End-extent.Start > smallFunction {
			continue
		}
		for _, call := range callsOf(r.flows.file, extent.Start) {
			if offset := r.loadedFor(call); offset != 0 {
				votes[offset]++
			}
		}
	}
	return winner(votes)
}

// loadedFor returns the offset of the 32-bit value that is looked up, or handed on, at an address: in a small function
// that gets an operator the first one that it loads of it, as it may load others to refine the type; elsewhere the one
// loaded last before, or where the address of the names was formed ahead of a loop, the first one after.
func (r *typeReader) loadedFor(at uint64) uint32 {
	f := r.flows.file
	extent, ok := f.FunctionAt(at)
	if !ok || extent.End-extent.Start > maxFlowBytes {
		return 0
	}
	if flow := r.flows.of(extent.Start); flow != nil && extent.End-extent.Start <= smallFunction && r.isType(flow.loads) {
		return flow.loads
	}
	code, err := f.Memory(extent.Start, extent.End-extent.Start)
	if err != nil {
		return 0
	}
	loads := loadsX86
	if f.Machine == elf.EM_AARCH64 {
		loads = loadsARM64
	}
	before := loads(code[:at-extent.Start])
	for i := len(before) - 1; i >= max(0, len(before)-maxAhead); i-- {
		if r.isType(before[i]) {
			return before[i]
		}
	}
	after := loads(code[at-extent.Start:])
	for _, offset := range after[:min(len(after), 2*maxAhead)] {
		if r.isType(offset) {
			return offset
		}
	}
	return 0
}

// maxAhead is how many instructions ahead of a reference the load of the type is at most.
const maxAhead = 12

func (r *typeReader) isType(offset uint32) bool {
	return offset != r.state && offset > 0 && offset < maxTypeOffset
}

// winner returns the offset with the most votes, 0 when two have as many.
func winner(votes map[uint32]int) uint32 {
	var best uint32
	tie := false
	for offset, n := range votes {
		switch {
		case n > votes[best]:
			best, tie = offset, false
		case n == votes[best]:
			tie = true
		}
	}
	if tie {
		return 0
	}
	return best
}

// eachText calls visit with the program's code, a piece at a time.
func eachText(f *symbolize.File, visit func(code []byte, address uint64)) {
	for _, text := range f.Text() {
		eachChunk(f, text.Start, text.End, visit)
	}
}

// references lists the instructions that form an address: lea on x86-64, adr or adrp and add on arm64.
func references(f *symbolize.File, address uint64) []uint64 {
	var found []uint64
	eachText(f, func(code []byte, start uint64) {
		switch f.Machine {
		case elf.EM_X86_64:
			for i := 3; i+4 <= len(code); i++ {
				if code[i-2] == 0x8d && code[i-1]&0xc7 == 0x05 && code[i-3]&0xf8 == 0x48 &&
					start+uint64(i+4)+uint64(int64(int32(binary.LittleEndian.Uint32(code[i:])))) == address {
					found = append(found, start+uint64(i-3))
				}
			}
		case elf.EM_AARCH64:
			var pages [32]uint64
			for i := 0; i+4 <= len(code); i += 4 {
				w := binary.LittleEndian.Uint32(code[i:])
				distance := int64(int32((w>>5&0x7ffff)<<2|w>>29&3)<<11) >> 11
				switch {
				case w&0x9f000000 == 0x10000000 && start+uint64(int64(i)+distance) == address: // adr
					found = append(found, start+uint64(i))
				case w&0x9f000000 == 0x90000000: // adrp
					pages[field(w, 0)] = (start+uint64(i))&^0xfff + uint64(distance<<12)
				case w&0xffc00000 == 0x91000000 && pages[field(w, 5)]+uint64(w>>10&0xfff) == address: // add
					found = append(found, start+uint64(i))
				}
			}
		}
	})
	slices.Sort(found)
	return slices.Compact(found) // pieces overlap
}

// callsOf lists the direct calls of and jumps to a function.
func callsOf(f *symbolize.File, function uint64) []uint64 {
	var found []uint64
	eachText(f, func(code []byte, start uint64) {
		switch f.Machine {
		case elf.EM_X86_64:
			for i := 1; i+4 <= len(code); i++ {
				if code[i-1]&0xfe == 0xe8 && start+uint64(i+4)+uint64(int64(int32(binary.LittleEndian.Uint32(code[i:])))) == function {
					found = append(found, start+uint64(i-1))
				}
			}
		case elf.EM_AARCH64:
			for i := 0; i+4 <= len(code); i += 4 {
				w := binary.LittleEndian.Uint32(code[i:])
				if w&0x7c000000 == 0x14000000 && start+uint64(i)+uint64(int64(int32(w<<6)>>6)*4) == function {
					found = append(found, start+uint64(i))
				}
			}
		}
	})
	slices.Sort(found)
	return slices.Compact(found)
}

// loadsX86 lists a function's instructions, each by the offset from a register of the 32-bit value that it loads; 0 when
// it loads none.
func loadsX86(code []byte) []uint32 {
	var loads []uint32
	for at := 0; at < len(code); {
		in, ok := disassembleX86(code[at:])
		if !ok {
			at++
			continue
		}
		at += in.Len
		var offset uint32
		if m, fromMemory := in.Args[1].(x86asm.Mem); fromMemory && in.MemBytes == 4 && m.Index == 0 &&
			m.Base != x86asm.RSP && m.Base != x86asm.RBP && m.Base != x86asm.RIP && (in.Op == x86asm.MOV || in.Op == x86asm.MOVSXD) {
			offset = uint32(m.Disp)
		}
		loads = append(loads, offset)
	}
	return loads
}

func loadsARM64(code []byte) []uint32 {
	var loads []uint32
	for at := 0; at+4 <= len(code); at += 4 {
		w := binary.LittleEndian.Uint32(code[at:])
		var offset uint32
		isLoad := w&0xffc00000 == 0xb9400000 || w&0xffc00000 == 0xb9800000 // ldr w, ldrsw
		if isLoad && field(w, 5) != stackPointer {
			offset = (w >> 10 & 0xfff) * 4
		}
		loads = append(loads, offset)
	}
	return loads
}
