package symbolize

import "fmt"

// Unwind returns the rules at an address of the file's code, from the unwind table. The error is ErrNoUnwindTable when
// that has no function there. The address is that of an instruction, of the call in a function that called another one.
func (f *File) Unwind(address uint64) (*Rules, error) {
	processor, ok := processors[f.Machine]
	if !ok {
		return nil, fmt.Errorf("unwind code for %v: not supported (x86-64 and arm64 are)", f.Machine)
	}
	d, err := f.frameOf(address)
	if err != nil {
		return nil, err
	}
	p := cfiProgram{file: f, common: d.common, at: d.function.Start, until: address}
	if err := p.run(d.common.instructions); err != nil {
		return nil, err
	}
	p.initial = p.row
	if err := p.run(d.instructions); err != nil {
		return nil, err
	}
	if d.common.returnAddress >= UnwindRegisters {
		return nil, errDamagedTable
	}
	rules := &Rules{Function: d.function, Signal: d.common.signal, processor: processor,
		cfa: p.row.cfa, returnAddress: uint8(d.common.returnAddress)}
	for i, r := range p.row.registers {
		if r.kind != sameValue {
			rules.saved = append(rules.saved, savedRegister{uint8(i), r})
		}
	}
	return rules, nil
}

// row is the rules at one address.
type row struct {
	cfa       rule
	registers [UnwindRegisters]rule
}

// cfiProgram executes call frame instructions (DWARF 5, 6.4.2) up to an address.
type cfiProgram struct {
	file         *File
	common       cie
	at, until    uint64
	row, initial row
	remembered   []row
}

// maxRemembered bounds nested DW_CFA_remember_state; compilers nest two or three.
const maxRemembered = 16

// Call frame instructions: the first three have an operand in their low six bits.
const (
	cfaAdvance           = 0x40
	cfaOffset            = 0x80
	cfaRestore           = 0xc0
	cfaNop               = 0x00
	cfaSetLoc            = 0x01
	cfaAdvance1          = 0x02
	cfaAdvance2          = 0x03
	cfaAdvance4          = 0x04
	cfaOffsetExtended    = 0x05
	cfaRestoreExtended   = 0x06
	cfaUndefined         = 0x07
	cfaSameValue         = 0x08
	cfaRegister          = 0x09
	cfaRememberState     = 0x0a
	cfaRestoreState      = 0x0b
	cfaDefCFA            = 0x0c
	cfaDefCFARegister    = 0x0d
	cfaDefCFAOffset      = 0x0e
	cfaDefCFAExpression  = 0x0f
	cfaExpression        = 0x10
	cfaOffsetExtendedSF  = 0x11
	cfaDefCFASF          = 0x12
	cfaDefCFAOffsetSF    = 0x13
	cfaValOffset         = 0x14
	cfaValOffsetSF       = 0x15
	cfaValExpression     = 0x16
	cfaNegateRAStateWith = 0x2c // arm64: return addresses are signed, or not any more; the signature is stripped
	cfaNegateRAState     = 0x2d // anyway
	cfaArgsSize          = 0x2e // GNU: for exceptions
	cfaNegativeOffset    = 0x2f // GNU
)

// run executes instructions until the address is passed.
func (p *cfiProgram) run(instructions []byte) error {
	b := leb{bytes: instructions}
	for len(b.bytes) > 0 {
		code := b.byte()
		operand := uint64(code & 0x3f)
		var done bool
		var err error
		switch code & 0xc0 {
		case cfaAdvance:
			done = p.advance(operand)
		case cfaOffset:
			p.set(operand, rule{kind: atOffset, number: b.unsigned() * p.common.dataAlignment})
		case cfaRestore:
			p.restore(operand)
		default:
			done, err = p.extended(code, &b)
		}
		if err != nil || done {
			return err
		}
		if b.short {
			return errDamagedTable
		}
	}
	return nil
}

func (p *cfiProgram) extended(code byte, b *leb) (done bool, err error) {
	align := p.common.dataAlignment
	switch code {
	case cfaNop, cfaNegateRAState, cfaNegateRAStateWith:
	case cfaArgsSize:
		b.unsigned()
	case cfaSetLoc:
		return false, fmt.Errorf("%w: it sets addresses anew", errDamagedTable) // not in .eh_frame of any compiler
	case cfaAdvance1:
		return p.advance(uint64(b.byte())), nil
	case cfaAdvance2:
		return p.advance(b.fixed(2)), nil
	case cfaAdvance4:
		return p.advance(b.fixed(4)), nil
	case cfaOffsetExtended:
		p.set(b.unsigned(), rule{kind: atOffset, number: b.unsigned() * align})
	case cfaOffsetExtendedSF:
		p.set(b.unsigned(), rule{kind: atOffset, number: b.signed() * align})
	case cfaNegativeOffset:
		p.set(b.unsigned(), rule{kind: atOffset, number: -(b.unsigned() * align)})
	case cfaRestoreExtended:
		p.restore(b.unsigned())
	case cfaUndefined:
		p.set(b.unsigned(), rule{kind: undefined})
	case cfaSameValue:
		p.set(b.unsigned(), rule{})
	case cfaRegister:
		to, from := b.unsigned(), b.unsigned()
		if from >= UnwindRegisters {
			p.set(to, rule{kind: undefined})
		} else {
			p.set(to, rule{kind: inRegister, register: uint8(from)})
		}
	case cfaRememberState:
		if len(p.remembered) == maxRemembered {
			return false, errDamagedTable
		}
		p.remembered = append(p.remembered, p.row)
	case cfaRestoreState:
		n := len(p.remembered)
		if n == 0 {
			return false, errDamagedTable
		}
		p.row, p.remembered = p.remembered[n-1], p.remembered[:n-1]
	case cfaDefCFA:
		return false, p.defineCFA(b.unsigned(), b.unsigned())
	case cfaDefCFASF:
		return false, p.defineCFA(b.unsigned(), b.signed()*align)
	case cfaDefCFARegister:
		return false, p.defineCFA(b.unsigned(), p.row.cfa.number)
	case cfaDefCFAOffset:
		p.row.cfa.number = b.unsigned()
	case cfaDefCFAOffsetSF:
		p.row.cfa.number = b.signed() * align
	case cfaDefCFAExpression:
		p.row.cfa = rule{kind: isExpression, expression: b.block()}
	case cfaExpression:
		p.set(b.unsigned(), rule{kind: atExpression, expression: b.block()})
	case cfaValExpression:
		p.set(b.unsigned(), rule{kind: isExpression, expression: b.block()})
	case cfaValOffset:
		p.set(b.unsigned(), rule{kind: isOffset, number: b.unsigned() * align})
	case cfaValOffsetSF:
		p.set(b.unsigned(), rule{kind: isOffset, number: b.signed() * align})
	default:
		return false, fmt.Errorf("%w: unknown instruction %#x", errDamagedTable, code)
	}
	return false, nil
}

// advance tells whether what follows is beyond the address.
func (p *cfiProgram) advance(delta uint64) bool {
	p.at += delta * p.common.codeAlignment
	return p.at > p.until
}

func (p *cfiProgram) set(register uint64, r rule) {
	if register < UnwindRegisters { // the others hold no addresses
		p.row.registers[register] = r
	}
}

func (p *cfiProgram) restore(register uint64) {
	if register < UnwindRegisters {
		p.row.registers[register] = p.initial.registers[register]
	}
}

func (p *cfiProgram) defineCFA(register, offset uint64) error {
	if register >= UnwindRegisters {
		return errDamagedTable
	}
	p.row.cfa = rule{kind: registerPlus, register: uint8(register), number: offset}
	return nil
}
