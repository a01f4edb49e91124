package probes

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf/link"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/symbolize"
)

// heapFunctions are the functions of an allocator by their names in the symbol table (C11, POSIX, glibc, bionic, musl).
var heapFunctions = map[string]bpf.HeapCall{
	"malloc": bpf.HeapMalloc, "valloc": bpf.HeapMalloc, "calloc": bpf.HeapCalloc, "realloc": bpf.HeapRealloc,
	"aligned_alloc": bpf.HeapAligned, "memalign": bpf.HeapAligned, "posix_memalign": bpf.HeapPosixMemalign,
	"mmap": bpf.HeapMmap, "mmap64": bpf.HeapMmap, "free": bpf.HeapRelease, "munmap": bpf.HeapRelease,
}

// cxxHeapFunctions are those of C++ by the beginning of their names (Itanium C++ ABI, 5.1.3): operator new and delete. Some
// allocators have them, too; elsewhere they call malloc and free.
var cxxHeapFunctions = map[string]bpf.HeapCall{
	"_Znw": bpf.HeapMalloc, "_Zna": bpf.HeapMalloc, "_Zdl": bpf.HeapRelease, "_Zda": bpf.HeapRelease,
}

func heapCall(name string) (bpf.HeapCall, bool) {
	if call, ok := heapFunctions[name]; ok {
		return call, true
	}
	if len(name) < 4 {
		return "", false
	}
	call, ok := cxxHeapFunctions[name[:4]]
	return call, ok
}

// HeapFunction is a function of an allocator.
type HeapFunction struct {
	Call  bpf.HeapCall
	Found Found // not probed if it is Refused
}

// maxHeapArguments is how many arguments count: those of mmap up to its flags.
const maxHeapArguments = 4

// ErrNoAllocator says that a file holds no allocator.
var ErrNoAllocator = errors.New("no allocator found")

// FindHeap finds the functions of an allocator that a file gives to others: of libc, or of a library that takes its place.
// The error is ErrNoAllocator for a file without any.
func FindHeap(f *symbolize.File) ([]HeapFunction, error) {
	defined := f.Definitions(func(name string) bool {
		_, ok := heapCall(name)
		return ok
	})
	_, whole := defined["malloc"]
	var functions []HeapFunction
	seen := make(map[uint64]bool)
	for _, name := range slices.Sorted(maps.Keys(defined)) {
		address := defined[name]
		if seen[address] || !whole && strings.HasPrefix(name, "_Z") {
			continue
		}
		seen[address] = true
		call, _ := heapCall(name)
		kernel := newKernel(f, Invoke, address)
		kernel.Name = name
		functions = append(functions, HeapFunction{call, inspectWith(f, *kernel, ChooseSite, maxHeapArguments)})
	}
	if len(functions) == 0 {
		return nil, fmt.Errorf("search %s: %w", f, ErrNoAllocator)
	}
	return functions, nil
}

// AttachHeap puts probes into an allocator's functions in the file at path, for one process. A function that Linux refuses
// is listed in Refused; it is an error only if there is nothing left.
func AttachHeap(method Method, programs *bpf.Programs, path string, pid int, functions []HeapFunction) (*Attachment, error) {
	file, err := link.OpenExecutable(path)
	if err != nil {
		return nil, fmt.Errorf("open %s for probing: %w", path, err)
	}
	attachment := &Attachment{attacher: attacher{file: file, path: path, method: method, programs: programs, pid: pid}}
	entries := make(map[bpf.HeapCall][]Point)
	var returns []Point
	points := 0
	for _, function := range functions {
		if function.Found.Refused != "" {
			continue
		}
		point := Point{Offset: uint64(function.Found.FileOffset) + uint64(function.Found.Site.Offset)}
		entries[function.Call] = append(entries[function.Call], point)
		if function.Call != bpf.HeapRelease {
			returns = append(returns, point)
		}
		points++
	}
	attachment.returns = attachment.attach(programs.Heap[bpf.HeapReturn], returns, true)
	refused := attachment.Refused
	for call, points := range entries {
		links := attachment.attach(programs.Heap[call], without(points, refused), false)
		attachment.entries = append(attachment.entries, links...)
	}
	attachment.Attached = points - len(attachment.Refused)
	if points > 0 && attachment.Attached == 0 {
		return nil, errors.Join(fmt.Errorf("attach to the allocator in %s by %s: %w", path, method, attachment.Refused[0].Err), attachment.Close())
	}
	return attachment, nil
}
