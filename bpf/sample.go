package bpf

import (
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

// SampleBelow is how much of that lies below the stack pointer.
const SampleBelow = 128

// Stack returns the copy of the stack that follows a record in the ring buffer. It is valid as long as the record's
// sample is, from which Decode made it.
func (r *programsSampleRecord) Stack(sample []byte) []byte {
	stack := sample[unsafe.Sizeof(*r):]
	return stack[:min(len(stack), int(r.StackBytes))]
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
