package probes

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/edgexray/edgexray/symbolize"
	"github.com/edgexray/edgexray/tflite"
)

// HostMachine is the machine whose code runs, and can be probed, here.
var HostMachine = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]

// Found is a kernel's function and the site chosen in it.
type Found struct {
	Kernel
	Site    Site
	Refused string          `json:",omitempty"` // why it isn't probed; empty for one that can be
	Ops     []tflite.OpCode `json:",omitempty"` // that it was seen to run, in live processes
}

// Label names a function for a person: by its symbol, its registration's name, or its address.
func (f *Found) Label() string {
	return cmp.Or(f.Symbol, f.Name, fmt.Sprintf("fn@%#x", f.Address))
}

// Learn remembers an op that the kernel was seen to run, and tells whether that was news.
func (f *Found) Learn(op tflite.OpCode) bool {
	if slices.Contains(f.Ops, op) {
		return false
	}
	f.Ops = append(f.Ops, op)
	return true
}

// ErrOtherMachine says that code can't run here.
var ErrOtherMachine = errors.New("its code can't run here")

// Probeable returns nil if code of the file can run, and so be probed, here; else an ErrOtherMachine.
func Probeable(f *symbolize.File) error {
	switch {
	case f.Machine == HostMachine:
		return nil
	case f.PointerSize == 4:
		return fmt.Errorf("%w: %s is 32-bit code (%v): Linux on a 64-bit processor refuses uprobes in 32-bit apps", ErrOtherMachine, f, f.Machine)
	default:
		return fmt.Errorf("%w: %s is code for %v, this machine's is %v (record on the device itself)", ErrOtherMachine, f, f.Machine, HostMachine)
	}
}

// Inspection is what is known of a library: what Cache keeps.
type Inspection struct {
	Library
	Kernels []Found // instead of Library's
	// XNNPACK is nil when the library has none, or NoXNNPACK says why it was not found.
	XNNPACK   *XNNPACK `json:",omitempty"`
	NoXNNPACK string   `json:",omitempty"`
}

// Inspect finds a library's kernels and chooses their sites. The error is ErrNoKernels for a file without a runtime.
func Inspect(f *symbolize.File) (*Inspection, error) {
	library, err := FindKernels(f)
	if err != nil {
		return nil, err
	}
	inspection := &Inspection{Library: *library, Kernels: make([]Found, 0, len(library.Kernels))}
	for _, kernel := range library.Kernels {
		inspection.Kernels = append(inspection.Kernels, inspectFunction(f, kernel))
	}
	inspection.XNNPACK, err = findXNNPACK(f, library.Kernels)
	if err != nil && !errors.Is(err, ErrNoXNNPACK) {
		inspection.NoXNNPACK = err.Error()
	}
	inspection.Library.Kernels = nil
	return inspection, nil
}

// InspectFunction is Inspect for one function that was found in a live process. With data, it takes user data before its
// context.
func InspectFunction(f *symbolize.File, address uint64, role Role, withData bool) Found {
	kernel := newKernel(f, role, address)
	kernel.WithData = withData
	return inspectFunction(f, *kernel)
}

// siteChooser is ChooseSite or ChooseEntrySite.
type siteChooser func(machine elf.Machine, code []byte, address uint64, arguments int) (Site, error)

// unknownSize is how much code is read of a function whose end isn't known.
const unknownSize = maxSiteOffset

func inspectFunction(f *symbolize.File, kernel Kernel) Found {
	choose, arguments := ChooseSite, 2
	if kernel.Role != Invoke {
		choose = ChooseEntrySite
	}
	switch {
	case kernel.Role == Operator:
		arguments = 1
	case kernel.WithData:
		arguments = 3
	}
	return inspectWith(f, kernel, choose, arguments)
}

func inspectWith(f *symbolize.File, kernel Kernel, choose siteChooser, arguments int) Found {
	found := Found{Kernel: kernel}
	size := int(min(kernel.Size, 64<<10))
	if size == 0 {
		size = unknownSize
	}
	code, err := f.Code(kernel.Address, size)
	if err != nil {
		found.Refused = err.Error()
		return found
	}
	found.Site, err = choose(f.Machine, code, kernel.Address, arguments)
	if err != nil {
		found.Refused = err.Error()
	}
	return found
}
