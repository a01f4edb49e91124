package bpf

import (
	"encoding/binary"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
)

// What SampleRecord.Flags says.
const (
	SampleKernel      = 1
	SampleNoRegisters = 2
	SampleWorker      = 4
)

// MaxSampleStack is how much of a stack comes with a sample, in bytes.
const MaxSampleStack = 32 << 10

const sampleChunk = 1024

// Copied returns the copy of the stack that follows a record in the ring buffer. It is valid as long as sample, from which
// Decode made the record.
func (r *programsSampleRecord) Copied(sample []byte) []byte {
	stack := sample[unsafe.Sizeof(*r):]
	return stack[:min(len(stack), int(r.StackBytes))]
}

// Word returns the word at an address of the thread's stack, given the copy; false if that doesn't have it.
func (r *programsSampleRecord) Word(stack []byte, address uint64) (uint64, bool) {
	offset := address - r.Stack
	if r.Gap != 0 && offset >= MaxSampleStack/2 {
		if offset < MaxSampleStack/2+r.Gap {
			return 0, false
		}
		offset -= r.Gap
	}
	if offset%8 != 0 || offset >= uint64(len(stack)) || uint64(len(stack))-offset < 8 || r.Missing&(1<<(offset/sampleChunk)) != 0 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(stack[offset:]), true
}

// LostSamples counts samples that found the ring buffer full, SamplesOutside those outside of any op.
const (
	LostSamples    = programsCounterLOST_SAMPLES
	SamplesOutside = programsCounterSAMPLES_OUTSIDE
)

// planSampling returns the name of the program that takes samples, "" when none are wanted.
func planSampling(spec *ebpf.CollectionSpec, wanted bool) string {
	if !wanted {
		delete(spec.Maps, "sample_rooms")
		delete(spec.Maps, "stack_ends")
		return ""
	}
	if cpus, err := ebpf.PossibleCPU(); err == nil {
		spec.Maps["sample_rooms"].MaxEntries = uint32(cpus)
	}
	if features.HaveProgramHelper(ebpf.PerfEvent, asm.FnTaskPtRegs) == nil {
		return "sample_in_kernel"
	}
	return "sample"
}
