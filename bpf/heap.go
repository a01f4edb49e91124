package bpf

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cilium/ebpf"
)

// HeapCall is what a function of an allocator does, as far as its probe is concerned.
type HeapCall string

// Their arguments are those of the functions that they are named after.
const (
	HeapMalloc        HeapCall = "malloc"
	HeapCalloc        HeapCall = "calloc"
	HeapRealloc       HeapCall = "realloc"
	HeapAligned       HeapCall = "aligned" // aligned_alloc and memalign
	HeapPosixMemalign HeapCall = "posix_memalign"
	HeapMmap          HeapCall = "mmap"    // counts anonymous memory only
	HeapRelease       HeapCall = "release" // free and munmap; needs no return probe
	HeapReturn        HeapCall = "return"  // of all others
)

var heapCalls = []HeapCall{HeapMalloc, HeapCalloc, HeapRealloc, HeapAligned, HeapPosixMemalign, HeapMmap, HeapRelease, HeapReturn}

// Sizes of the maps when the heap is followed. What doesn't fit is counted: HeapCauses.
const (
	maxHeapThreads = 1024    // that have ops
	maxHeldBlocks  = 1 << 17 // allocated in ops and not freed since
	maxHeapSites   = 1 << 14
)

// loadHeap prepares the programs for an allocator's functions for the variant, if they are wanted.
func (o *Options) loadHeap(spec *ebpf.CollectionSpec, keep map[string]bool) {
	if !o.Heap {
		return
	}
	for _, call := range heapCalls {
		name := "heap_" + string(call)
		keep[name] = true
		if o.Variant == Multi {
			spec.Programs[name].AttachType = ebpf.AttachTraceUprobeMulti
		}
	}
	spec.Maps["heap_threads"].MaxEntries = maxHeapThreads
	spec.Maps["held_blocks"].MaxEntries = maxHeldBlocks
	spec.Maps["heap_sites"].MaxEntries = maxHeapSites
}

func heapPrograms(collection *ebpf.Collection) map[HeapCall]*ebpf.Program {
	programs := make(map[HeapCall]*ebpf.Program)
	for _, call := range heapCalls {
		if program := collection.Programs["heap_"+string(call)]; program != nil {
			programs[call] = program
		}
	}
	return programs
}

// HeapUse sums up the allocations of one site.
type HeapUse struct {
	Bytes, Count uint64
	Kept         uint64 // bytes that were not freed before the outermost op around them ended
}

// HeapSite reads the sums of a site, by the Node and Stack of its HeapSiteRecord.
func (p *Programs) HeapSite(node, stack uint64) (HeapUse, error) {
	var site programsHeapSite
	if err := p.collection.Maps["heap_sites"].Lookup(programsHeapSiteKey{Node: node, Stack: stack}, &site); err != nil {
		return HeapUse{}, fmt.Errorf("read the sums of allocations: %w", err)
	}
	return HeapUse{site.Bytes, site.Count, site.Kept}, nil
}

// ForgetHeapSite makes room for another one.
func (p *Programs) ForgetHeapSite(node, stack uint64) error {
	return p.collection.Maps["heap_sites"].Delete(programsHeapSiteKey{Node: node, Stack: stack})
}

// HeapMissed is Missed for the programs on allocators.
func (p *Programs) HeapMissed() (uint64, error) {
	return missed(slices.Collect(maps.Values(p.Heap))...)
}

// ForgetBlocks makes room: a process has ended that held blocks.
func (p *Programs) ForgetBlocks(pid uint32) error {
	blocks := p.collection.Maps["held_blocks"]
	var ended []programsHeldKey
	var key programsHeldKey
	var ignored []byte
	entries := blocks.Iterate()
	for entries.Next(&key, &ignored) {
		if key.Tgid == uint64(pid) {
			ended = append(ended, key)
		}
	}
	errs := []error{entries.Err()}
	for _, key := range ended {
		errs = append(errs, blocks.Delete(key))
	}
	return errors.Join(errs...)
}
