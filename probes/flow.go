package probes

import (
	"debug/elf"
	"encoding/binary"

	"golang.org/x/arch/x86/x86asm"

	"github.com/edgexray/edgexray/symbolize"
)

// flow is what a function's code does as far as a walk over its instructions tells.
type flow struct {
	calls     map[uint64]bool // functions that it calls or jumps to, through stubs
	indirect  int             // calls through a register or memory
	tableJump bool            // a jump through a register or memory
	// Near the beginning: the offset of the first 32-bit value that it loads from its first argument, at least
	// minStateOffset; 0 for none. And whether there is the constant xnnRunStateSkip.
	loads     uint32
	compares3 bool
}

const (
	minStateOffset = 64
	beginning      = 40      // instructions
	maxFlowBytes   = 1 << 17 // of one function
	stateSkip      = 3       // xnn_run_state_skip, which XNNPACK's run function looks for first
)

// reader remembers the flow of functions.
type flowReader struct {
	file *symbolize.File
	seen map[uint64]*flow
}

// of returns the flow of the function at an address, nil when none is known to begin there.
func (r *flowReader) of(address uint64) *flow {
	if known, seen := r.seen[address]; seen {
		return known
	}
	r.seen[address] = nil
	extent, ok := r.file.FunctionAt(address)
	if !ok || extent.Start != address {
		return nil
	}
	code, err := r.file.Code(address, int(min(extent.End-address, maxFlowBytes)))
	if err != nil {
		return nil
	}
	f := &flow{calls: make(map[uint64]bool)}
	switch r.file.Machine {
	case elf.EM_X86_64:
		r.readX86(f, code, extent)
	case elf.EM_AARCH64:
		r.readARM64(f, code, extent)
	}
	r.seen[address] = f
	return f
}

func (r *flowReader) call(f *flow, target uint64, from symbolize.Range) {
	if from.Contains(target) && target != from.Start {
		return
	}
	if !r.file.InText(target) {
		var ok bool
		if target, ok = r.file.StubTarget(target); !ok {
			return
		}
	}
	f.calls[target] = true
}

func (r *flowReader) readX86(f *flow, code []byte, extent symbolize.Range) {
	first := map[x86asm.Reg]bool{x86asm.RDI: true} // registers that hold the first argument
	for at, n := 0, 0; at < len(code); n++ {
		in, ok := disassembleX86(code[at:])
		if !ok {
			at++ // vector instructions that x86asm doesn't know: resynchronises within a few bytes
			continue
		}
		at += in.Len
		relative, direct := in.Args[0].(x86asm.Rel)
		switch {
		case direct && (in.Op == x86asm.CALL || in.Op == x86asm.JMP):
			r.call(f, extent.Start+uint64(at)+uint64(int64(relative)), extent)
		case in.Op == x86asm.CALL:
			f.indirect++
		case in.Op == x86asm.JMP:
			f.tableJump = true
		}
		if n >= beginning {
			continue
		}
		for _, arg := range in.Args {
			switch arg := arg.(type) {
			case x86asm.Mem:
				if first[arg.Base] && arg.Index == 0 && in.MemBytes == 4 && arg.Disp >= minStateOffset && f.loads == 0 {
					f.loads = uint32(arg.Disp)
				}
			case x86asm.Imm:
				f.compares3 = f.compares3 || arg == stateSkip
			}
		}
		to, toRegister := in.Args[0].(x86asm.Reg)
		from, fromRegister := in.Args[1].(x86asm.Reg)
		if toRegister && writesX86[in.Op] == 1 {
			if in.Op == x86asm.MOV && fromRegister && first[from] {
				first[to] = true
			} else {
				delete(first, to)
			}
		}
	}
}

func (r *flowReader) readARM64(f *flow, code []byte, extent symbolize.Range) {
	first := map[uint32]bool{0: true}
	for at := 0; at+4 <= len(code); at += 4 {
		w := binary.LittleEndian.Uint32(code[at:])
		switch {
		case w&0x7c000000 == 0x14000000: // b, bl
			r.call(f, extent.Start+uint64(at)+uint64(int64(int32(w<<6)>>6)*4), extent)
		case w&0xfffffc1f == 0xd63f0000: // blr
			f.indirect++
		case w&0xfffffc1f == 0xd61f0000: // br
			f.tableJump = true
		}
		if at/4 >= beginning {
			continue
		}
		target := field(w, 0)
		switch {
		case w&0xffc00000 == 0xb9400000: // ldr w, [x, #offset]
			if offset := (w >> 10 & 0xfff) * 4; first[field(w, 5)] && offset >= minStateOffset && f.loads == 0 {
				f.loads = offset
			}
			delete(first, target)
		case w&0xffe0ffe0 == 0xaa0003e0: // mov x, x
			if first[field(w, 16)] {
				first[target] = true
			} else {
				delete(first, target)
			}
		case w&0x7f80001f == 0x7100001f, w&0x7f80001f == 0x7100001f&^0x60000000: // cmp w, #imm
			f.compares3 = f.compares3 || w>>10&0xfff == stateSkip
		case w&0x7fe00000 == 0x52800000: // mov w, #imm
			f.compares3 = f.compares3 || w>>5&0xffff == stateSkip
			delete(first, target)
		}
	}
}
