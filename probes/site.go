package probes

import (
	"debug/elf"
	"fmt"
)

// maxSiteOffset is how far into a function a site may lie, in bytes. The BPF programs know it as MAX_SITE_OFFSET.
const maxSiteOffset = 256

// Class says what Linux does with a probed instruction, which decides what a hit costs: measured on one x86-64 machine
// with Linux 6.18, 0.6 us where it is emulated and 9 to 14 us where it is single-stepped.
type Class uint8

const (
	// Unprobed is the class of instructions that aren't known to be safe under a probe.
	Unprobed Class = iota
	// Stepped instructions run out of line, which costs one more trap.
	Stepped
	// Nop is emulated since Linux 6.13 (arm64) and 6.18 (x86-64, one-byte ones always), before that single-stepped.
	Nop
	// Push is x86-64's `push` of a register, emulated since Linux 4.15.
	Push
	// Branch is a direct jump or call, on arm64 also adr, adrp and ret: always emulated.
	Branch
)

func (c Class) String() string {
	names := [...]string{"unprobed", "stepped", "nop", "push", "branch"}
	if int(c) >= len(names) {
		return fmt.Sprintf("class %d", uint8(c))
	}
	return names[c]
}

// Emulated reports whether every Linux we support emulates the class.
func (c Class) Emulated() bool { return c == Push || c == Branch }

// rank orders classes by cost, cheapest highest.
func (c Class) rank() int {
	if c.Emulated() {
		return 3
	}
	return int(c)
}

// Site is the instruction of a function that a probe goes on. It runs exactly once per call of the function, with the
// arguments that matter still in their registers.
type Site struct {
	// Offset from the function's entry in bytes, less than 256.
	Offset uint32
	// Instruction in GNU syntax.
	Instruction string
	Class       Class
	// TailCall is the virtual address of the function that this one jumps to, straight away and with its own first two
	// arguments; 0 when it doesn't. Where both are probed, one call hits both.
	TailCall uint64
}

// Refusal is the error for a function without a safe site.
type Refusal struct {
	// Offset and Instruction are those of the first instruction that was refused.
	Offset      uint32
	Instruction string
	Reason      string
}

func (r *Refusal) Error() string {
	if r.Instruction == "" {
		return fmt.Sprintf("choose site: %s (the function is left unprobed)", r.Reason)
	}
	return fmt.Sprintf("choose site: +%#x `%s`: %s (the function is left unprobed)", r.Offset, r.Instruction, r.Reason)
}

// Reasons of refusal that more than one machine has.
const (
	reasonUnknown  = "not known to be safe under a probe"
	reasonLoopHead = "the function jumps back to its entry, a probe would count each round as a call"
)

// effect is what an instruction does to the things that a probe behind it would rely on.
type effect uint8

const (
	// writesArgument: argument 0 may have changed.
	writesArgument effect = 1 << iota
	// writesSecondArgument: argument 1 may have changed, which matters to all functions of kernels.
	writesSecondArgument
	// writesThirdArgument: argument 2 may have changed, which matters to a function that takes user data before the other two.
	writesThirdArgument
	// writesFourthArgument: argument 3 may have changed, which matters to mmap.
	writesFourthArgument
	// hidesReturn: the return address may no longer be where Linux replaces it for a return probe (x86-64: at the stack
	// pointer; arm64: in x30, unsigned), or the stack pointer may have moved.
	hidesReturn
	// leaves: the next instruction may not be the one behind it, or not at once.
	leaves
	// holdsTraps: the processor delays traps behind it.
	holdsTraps
)

// instruction is a decoded one. Of an undecodable one only effect and refusal are set: it ends the walk.
type instruction struct {
	length  int
	class   Class
	refusal string // why class is Unprobed
	effect  effect
	jump    uint64 // target of an unconditional direct jump
}

// architecture is how to read a machine's code.
type architecture struct {
	alignment uint64
	decode    func(code []byte, address uint64) instruction
	// text disassembles the first instruction of code.
	text func(code []byte, address uint64) string
	// firstTarget is the lowest offset below maxSiteOffset that a jump in code may lead to, or maxSiteOffset. Behind an
	// instruction that can't be decoded it sees more jumps than there are, never fewer.
	firstTarget func(code []byte) int
}

var architectures = map[elf.Machine]architecture{
	elf.EM_X86_64:  {1, decodeX86, textX86, firstTargetX86},
	elf.EM_AARCH64: {4, decodeARM64, textARM64, firstTargetARM64},
}

// ChooseSite returns the cheapest instruction of a function that can carry both an entry and a return probe: nothing
// before it has touched the first arguments (one to four), the stack pointer or the return address. code
// starts at the function's entry and should end with the function (jumps behind its end aren't seen); address is its
// entry's virtual address. The error is a *Refusal when no instruction is known to be safe.
func ChooseSite(machine elf.Machine, code []byte, address uint64, arguments int) (Site, error) {
	return choose(machine, code, address, toleratedWith(arguments))
}

// ChooseEntrySite is ChooseSite for a function whose return doesn't matter: its frame may already be set up.
func ChooseEntrySite(machine elf.Machine, code []byte, address uint64, arguments int) (Site, error) {
	return choose(machine, code, address, toleratedWith(arguments)|hidesReturn)
}

func toleratedWith(arguments int) effect {
	switch arguments {
	case 1:
		return writesSecondArgument | writesThirdArgument | writesFourthArgument
	case 2:
		return writesThirdArgument | writesFourthArgument
	case 3:
		return writesFourthArgument
	}
	return 0
}

// choose walks the straight-line code from the entry, up to the first instruction with an effect that isn't tolerated.
func choose(machine elf.Machine, code []byte, address uint64, tolerated effect) (Site, error) {
	arch, ok := architectures[machine]
	switch {
	case !ok:
		return Site{}, &Refusal{Reason: fmt.Sprintf("no rules for %v code, only for 64-bit x86 and ARM", machine)}
	case len(code) == 0:
		return Site{}, &Refusal{Reason: "the function has no code"}
	case address%arch.alignment != 0:
		return Site{}, &Refusal{Reason: fmt.Sprintf("entry %#x isn't aligned to %d bytes", address, arch.alignment)}
	}
	limit := min(len(code), arch.firstTarget(code))
	if limit == 0 {
		return Site{}, &Refusal{Instruction: arch.text(code, address), Reason: reasonLoopHead}
	}
	var site Site
	var first *Refusal
	for offset := 0; offset < limit; {
		rest, pc := code[offset:], address+uint64(offset)
		in := arch.decode(rest, pc)
		if in.class.rank() > site.Class.rank() {
			site.Offset, site.Instruction, site.Class = uint32(offset), arch.text(rest, pc), in.class
		}
		if in.class == Unprobed && first == nil {
			first = &Refusal{Offset: uint32(offset), Instruction: arch.text(rest, pc), Reason: in.refusal}
		}
		if in.jump != 0 && in.jump-address >= uint64(len(code)) {
			site.TailCall = in.jump
		}
		if in.effect&^tolerated != 0 {
			break
		}
		offset += in.length
	}
	if site.Class == Unprobed {
		return Site{}, first
	}
	return site, nil
}
