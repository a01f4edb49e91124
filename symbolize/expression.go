package symbolize

// machine evaluates DWARF expressions (DWARF 5, 2.5), as far as unwind tables have them: .plt's counts on the program
// counter, functions that realign their stack read where it was before.
type machine struct {
	regs   *Registers
	read   Memory
	stack  []uint64
	failed bool // it took more than there was
}

// Limits: real expressions have some ten operations. Those with jumps backwards would not need to end.
const (
	maxExpressionSteps = 256
	maxExpressionStack = 32
)

const (
	opAddr       = 0x03
	opDeref      = 0x06
	opConst1u    = 0x08 // to opConst8s: 1, 2, 4 and 8 bytes, unsigned and signed
	opConst8s    = 0x0f
	opConstu     = 0x10
	opConsts     = 0x11
	opDup        = 0x12
	opDrop       = 0x13
	opOver       = 0x14
	opPick       = 0x15
	opSwap       = 0x16
	opRot        = 0x17
	opAbs        = 0x19
	opNeg        = 0x1f
	opNot        = 0x20
	opPlusUconst = 0x23
	opBra        = 0x28
	opSkip       = 0x2f
	opLit0       = 0x30
	opLit31      = 0x4f
	opBreg0      = 0x70
	opBreg31     = 0x8f
	opBregx      = 0x92
	opDerefSize  = 0x94
	opNop        = 0x96
)

// binary operations, of the second value and the top one.
var binaryOperations = map[byte]func(a, b uint64) uint64{
	0x1a: func(a, b uint64) uint64 { return a & b },
	0x1c: func(a, b uint64) uint64 { return a - b },
	0x1e: func(a, b uint64) uint64 { return a * b },
	0x21: func(a, b uint64) uint64 { return a | b },
	0x22: func(a, b uint64) uint64 { return a + b },
	0x24: func(a, b uint64) uint64 { return a << b },
	0x25: func(a, b uint64) uint64 { return a >> b },
	0x26: func(a, b uint64) uint64 { return uint64(int64(a) >> b) },
	0x27: func(a, b uint64) uint64 { return a ^ b },
	0x29: func(a, b uint64) uint64 { return asNumber(a == b) },
	0x2a: func(a, b uint64) uint64 { return asNumber(int64(a) >= int64(b)) },
	0x2b: func(a, b uint64) uint64 { return asNumber(int64(a) > int64(b)) },
	0x2c: func(a, b uint64) uint64 { return asNumber(int64(a) <= int64(b)) },
	0x2d: func(a, b uint64) uint64 { return asNumber(int64(a) < int64(b)) },
	0x2e: func(a, b uint64) uint64 { return asNumber(a != b) },
}

func asNumber(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// evaluate returns what an expression leaves on top of the stack, which begins with the given values.
func (m *machine) evaluate(expression []byte, stack ...uint64) (uint64, error) {
	m.stack, m.failed = append(m.stack[:0], stack...), false
	b := leb{bytes: expression}
	for steps := 0; len(b.bytes) > 0; steps++ {
		code := b.byte()
		if steps == maxExpressionSteps || len(m.stack) > maxExpressionStack {
			return 0, errExpression
		}
		if code == opBra || code == opSkip {
			by := int(int16(b.fixed(2)))
			if code == opBra && m.pop() == 0 {
				continue
			}
			to := len(expression) - len(b.bytes) + by
			if to < 0 || to > len(expression) {
				return 0, errExpression
			}
			b.bytes = expression[to:]
			continue
		}
		if err := m.operate(code, &b); err != nil {
			return 0, err
		}
		if b.short || m.failed {
			return 0, errExpression
		}
	}
	value := m.pop()
	if b.short || m.failed {
		return 0, errExpression
	}
	return value, nil
}

func (m *machine) operate(code byte, b *leb) error {
	if operation, ok := binaryOperations[code]; ok {
		top := m.pop()
		m.push(operation(m.pop(), top))
		return nil
	}
	switch {
	case code >= opLit0 && code <= opLit31:
		m.push(uint64(code - opLit0))
	case code >= opConst1u && code <= opConst8s:
		size := 1 << ((code - opConst1u) / 2)
		value := b.fixed(size)
		if unused := 64 - 8*size; code&1 == 1 {
			value = uint64(int64(value<<unused) >> unused)
		}
		m.push(value)
	case code >= opBreg0 && code <= opBreg31:
		m.push(m.regs[code-opBreg0] + b.signed())
	case code == opBregx:
		register := b.unsigned()
		if register >= UnwindRegisters {
			return errExpression
		}
		m.push(m.regs[register] + b.signed())
	case code == opAddr:
		m.push(b.fixed(8))
	case code == opConstu:
		m.push(b.unsigned())
	case code == opConsts:
		m.push(b.signed())
	case code == opPlusUconst:
		m.push(m.pop() + b.unsigned())
	case code == opDeref:
		value, err := m.load(m.pop())
		m.push(value)
		return err
	case code == opDerefSize:
		size := b.byte()
		value, err := m.load(m.pop())
		m.push(value & (1<<(8*min(size, 8)) - 1))
		return err
	case code == opDup:
		m.pick(0)
	case code == opOver:
		m.pick(1)
	case code == opPick:
		m.pick(int(b.byte()))
	case code == opDrop:
		m.pop()
	case code == opSwap:
		x, y := m.pop(), m.pop()
		m.push(x)
		m.push(y)
	case code == opRot:
		x, y, z := m.pop(), m.pop(), m.pop()
		m.push(x)
		m.push(z)
		m.push(y)
	case code == opAbs:
		value := m.pop()
		sign := uint64(int64(value) >> 63)
		m.push(value ^ sign - sign)
	case code == opNeg:
		m.push(-m.pop())
	case code == opNot:
		m.push(^m.pop())
	case code == opNop:
	default:
		return errExpression
	}
	return nil
}

func (m *machine) push(value uint64) { m.stack = append(m.stack, value) }

// pop takes the top value; without one, evaluation fails.
func (m *machine) pop() uint64 {
	n := len(m.stack)
	if n == 0 {
		m.failed = true
		return 0
	}
	value := m.stack[n-1]
	m.stack = m.stack[:n-1]
	return value
}

func (m *machine) pick(depth int) {
	if depth >= len(m.stack) {
		m.failed = true
		return
	}
	m.push(m.stack[len(m.stack)-1-depth])
}

func (m *machine) load(address uint64) (uint64, error) {
	value, ok := m.read(address)
	if !ok {
		return 0, errNoMemory
	}
	return value, nil
}
