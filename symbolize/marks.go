package symbolize

import (
	"debug/elf"
	"errors"
	"fmt"
	"slices"
)

// Marks is where the markers of a module can be listened to: an executable or a library that includes sdk/c/edgexray.h,
// which says so in a note.
type Marks struct {
	Probe uint64 // address of the instruction that every marker passes while somebody listens
	Hook  uint64 // address of struct edgexray_hook, which begins with the 16-bit count of those who listen
	// Where they are in Path.
	ProbeOffset, HookOffset int64
}

// The note and the hook, as sdk/c/edgexray.h writes them.
const (
	marksOwner   = "edgexray"
	marksKind    = 1
	marksVersion = 1 // struct edgexray_hook.version, at hookVersion
	hookVersion  = 4
	hookBytes    = 16
)

// maxMarks bounds what one file may claim. A module has one; one that links others' finished parts may have a few.
const maxMarks = 16

// Marks returns what the file's notes say of its markers, each once: every source file that marks something writes a note.
// Notes that can't be true are left out, and the error says why.
func (f *File) Marks() ([]Marks, error) {
	var all []Marks
	var errs []error
	for n := range f.notes() {
		if n.owner != marksOwner || n.kind != marksKind {
			continue
		}
		m, err := f.marks(n)
		switch {
		case err != nil:
			errs = append(errs, err)
		case slices.Contains(all, m):
			continue
		default:
			all = append(all, m)
		}
		if len(all)+len(errs) == maxMarks {
			break
		}
	}
	return all, errors.Join(errs...)
}

// marks reads a note: the distances of the probe and of the hook, each from the field that has it.
func (f *File) marks(n note) (Marks, error) {
	fail := func(why string, args ...any) (Marks, error) {
		return Marks{}, fmt.Errorf("read the note of the markers in %s: %s (built with another version of edgexray.h, or damaged)", f, fmt.Sprintf(why, args...))
	}
	if len(n.desc) != 2*f.PointerSize {
		return fail("it has %d bytes, not %d", len(n.desc), 2*f.PointerSize)
	}
	m := Marks{Probe: f.relative(n, 0), Hook: f.relative(n, f.PointerSize)}
	probe, hook := f.segment(m.Probe), f.segment(m.Hook)
	if probe == nil || probe.Flags&elf.PF_X == 0 {
		return fail("its probe at %#x is not in the code", m.Probe)
	}
	if hook == nil || hook.Flags&elf.PF_W == 0 || m.Hook%2 != 0 {
		return fail("its hook at %#x is not in the writable data of the file", m.Hook)
	}
	b := f.memory(m.Hook, hookBytes)
	if len(b) < hookBytes {
		return fail("its hook at %#x goes past the end of the data", m.Hook)
	}
	if version := order.Uint32(b[hookVersion:]); version != marksVersion {
		return fail("its hook has version %d, not %d", version, marksVersion)
	}
	m.ProbeOffset, _ = f.FileOffset(m.Probe)
	m.HookOffset, _ = f.FileOffset(m.Hook)
	return m, nil
}

// relative is the address that a field of a note's descriptor has as a distance from itself.
func (f *File) relative(n note, at int) uint64 {
	field := n.address + uint64(at)
	if f.PointerSize == 4 {
		return uint64(uint32(field) + order.Uint32(n.desc[at:]))
	}
	return field + order.Uint64(n.desc[at:])
}

// InOnePage tells whether the file's hook can only be in one place of memory while a linker loads it, where pages have so many
// bytes. Segments are mapped in whole pages, so that the end of one may have the beginning of the next one, too. Linux counts who
// listens in the first writable place that it finds.
func (f *File) InOnePage(m Marks, pageBytes uint64) bool {
	offset, places := uint64(m.HookOffset-f.Base), 0
	for _, s := range f.Segments {
		begin, end := s.Offset&^(pageBytes-1), (s.Offset+s.FileSize+pageBytes-1)&^(pageBytes-1)
		if s.Flags&elf.PF_W != 0 && begin <= offset && offset < end {
			places++
		}
	}
	return places == 1
}
