// Package probes finds the kernels of TFLite and LiteRT in a library or a process, chooses where to probe them, and
// attaches the probes.
package probes

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/symbolize"
)

// ErrNoKernels says that a file holds no TFLite runtime.
var ErrNoKernels = errors.New("no TFLite kernels found")

// Library is what the static search finds in a library: the cacheable part of what we know about a runtime.
type Library struct {
	Path        string // the APK for a library inside one
	Entry       string // name inside the APK, or empty
	ID          string // build ID, or "sha256:" and the content's hash
	BuildID     string // or empty
	Machine     elf.Machine
	PointerSize int
	Kernels     []Kernel // by role, then address
	Suspects    []Suspect
}

// Role is the member of TfLiteRegistration that a function was found in.
type Role uint8

const (
	Invoke   Role = iota // TfLiteStatus(TfLiteContext*, TfLiteNode*): runs an op
	Prepare              // TfLiteStatus(TfLiteContext*, TfLiteNode*): sizes its outputs
	Init                 // void*(TfLiteContext*, const char* buffer, size_t length): makes its user data
	Operator             // enum xnn_status(xnn_operator_t, ...): runs an operator of XNNPACK
	Return               // of an Invoke whose entry has a probe already
	Marker               // void(const struct edgexray_event*): what the app marks itself passes it
)

func (r Role) String() string {
	return [...]string{"invoke", "prepare", "init", "operator", "return", "marker"}[r]
}

// Kernel is a function of a runtime's kernels.
type Kernel struct {
	Role       Role
	Address    uint64 // in the file's own address space
	FileOffset int64  // in Library.Path, the APK's offset included: where a probe goes
	Size       uint64 // bytes; 0 without an unwind table
	Symbol     string // demangled, or empty
	Name       string // custom_name of its registration: a delegate's or a custom op's name, or empty
	Records    int    // registrations that name the function: several ops may share one
	WithData   bool   // it takes user data before its context
}

// Suspect is what looked like a registration, or a kernel's function, but wasn't believed: it isn't probed.
type Suspect struct {
	Address uint64 // of the record or the function
	Reason  string
}

// FindKernels searches a library for kernels without its symbols: in its relocated data it finds the static
// TfLiteRegistration objects of the ops. The error is ErrNoKernels for a file without a runtime.
//
// Kernels that the app registers itself, and those whose registration is only built at run time, are found in the process.
func FindKernels(f *symbolize.File) (*Library, error) {
	candidates, err := registrations(f)
	if err != nil {
		return nil, err
	}
	records, suspects := judge(candidates, layouts[f.PointerSize])
	if len(records) == 0 {
		return nil, fmt.Errorf("search %s: %w (no row of %d or more TfLiteRegistration records; name the library that holds the runtime)", f, ErrNoKernels, minRow)
	}
	// Only now, because it reads the whole file.
	mentioned, err := f.Mentions("TfLite", "tflite", "tensorflow/lite")
	if err != nil {
		return nil, err
	}
	if !mentioned {
		return nil, fmt.Errorf("search %s: %w (%d records look like TfLiteRegistration, but nothing mentions TFLite)", f, ErrNoKernels, len(records))
	}
	id, err := f.ID()
	if err != nil {
		return nil, err
	}
	found, ambiguous := kernels(f, records)
	suspects = append(suspects, ambiguous...)
	slices.SortFunc(suspects, func(a, b Suspect) int { return cmp.Compare(a.Address, b.Address) })
	return &Library{
		Path: f.Path, Entry: f.Entry, ID: id, BuildID: f.BuildID, Machine: f.Machine, PointerSize: f.PointerSize,
		Kernels: found, Suspects: suspects,
	}, nil
}

// kernels lists the functions of the records, each once, by role and address. A function in two roles is none: linkers fold
// functions of the same code ("return kTfLiteOk"), and then its arguments can't be known.
func kernels(f *symbolize.File, records []registration) (sorted []Kernel, suspects []Suspect) {
	found := map[uint64]*Kernel{}
	ambiguous := map[uint64]bool{}
	for _, r := range records {
		for i, address := range r.functions() {
			role := Role(i)
			if address == 0 {
				continue
			}
			k := found[address]
			if k == nil {
				k = newKernel(f, role, address)
				found[address] = k
			}
			k.Records++
			k.Name = cmp.Or(k.Name, r.name)
			if k.Role != role {
				ambiguous[address] = true
			}
		}
	}
	for address, k := range found {
		if ambiguous[address] {
			suspects = append(suspects, Suspect{address, "the same function serves as invoke, prepare or init"})
			continue
		}
		sorted = append(sorted, *k)
	}
	slices.SortFunc(sorted, func(a, b Kernel) int {
		return cmp.Or(cmp.Compare(a.Role, b.Role), cmp.Compare(a.Address, b.Address))
	})
	return sorted, suspects
}

func newKernel(f *symbolize.File, role Role, address uint64) *Kernel {
	k := &Kernel{Role: role, Address: address}
	k.FileOffset, _ = f.FileOffset(address) // It is in .text, so it has one.
	if extent, ok := f.FunctionAt(address); ok {
		k.Size = extent.End - extent.Start
	}
	if s, ok := f.Symbol(address); ok && s.Address == address {
		k.Symbol = s.Name
	}
	return k
}
