package symbolize

import "errors"

// UnwindRegisters is how many registers are followed: the general ones and the program counter, by DWARF number.
const UnwindRegisters = 33

// Registers are a thread's, by their DWARF numbers (System V ABI for x86-64, figure 3.36; DWARF for the Arm 64-bit
// Architecture, 4.1). Those of vectors aren't needed to unwind.
type Registers [UnwindRegisters]uint64

// Rules say how the registers of a function's caller follow from its own, at one of its instructions.
type Rules struct {
	Function Range // as far as the unwind table knows
	Signal   bool  // the caller was interrupted by a signal: its address is that of the next instruction, not of a call

	processor     Processor
	cfa           rule
	saved         []savedRegister
	returnAddress uint8
}

type savedRegister struct {
	register uint8
	rule     rule
}

type ruleKind uint8

const (
	sameValue ruleKind = iota
	undefined
	atOffset     // in memory, at the canonical frame address (CFA) plus number
	isOffset     // the CFA plus number
	inRegister   // the register of that number
	atExpression // in memory, at the address that the expression computes
	isExpression // what it computes
	registerPlus // of the CFA only: register plus number
)

type rule struct {
	kind       ruleKind
	register   uint8
	number     uint64
	expression []byte
}

// Errors of CFA and Step.
var (
	errNoMemory   = errors.New("the stack was not copied that far")
	errExpression = errors.New("the unwind table's expression can't be evaluated")
	errNoCFA      = errors.New("the unwind table says nothing of the frame's place")
)

// Memory returns a word of a thread's stack, or false when it isn't known.
type Memory func(address uint64) (uint64, bool)

// CFA returns a function's canonical frame address: the stack pointer before its call.
func (r *Rules) CFA(regs *Registers, memory Memory) (uint64, error) {
	switch r.cfa.kind {
	case registerPlus:
		return regs[r.cfa.register] + r.cfa.number, nil
	case isExpression:
		m := machine{regs: regs, read: memory}
		return m.evaluate(r.cfa.expression)
	}
	return 0, errNoCFA
}

// Step turns the registers of a function into those of its caller, given its canonical frame address. Without a caller,
// because the function is a thread's first one, outermost is true.
func (r *Rules) Step(cfa uint64, regs *Registers, memory Memory) (outermost bool, err error) {
	m := machine{regs: regs, read: memory}
	caller := *regs
	caller[r.processor.StackPointer] = cfa
	for _, s := range r.saved {
		value := uint64(0)
		switch rule := s.rule; rule.kind {
		case undefined:
			if s.register == r.returnAddress {
				return true, nil
			}
			continue
		case atOffset:
			value, err = m.load(cfa + rule.number)
		case isOffset:
			value = cfa + rule.number
		case inRegister:
			value = regs[rule.register]
		case atExpression:
			if value, err = m.evaluate(rule.expression, cfa); err == nil {
				value, err = m.load(value)
			}
		case isExpression:
			value, err = m.evaluate(rule.expression, cfa)
		}
		if err != nil {
			return false, err
		}
		caller[s.register] = value
	}
	caller[r.processor.ProgramCounter] = caller[r.returnAddress] & r.processor.addresses
	*regs = caller
	return false, nil
}
