package probes

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/arch/x86/x86asm"
)

// What Linux does with a probed instruction is decided in arch/x86/kernel/uprobes.c: branch_setup_xol_ops and
// push_setup_xol_ops name the emulated ones, good_insns_64 and is_prefix_bad the refused ones.

// endbr64 is unknown to x86asm. Linux single-steps it.
var endbr64 = []byte{0xf3, 0x0f, 0x1e, 0xfa}

// nopsX86 are the forms that Linux 6.18 emulates (x86_nops in arch/x86/kernel/alternative.c), without those whose
// segment prefix it refuses, and without callNop.
var nopsX86 = [][]byte{
	{0x90},
	{0x66, 0x90},
	{0x0f, 0x1f, 0x00},
	{0x0f, 0x1f, 0x40, 0x00},
	{0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
	{0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
	{0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
}

// callNop is the nop of which Linux 6.18 makes a call once it was hit (is_optimize in arch/x86/kernel/uprobes.c). What it calls is
// in a mapping of the process that its children don't have (VM_DONTCOPY): a child that comes by is killed.
var callNop = []byte{0x0f, 0x1f, 0x44, 0x00, 0x00}

const reasonCallNop = "Linux 6.18 makes a call of it when probed, which kills the process's children"

// writesX86 are the single-stepped instructions that may carry a probe or lie before one, with how many of their
// operands, from the first, they write. What else they write is neither an argument nor the stack.
var writesX86 = map[x86asm.Op]int{
	x86asm.CMP: 0, x86asm.TEST: 0, x86asm.BT: 0, x86asm.NOP: 0,
	x86asm.COMISS: 0, x86asm.COMISD: 0, x86asm.UCOMISS: 0, x86asm.UCOMISD: 0,
	x86asm.CWDE: 0, x86asm.CDQE: 0, x86asm.CDQ: 0, x86asm.CQO: 0, // write rax, rdx

	x86asm.MOV: 1, x86asm.MOVZX: 1, x86asm.MOVSX: 1, x86asm.MOVSXD: 1, x86asm.LEA: 1,
	x86asm.ADD: 1, x86asm.ADC: 1, x86asm.SUB: 1, x86asm.SBB: 1, x86asm.INC: 1, x86asm.DEC: 1, x86asm.NEG: 1,
	x86asm.IMUL: 1, // with one operand: rax, rdx
	x86asm.AND:  1, x86asm.OR: 1, x86asm.XOR: 1, x86asm.NOT: 1,
	x86asm.SHL: 1, x86asm.SHR: 1, x86asm.SAR: 1, x86asm.ROL: 1, x86asm.ROR: 1,
	x86asm.SETE: 1, x86asm.SETNE: 1, x86asm.SETA: 1, x86asm.SETAE: 1, x86asm.SETB: 1, x86asm.SETBE: 1,
	x86asm.SETG: 1, x86asm.SETGE: 1, x86asm.SETL: 1, x86asm.SETLE: 1, x86asm.SETS: 1, x86asm.SETNS: 1,
	x86asm.CMOVE: 1, x86asm.CMOVNE: 1, x86asm.CMOVA: 1, x86asm.CMOVAE: 1, x86asm.CMOVB: 1, x86asm.CMOVBE: 1,
	x86asm.CMOVG: 1, x86asm.CMOVGE: 1, x86asm.CMOVL: 1, x86asm.CMOVLE: 1, x86asm.CMOVS: 1, x86asm.CMOVNS: 1,
	x86asm.MOVD: 1, x86asm.MOVQ: 1, x86asm.MOVSS: 1, x86asm.MOVSD_XMM: 1, x86asm.MOVAPS: 1, x86asm.MOVAPD: 1,
	x86asm.MOVUPS: 1, x86asm.MOVUPD: 1, x86asm.MOVDQA: 1, x86asm.MOVDQU: 1,
	x86asm.XORPS: 1, x86asm.XORPD: 1, x86asm.PXOR: 1,
	x86asm.CVTSI2SS: 1, x86asm.CVTSI2SD: 1, x86asm.CVTSS2SD: 1, x86asm.CVTSD2SS: 1,
}

func decodeX86(code []byte, address uint64) instruction {
	in, ok := disassembleX86(code)
	if !ok {
		return instruction{refusal: reasonUnknown, effect: leaves}
	}
	out := instruction{length: in.Len, refusal: reasonUnknown}
	relative, isRelative := in.Args[0].(x86asm.Rel)
	writes, listed := writesX86[in.Op]
	switch {
	case isRelative:
		out.effect = leaves
		// Linux refuses some prefixes of these, and processors differ on them.
		if isDirectBranch(code) {
			out.class = Branch
		}
		if in.Op == x86asm.JMP {
			out.jump = address + uint64(in.Len) + uint64(int64(relative))
		}
	case in.Op == x86asm.PUSH:
		out.effect = hidesReturn
		out.class = Stepped
		if code[0]&0xf8 == 0x50 || code[0] == 0x41 && code[1]&0xf8 == 0x50 {
			out.class = Push
		}
	case in.Op == x86asm.RET:
		out.effect = leaves
		if in.Len == 1 {
			out.class = Stepped
		}
	case !listed:
		out.effect = leaves
	default:
		out.class = Stepped
		for _, operand := range in.Args[:writes] {
			out.effect |= writeX86(operand)
		}
	}
	switch in.Op {
	case x86asm.CDQ, x86asm.CQO, x86asm.IMUL:
		out.effect |= writesThirdArgument
	}
	switch {
	case bytes.Equal(code[:in.Len], callNop):
		out.class, out.refusal = Unprobed, reasonCallNop
	case out.effect&holdsTraps != 0 || hasBadPrefix(in):
		out.class = Unprobed
	case isNopX86(code[:in.Len]):
		out.class = Nop
	}
	return out
}

// writeX86 is the effect of writing an operand. A store at the stack pointer may hit the return address.
func writeX86(operand x86asm.Arg) effect {
	switch operand := operand.(type) {
	case x86asm.Mem:
		if operand.Base == x86asm.RSP || operand.Base == x86asm.ESP {
			return hidesReturn
		}
	case x86asm.Reg:
		switch operand {
		case x86asm.RDI, x86asm.EDI, x86asm.DI, x86asm.DIB:
			return writesArgument
		case x86asm.RSI, x86asm.ESI, x86asm.SI, x86asm.SIB:
			return writesSecondArgument
		case x86asm.RDX, x86asm.EDX, x86asm.DX, x86asm.DL, x86asm.DH:
			return writesThirdArgument
		case x86asm.RCX, x86asm.ECX, x86asm.CX, x86asm.CL, x86asm.CH:
			return writesFourthArgument
		case x86asm.RSP, x86asm.ESP, x86asm.SP, x86asm.SPB:
			return hidesReturn
		case x86asm.ES, x86asm.CS, x86asm.SS, x86asm.DS, x86asm.FS, x86asm.GS:
			return holdsTraps
		}
	}
	return 0
}

// hasBadPrefix mirrors Linux's is_prefix_bad: es, cs, ss, ds and lock.
func hasBadPrefix(in x86asm.Inst) bool {
	for _, prefix := range in.Prefix {
		switch prefix & 0xff {
		case 0x26, 0x2e, 0x36, 0x3e, 0xf0:
			return true
		}
	}
	return false
}

func isNopX86(code []byte) bool {
	for _, nop := range nopsX86 {
		if bytes.Equal(code, nop) {
			return true
		}
	}
	return false
}

// isDirectBranch reports whether code starts with jmp, call or jcc, without a prefix.
func isDirectBranch(code []byte) bool {
	return code[0] == 0xeb || code[0] == 0xe9 || code[0] == 0xe8 || code[0]&0xf0 == 0x70 ||
		code[0] == 0x0f && code[1]&0xf0 == 0x80
}

// disassembleX86 decodes one instruction. (Of one that it doesn't know x86asm may return the first prefix, as an
// instruction of one byte without an operation.)
func disassembleX86(code []byte) (x86asm.Inst, bool) {
	if bytes.HasPrefix(code, endbr64) {
		return x86asm.Inst{Op: x86asm.NOP, Len: len(endbr64)}, true
	}
	in, err := x86asm.Decode(code, 64)
	return in, err == nil && in.Op != 0 && in.Len <= len(code)
}

func textX86(code []byte, address uint64) string {
	if bytes.HasPrefix(code, endbr64) {
		return "endbr64"
	}
	in, ok := disassembleX86(code)
	if !ok {
		return fmt.Sprintf(".byte %#02x ...", code[0])
	}
	return x86asm.GNUSyntax(in, address, nil)
}

// firstTargetX86 looks at two kinds of jumps. Long ones are taken to be wherever their bytes occur: that four bytes are
// such a displacement by chance is negligible. Short ones reach 128 bytes; they are found by disassembly as far as that
// goes, and from there wherever their bytes occur.
func firstTargetX86(code []byte) int {
	first := maxSiteOffset
	reach := func(target int) {
		if target >= 0 {
			first = min(first, target)
		}
	}
	for i := 0; i+5 <= len(code); i++ {
		if isLong := code[i] == 0xe9 || code[i]&0xf0 == 0x80 && i > 0 && code[i-1] == 0x0f; isLong {
			reach(i + 5 + int(int32(binary.LittleEndian.Uint32(code[i+1:]))))
		}
	}
	near := code[:min(len(code), maxSiteOffset+128)]
	i := 0
	for i < len(near) {
		in, ok := disassembleX86(near[i:])
		if !ok {
			break
		}
		i += in.Len
		if distance, isJump := in.Args[0].(x86asm.Rel); isJump && in.Op != x86asm.CALL {
			reach(i + int(distance))
		}
	}
	for ; i+2 <= len(near); i++ {
		if isShort := near[i] == 0xeb || near[i]&0xf0 == 0x70 || near[i]&0xfc == 0xe0; isShort {
			reach(i + 2 + int(int8(near[i+1])))
		}
	}
	return first
}
