package probes

import (
	"debug/elf"

	"github.com/edgexray/edgexray/symbolize"
)

// layout is that of TfLiteRegistration (tensorflow/lite/core/c/common.h): since 2.2 eight members of a word each, in this
// order, then more in later versions.
type layout struct {
	word    uint64   // bytes
	strides []uint64 // bytes between objects side by side: the sizes it had, and those that gcc's 32-byte alignment gives
}

var layouts = map[int]layout{
	8: {8, []uint64{64, 72, 80, 88, 96}},
	4: {4, []uint64{32, 36, 40, 48, 64}},
}

// The members' places, in words.
const (
	atInit = iota
	atFree
	atPrepare
	atInvoke
	atProfilingString
	atBuiltinCode // int32, then padding
	atCustomName
	atVersion // int32, then padding
	commonWords
)

// maxVersion is above any version a delegate's or a custom op's own record states.
const maxVersion = 20

// registration is a record in a library's data that has the shape of a TfLiteRegistration. Functions are addresses in
// the file; 0 is none.
type registration struct {
	address         uint64
	init, free      uint64
	prepare, invoke uint64
	name            string // custom_name
}

// functions has the functions that are kernels', by role; 0 for none.
func (r registration) functions() [3]uint64 {
	return [...]uint64{Invoke: r.invoke, Prepare: r.prepare, Init: r.init}
}

// registrations finds every such record, by ascending address. They may overlap: see judge.
func registrations(f *symbolize.File) ([]registration, error) {
	data, err := f.Data()
	if err != nil {
		return nil, err
	}
	word := uint64(f.PointerSize)
	var found []registration
	for i := range data {
		d := &data[i]
		end := d.Address + uint64(len(d.Bytes))
		for a := (d.Address + word - 1) / word * word; a < end; a += word {
			c := candidate{f, d, a}
			if r, ok := c.registration(); ok {
				found = append(found, r)
			}
		}
	}
	return found, nil
}

// candidate is a place in the data that may be a TfLiteRegistration.
type candidate struct {
	file    *symbolize.File
	data    *symbolize.Data
	address uint64
}

// registration checks the record member by member, the most telling first. Ops have init and free or neither; op code,
// name and version stay 0 in the file, because the resolver's copy gets them; a delegate's own record may have a name.
func (c candidate) registration() (registration, bool) {
	r := registration{address: c.address}
	var ok bool
	if r.invoke, ok = c.function(atInvoke); !ok {
		return r, false
	}
	if r.prepare, ok = c.function(atPrepare); !ok {
		return r, false
	}
	if r.init, ok = c.optionalFunction(atInit); !ok {
		return r, false
	}
	if r.free, ok = c.optionalFunction(atFree); !ok || (r.init == 0) != (r.free == 0) {
		return r, false
	}
	if _, ok = c.optionalFunction(atProfilingString); !ok || !c.isZero(atBuiltinCode) {
		return r, false
	}
	if c.isZero(atCustomName) {
		return r, c.isZero(atVersion)
	}
	r.name, ok = c.name()
	version, relocation, inside := c.word(atVersion)
	return r, ok && inside && relocation == symbolize.Unrelocated && version <= maxVersion
}

func (c candidate) word(i uint64) (uint64, symbolize.Relocation, bool) {
	return c.data.Word(c.address + i*uint64(c.file.PointerSize))
}

func (c candidate) isZero(i uint64) bool {
	value, relocation, ok := c.word(i)
	return ok && value == 0 && relocation == symbolize.Unrelocated
}

// pointer is the address in the file that a member points to.
func (c candidate) pointer(i uint64) (uint64, bool) {
	value, relocation, ok := c.word(i)
	local := relocation == symbolize.Local || c.file.Fixed && relocation == symbolize.Unrelocated
	return value, ok && local && value != 0
}

func (c candidate) optionalFunction(i uint64) (address uint64, ok bool) {
	if c.isZero(i) {
		return 0, true
	}
	return c.function(i)
}

// function is a member that points to the start of a function, as the unwind table has it: compilers write one for C++
// unless told not to. 32-bit arm's has no exact starts, so anything in .text passes there.
func (c candidate) function(i uint64) (address uint64, ok bool) {
	address, ok = c.pointer(i)
	if !ok {
		return 0, false
	}
	if c.file.Machine == elf.EM_ARM {
		address &^= 1 // Thumb
		return address, c.file.InText(address)
	}
	extent, known := c.file.FunctionAt(address)
	return address, known && extent.Start == address && c.file.InText(address)
}

func (c candidate) name() (string, bool) {
	address, ok := c.pointer(atCustomName)
	if !ok || c.file.InText(address) {
		return "", false
	}
	return c.file.StringAt(address)
}
