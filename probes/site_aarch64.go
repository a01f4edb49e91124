package probes

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/arch/arm64/arm64asm"
)

// Instructions are classified by their encoding (Arm Architecture Reference Manual, C4.1), so that none is misjudged
// because a disassembler doesn't know it. Linux's own rules are in arch/arm64/kernel/probes/decode-insn.c; which kinds
// work under a probe was tried on Linux 5.10, 6.1 and 6.12. What wasn't tried isn't in the table.

const (
	reasonLiteral   = "a probe on a literal load crashes Linux 5.10, or kills the app"
	reasonExclusive = "Linux refuses probes on exclusive loads and stores"
	reasonHint      = "Linux refuses probes on this hint"
)

// encoding is the kind of instructions w with w & mask == value.
type encoding struct {
	mask, value uint32
	class       Class
	effect      func(w uint32) effect
	refusal     string // why class is Unprobed
	name        string // where arm64asm has none
}

// encodingsARM64 is searched in order. What isn't in it is Unprobed and ends the walk.
var encodingsARM64 = []encoding{
	{0xffffffff, 0xd503201f, Nop, nothing, "", "nop"},
	{0xffffffff, 0xd503241f, Stepped, nothing, "", "bti"},
	{0xffffffff, 0xd503245f, Stepped, nothing, "", "bti c"},
	{0xffffffff, 0xd50324df, Stepped, nothing, "", "bti jc"},
	{0xffffffff, 0xd503231f, Stepped, changesReturn, "", "paciaz"},
	{0xffffffff, 0xd503233f, Stepped, changesReturn, "", "paciasp"},
	{0xffffffff, 0xd503237f, Stepped, changesReturn, "", "pacibsp"},
	{0xffffffff, 0xd50320ff, Stepped, changesReturn, "", "xpaclri"},
	{0xfffff01f, 0xd503201f, Unprobed, anything, reasonHint, ""},
	{0xfff00000, 0xd5300000, Stepped, writesTarget, "", ""}, // mrs

	{0x1f000000, 0x10000000, Branch, writesTarget, "", ""}, // adr, adrp
	{0x7c000000, 0x14000000, Branch, jumps, "", ""},        // b, bl
	{0xff000010, 0x54000000, Branch, jumps, "", ""},        // b.cond
	{0x7c000000, 0x34000000, Branch, jumps, "", ""},        // cbz, cbnz, tbz, tbnz
	{0xfffffc1f, 0xd61f0000, Branch, jumps, "", ""},        // br
	{0xfffffc1f, 0xd65f0000, Branch, jumps, "", ""},        // ret

	{0x3b000000, 0x18000000, Unprobed, writesTarget, reasonLiteral, ""},
	{0x3f800000, 0x08000000, Unprobed, anything, reasonExclusive, ""},
	{0xfe400000, 0x68000000, Unprobed, anything, reasonUnknown, ""}, // stgp
	{0x3a000000, 0x28000000, Stepped, accessesPair, "", ""},         // ldp, stp
	{0x3b000000, 0x39000000, Stepped, accesses, "", ""},             // ldr, str, ...: unsigned offset
	{0x3b200000, 0x38000000, Stepped, accesses, "", ""},             // unscaled, pre-indexed, post-indexed
	{0x3b200c00, 0x38200800, Stepped, accesses, "", ""},             // register offset

	{0x3f800000, 0x31000000, Stepped, computes, "", ""},             // adds, subs with an immediate: cmp
	{0x1f800000, 0x11000000, Stepped, computesAddress, "", ""},      // add, sub with an immediate
	{0x7f800000, 0x72000000, Stepped, computes, "", ""},             // ands with an immediate: tst
	{0x1f800000, 0x12000000, Stepped, computesAddress, "", ""},      // and, orr, eor with an immediate
	{0x1f800000, 0x12800000, Stepped, writesTarget, "", ""},         // movn, movz, movk
	{0x1f000000, 0x13000000, Stepped, computes, "", ""},             // bit fields, extract
	{0xffff0000, 0xdac10000, Unprobed, anything, reasonUnknown, ""}, // pointer authentication
	{0x3f200000, 0x2b200000, Stepped, computes, "", ""},             // adds, subs with an extended register: cmp
	{0x1f200000, 0x0b200000, Stepped, computesAddress, "", ""},      // add, sub with an extended register
	{0x0e000000, 0x0a000000, Stepped, computes, "", ""},             // everything else on registers
	{0x0e000000, 0x0e000000, Stepped, computes, "", ""},             // floating point, SIMD
}

const (
	linkRegister = 30
	stackPointer = 31 // as the base of an access or the target of computesAddress; elsewhere the zero register
)

func nothing(uint32) effect       { return 0 }
func changesReturn(uint32) effect { return hidesReturn }
func jumps(uint32) effect         { return leaves }
func anything(uint32) effect      { return writesArgument | writesSecondArgument | hidesReturn | leaves }

func writeARM64(register uint32) effect {
	switch register {
	case 0:
		return writesArgument
	case 1:
		return writesSecondArgument
	case 2:
		return writesThirdArgument
	case 3:
		return writesFourthArgument
	case linkRegister:
		return hidesReturn
	}
	return 0
}

// field is the register number in bits low to low+4.
func field(w uint32, low int) uint32 { return w >> low & 31 }

func writesTarget(w uint32) effect { return writeARM64(field(w, 0)) }

// computes is the effect of an operation on registers. A vector register counts as the general one of its number, and
// an immediate as the register it would name: that costs a site now and then, never safety.
func computes(w uint32) effect {
	if field(w, 5) == linkRegister || field(w, 16) == linkRegister {
		return hidesReturn | writesTarget(w) // the return address was copied
	}
	return writesTarget(w)
}

// computesAddress is computes for the operations that can write the stack pointer.
func computesAddress(w uint32) effect {
	if field(w, 0) == stackPointer {
		return hidesReturn
	}
	return computes(w)
}

func accessesPair(w uint32) effect {
	const isLoad, isVector, writesBack = 1 << 22, 1 << 26, 1 << 23
	out := effect(0)
	switch first, second := field(w, 0), field(w, 10); {
	case w&isVector != 0:
	case w&isLoad != 0:
		out = writeARM64(first) | writeARM64(second)
	case first == linkRegister || second == linkRegister:
		out = hidesReturn // it is taken from the stack again
	}
	if w&writesBack != 0 {
		out |= writeBase(w)
	}
	return out
}

func accesses(w uint32) effect {
	const isVector, opcode, isScaled, isRegisterOffset, isIndexed = 1 << 26, 3 << 22, 1 << 24, 1 << 21, 1 << 10
	out := effect(0)
	switch {
	case w&isVector != 0:
	case w&opcode != 0: // a load
		out = writesTarget(w)
	case field(w, 0) == linkRegister:
		out = hidesReturn
	}
	if w&(isScaled|isRegisterOffset) == 0 && w&isIndexed != 0 {
		out |= writeBase(w)
	}
	return out
}

func writeBase(w uint32) effect {
	if field(w, 5) == stackPointer {
		return hidesReturn
	}
	return writeARM64(field(w, 5))
}

var unknownARM64 = encoding{effect: anything, refusal: reasonUnknown}

func encodingOf(w uint32) encoding {
	for _, e := range encodingsARM64 {
		if w&e.mask == e.value {
			return e
		}
	}
	return unknownARM64
}

func decodeARM64(code []byte, address uint64) instruction {
	if len(code) < 4 {
		return instruction{refusal: reasonUnknown, effect: anything(0)}
	}
	w := binary.LittleEndian.Uint32(code)
	e := encodingOf(w)
	out := instruction{length: 4, class: e.class, refusal: e.refusal, effect: e.effect(w)}
	if w&0xfc000000 == 0x14000000 { // b
		out.jump = address + uint64(signed(w, 0, 26)*4)
	}
	return out
}

func textARM64(code []byte, _ uint64) string {
	if len(code) < 4 {
		return "part of an instruction"
	}
	w := binary.LittleEndian.Uint32(code)
	if name := encodingOf(w).name; name != "" {
		return name
	}
	in, err := arm64asm.Decode(code)
	if err != nil {
		return fmt.Sprintf(".inst %#08x", w)
	}
	return arm64asm.GNUSyntax(in)
}

// signed is the two's complement number in bits low to low+width-1.
func signed(w uint32, low, width int) int64 {
	return int64(int32(w<<(32-low-width)) >> (32 - width))
}

func firstTargetARM64(code []byte) int {
	first := maxSiteOffset
	for i := 0; i+4 <= len(code); i += 4 {
		w := binary.LittleEndian.Uint32(code[i:])
		distance := int64(0)
		switch {
		case w&0xfc000000 == 0x14000000: // b
			distance = signed(w, 0, 26) * 4
		case w&0xff000000 == 0x54000000, w&0x7e000000 == 0x34000000: // b.cond, bc.cond, cbz, cbnz
			distance = signed(w, 5, 19) * 4
		case w&0x7e000000 == 0x36000000: // tbz, tbnz
			distance = signed(w, 5, 14) * 4
		case w&0x9f000000 == 0x10000000: // adr: the base of a jump table
			distance = signed(w, 5, 19)*4 + int64(w>>29&3)
		default:
			continue
		}
		if target := int64(i) + distance; target >= 0 {
			first = int(min(int64(first), target))
		}
	}
	return first
}
