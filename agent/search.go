package agent

import "github.com/edgexray/edgexray/symbolize"

// How far a function without unwind information is expected to reach, in bytes of its stack: microkernels in assembly keep
// pointers to their rows there.
const searchBytes = 2048

// search finds the caller of a function that the unwind table doesn't have: by a return address on its stack, or still in
// the link register, that follows a call, and from which the unwind tables lead exactly to where the stack must end. A
// frame pointer is nothing to rely on: such functions use it for anything.
func (u *unwinder) search(regs symbolize.Registers, innermost bool) (callStack, bool) {
	sp := regs[processor.StackPointer]
	if link := processor.LinkRegister; link >= 0 {
		if innermost {
			if rest, ok := u.searchFrom(regs, regs[link], sp); ok {
				return rest, true
			}
		}
		for at := sp; at < sp+searchBytes; at += 8 {
			if word, ok := u.read(at); !ok {
				break
			} else if rest, ok := u.searchFrom(regs, word, (at+8+15)&^15); ok {
				return rest, true
			}
		}
		return callStack{}, false
	}
	for at := sp; at < sp+searchBytes; at += 8 {
		word, ok := u.read(at)
		if !ok {
			break
		}
		if rest, ok := u.attempt(regs, word, at+8); ok {
			return rest, true
		}
	}
	return callStack{}, false
}

// searchFrom tries the stack pointers that the caller may have when the function's frame isn't told by its return
// address's place.
func (u *unwinder) searchFrom(regs symbolize.Registers, to, sp uint64) (callStack, bool) {
	if !u.returnsTo(to) {
		return callStack{}, false
	}
	for end := sp + searchBytes/4; sp < end; sp += 16 {
		if rest, ok := u.attempt(regs, to, sp); ok {
			return rest, true
		}
	}
	return callStack{}, false
}

// attempt unwinds from a caller's address and stack pointer, and tells whether that ends where it must.
func (u *unwinder) attempt(regs symbolize.Registers, to, sp uint64) (callStack, bool) {
	if !u.returnsTo(to) {
		return callStack{}, false
	}
	regs[processor.ProgramCounter], regs[processor.StackPointer] = to-1, sp
	rest := u.walk(regs, false)
	return rest, rest.broken == ""
}

func (u *unwinder) returnsTo(address uint64) bool {
	at := u.images.locate(u.process, address)
	return at.image != nil && at.image.file.FollowsCall(at.address)
}
