package pprofexport

import (
	"fmt"
	"slices"

	"github.com/google/pprof/profile"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// heapTypes are the sample types that a memory profile has, too, if allocations were recorded.
var heapTypes = []memoryType{
	{"alloc_space", "bytes", "what ops' threads allocated over the recording, by the stack that asked"},
	{"kept_space", "bytes", "of that, what was not freed when the outermost op around it ended"},
	{"alloc_objects", "count", "allocations over the recording"},
}

// unwalked stands where a stack could not be followed up to the op's kernel: code without frame pointers.
const unwalked = "[frames not known]"

// addHeap adds a sample for each stack that asked for memory, beneath the frames of the innermost op.
func (b memoryBuilder) addHeap(sites []analyze.HeapSite) {
	for _, site := range sites {
		s, known := b.places[site.Op]
		if !known {
			continue // its op has not ended
		}
		frames := b.stack(s)
		if !site.Complete {
			frames = append(frames, b.frame(unwalked))
		}
		callers := site.Frames
		if last := len(callers) - 1; site.Complete && site.Op.Mapping == "" && last >= 0 && callers[last].Function == site.Op.Kernel {
			callers = callers[:last] // the kernel is there already
		}
		for _, f := range slices.Backward(callers) {
			frames = append(frames, b.native(f))
		}
		values := make([]int64, len(b.p.SampleType))
		at := len(values) - len(heapTypes)
		values[at], values[at+1], values[at+2] = plus(0, site.Allocated, 1), plus(0, site.Kept, 1), plus(0, site.Allocations, 1)
		b.sample(frames, labels(s), values...)
	}
}

// native returns the location of a return address.
func (b *builder) native(f analyze.HeapFrame) *profile.Location {
	key := fmt.Sprintf("%p/%x", f.In, f.Address)
	if l := b.frames[key]; l != nil {
		return l
	}
	l := b.location(&profile.Location{Address: f.Address, Mapping: b.mapping(f.In)}, report.Printable(f.Function))
	b.frames[key] = l
	return l
}
