package symbolize

import (
	"debug/elf"
)

// StubTarget is the function that a stub of the linker's (.plt) at address jumps to, if it is one of this file.
func (f *File) StubTarget(address uint64) (uint64, bool) {
	slot, ok := f.stubSlot(address)
	if !ok {
		return 0, false
	}
	segments, err := f.Data()
	if err != nil {
		return 0, false
	}
	for i := range segments {
		if target, relocation, ok := segments[i].Word(slot); ok && relocation == Local {
			return target, f.InText(target)
		}
	}
	return 0, false
}

// stubSlot is the address of the word that a stub jumps through. The forms of stubs are those of the ABIs' supplements:
// [endbr64] [bnd] jmp *slot(%rip), and [bti c] adrp x16, page; ldr x17, [x16, #low]; add x16, x16, #low; br x17.
func (f *File) stubSlot(address uint64) (uint64, bool) {
	const size = 24
	code, err := f.Code(address, size)
	if err != nil || len(code) < 16 {
		return 0, false
	}
	switch f.Machine {
	case elf.EM_X86_64:
		at := 0
		if order.Uint32(code) == 0xfa1e0ff3 { // endbr64
			at += 4
		}
		if code[at] == 0xf2 { // bnd
			at++
		}
		if code[at] != 0xff || code[at+1] != 0x25 {
			return 0, false
		}
		return address + uint64(at+6) + uint64(int64(int32(order.Uint32(code[at+2:])))), true
	case elf.EM_AARCH64:
		if order.Uint32(code) == 0xd503245f { // bti c
			code, address = code[4:], address+4
		}
		page, load := order.Uint32(code), order.Uint32(code[4:])
		if page&0x9f00001f != 0x90000010 || load&0xffc003ff != 0xf9400211 {
			return 0, false
		}
		pages := int64(int32((page>>5&0x7ffff)<<2|page>>29&3)<<11) >> 11
		return address&^0xfff + uint64(pages<<12) + uint64(load>>10&0xfff)*8, true
	}
	return 0, false
}

// FollowsCall says whether the instruction before an address is a call: whether the address may be one that a function
// returns to.
func (f *File) FollowsCall(address uint64) bool {
	const longest = 7
	code, err := f.Code(address-longest, longest)
	if err != nil || len(code) < longest {
		return false
	}
	switch f.Machine {
	case elf.EM_X86_64:
		if code[longest-5] == 0xe8 { // call rel32
			return true
		}
		for size := 2; size <= longest; size++ { // call r/m64: ff /2, of that length with ModRM, SIB and displacement
			b := code[longest-size:]
			if b[0] == 0xff && b[1]>>3&7 == 2 && modRMBytes(b) == size-1 {
				return true
			}
		}
	case elf.EM_AARCH64:
		call := order.Uint32(code[longest-4:])
		return call&0xfc000000 == 0x94000000 || call&0xfefff800 == 0xd63f0800 || call&0xfffffc1f == 0xd63f0000 // bl, blraa and the like, blr
	}
	return false
}

// modRMBytes is how many bytes ModRM, SIB and displacement of an instruction with a one-byte opcode take.
func modRMBytes(instruction []byte) int {
	mod, rm := instruction[1]>>6, instruction[1]&7
	size := 1
	if mod != 3 && rm == 4 {
		size++
		if mod == 0 && len(instruction) > 2 && instruction[2]&7 == 5 {
			size += 4
		}
	}
	switch {
	case mod == 1:
		size++
	case mod == 2, mod == 0 && rm == 5:
		size += 4
	}
	return size
}
