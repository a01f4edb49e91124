package bpf

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// Functions that call one another may use 512 bytes of stack together, each rounded up to 32: check_max_stack_depth in
// Linux, kernel/bpf/verifier.c. Since 6.13 the verifier allows more on x86-64, so a test that loads the programs on such a
// machine does not notice what every other one refuses.
func TestStack(t *testing.T) {
	const limit, unit = 512, 32
	spec, err := loadPrograms()
	if err != nil {
		t.Fatal(err)
	}
	for name, program := range spec.Programs {
		functions := functionsOf(program)
		var deepest func(name string) int
		deepest = func(name string) int {
			below := 0
			for callee := range functions[name].calls {
				below = max(below, deepest(callee))
			}
			return (max(functions[name].stack, 1)+unit-1)/unit*unit + below
		}
		if used := deepest(name); used > limit {
			t.Errorf("%s: %d bytes of stack with what it calls, of %d", name, used, limit)
			for callee, f := range functions {
				t.Logf("%s: %d bytes", callee, f.stack)
			}
		}
	}
}

type function struct {
	stack int             // bytes
	calls map[string]bool // names of functions
}

// functionsOf returns a program's functions by name. What one uses of the stack is the lowest address it forms from the
// frame pointer: by an offset, or by an addition to a copy of it.
func functionsOf(program *ebpf.ProgramSpec) map[string]*function {
	functions := make(map[string]*function)
	var f *function
	copies := make(map[asm.Register]bool) // of the frame pointer, not yet added to
	for _, ins := range program.Instructions {
		if name := ins.Symbol(); name != "" {
			f = &function{calls: make(map[string]bool)}
			functions[name] = f
		}
		class, op := ins.OpCode.Class(), ins.OpCode.ALUOp()
		switch {
		case ins.IsFunctionCall():
			f.calls[ins.Reference()] = true
		case class.IsLoad() && ins.Src == asm.RFP, class.IsStore() && ins.Dst == asm.RFP:
			f.stack = max(f.stack, -int(ins.Offset))
		case class.IsALU() && op == asm.Add && ins.OpCode.Source() == asm.ImmSource && copies[ins.Dst]:
			f.stack = max(f.stack, -int(ins.Constant))
		}
		copies[ins.Dst] = class.IsALU() && op == asm.Mov && ins.OpCode.Source() == asm.RegSource && ins.Src == asm.RFP
	}
	return functions
}
