package agent

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/symbolize"
)

// callStack is a sample's, innermost frame first.
type callStack struct {
	frames  []place
	guessed int    // of them: their callers were found by search
	outer   bool   // they meet the entry of the delegate node's kernel, not that of its operator, which had ended
	broken  string // why there are no further ones although there should be
}

// Why a stack is broken, beside what the unwind tables' reader says.
const (
	brokenMissed  = "the frames don't meet the op's entry"
	brokenEnds    = "the stack ends before the op's entry"
	brokenDeep    = "too many frames"
	brokenStuck   = "a frame is no farther than the one before"
	brokenUnknown = "no file's code"
	brokenKernel  = "this Linux doesn't tell where the program was when it entered the kernel"
)

const maxFrames = 256

var processor = symbolize.ProcessorOf(runtime.GOARCH)

// unwinder unwinds one sample. The stack of a thread with ops has to meet the stack pointer that the innermost op's kernel
// had at its entry: that proves every frame between. A worker's has to meet its thread's first function.
type unwinder struct {
	images  *images
	process *process
	sample  *bpf.SampleRecord
	stack   []byte // what of it was copied
	entry   uint64 // that stack pointer; 0: a worker's
	outer   uint64 // that of the delegate node's kernel, if the op is one of its operators; else 0
}

func (is *images) unwind(p *process, r *bpf.SampleRecord, stack []byte) callStack {
	if r.Flags&bpf.SampleNoRegisters != 0 {
		return callStack{broken: brokenKernel}
	}
	regs := symbolize.Registers(r.Registers)
	u := unwinder{images: is, process: p, sample: r, stack: stack, entry: r.FrameSp, outer: r.OuterSp}
	pc := regs[processor.ProgramCounter]
	at := is.locate(p, pc)
	if at.image == nil && at.mapping == "" && is.refresh(p) {
		at = is.locate(p, pc)
	}
	if u.entry != 0 && (regs[processor.StackPointer] > u.entry || at.mapping == "[uprobes]") {
		return callStack{} // in a probe at the kernel's entry or return
	}
	s := u.walk(regs, true)
	if s.broken != "" && r.Flags&bpf.SampleKernel != 0 {
		// x86-64 leaves the program counter behind a breakpoint until a probe's handler sets it back.
		regs[processor.ProgramCounter] = pc - 1
		if back := u.walk(regs, false); back.broken == "" {
			return back
		}
	}
	return s
}

func (u *unwinder) read(address uint64) (uint64, bool) { return u.sample.Word(u.stack, address) }

// walk unwinds from the innermost frame on. Where the unwind table has nothing it searches, if it may.
func (u *unwinder) walk(regs symbolize.Registers, search bool) callStack {
	s := callStack{}
	interrupted := true // the innermost frame's address is that of an instruction, those of the others follow a call's
	last := uint64(0)
	for len(s.frames) < maxFrames {
		pc := regs[processor.ProgramCounter]
		if !interrupted {
			pc--
		}
		at := u.images.locate(u.process, pc)
		if at.image == nil {
			s.broken = brokenUnknown
			if at.mapping != "" {
				s.broken = fmt.Sprintf("in %s, %s", at.mapping, brokenUnknown)
			}
			return s
		}
		s.frames = append(s.frames, at)
		rules, err := at.image.unwind(at.address)
		if errors.Is(err, symbolize.ErrNoUnwindTable) && search {
			if rest, ok := u.search(regs, len(s.frames) == 1); ok {
				s.guessed = len(s.frames)
				s.frames = append(s.frames, rest.frames...)
				return s
			}
		}
		cfa, outermost := uint64(0), false
		if err == nil {
			cfa, err = rules.CFA(&regs, u.read)
		}
		entry := cfa - processor.Pushed
		switch {
		case err != nil:
		case u.entry != 0 && entry == u.entry:
			return s
		case u.outer != 0 && entry == u.outer:
			s.outer = true
			return s
		case u.entry != 0 && entry > max(u.entry, u.outer):
			return callStack{frames: s.frames[:1], broken: brokenMissed} // which of the others is right isn't known
		default:
			outermost, err = rules.Step(cfa, &regs, u.read)
		}
		switch {
		case err != nil:
			s.broken = err.Error()
			return s
		case outermost && u.entry == 0:
			return s
		case outermost:
			s.broken = brokenEnds
			return s
		case cfa <= last: // but for a thread's first function: it may have no frame
			s.broken = brokenStuck
			return s
		}
		last = cfa
		interrupted = rules.Signal
	}
	s.broken = brokenDeep
	return s
}
