package symbolize

import "debug/elf"

// Processor is what unwinding needs to know of one. Registers are DWARF numbers.
type Processor struct {
	ProgramCounter, StackPointer int
	// LinkRegister holds a function's return address when it is entered; -1 where that is on the stack.
	LinkRegister int
	// Pushed is how many bytes a call takes from the stack: the difference between a function's canonical frame address
	// and its stack pointer at entry.
	Pushed uint64

	addresses uint64 // bits of an address: arm64 signs return addresses above them
}

var processors = map[elf.Machine]Processor{
	elf.EM_X86_64:  {ProgramCounter: 16, StackPointer: 7, LinkRegister: -1, Pushed: 8, addresses: ^uint64(0)},
	elf.EM_AARCH64: {ProgramCounter: 32, StackPointer: 31, LinkRegister: 30, addresses: 1<<48 - 1},
}

// ProcessorOf returns the processor of a GOARCH, amd64 or arm64.
func ProcessorOf(goarch string) Processor {
	if goarch == "arm64" {
		return processors[elf.EM_AARCH64]
	}
	return processors[elf.EM_X86_64]
}
