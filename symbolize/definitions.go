package symbolize

import (
	"bytes"
	"debug/elf"
)

// Definitions returns the addresses of the functions with the wanted names, as they are in the symbol table: those that
// the file gives to others, or else, in a program that needs no other file (linked statically), those of its .symtab.
func (f *File) Definitions(wanted func(name string) bool) map[string]uint64 {
	d := f.dynamic()
	if names, ok := f.elfOffset(d[elf.DT_STRTAB]); ok {
		if found := f.definitions(f.dynsym(), f.bytes(names, d[elf.DT_STRSZ]), wanted); len(found) > 0 {
			return found
		}
	}
	if _, needs := d[elf.DT_NEEDED]; needs {
		return nil
	}
	s := f.section(".symtab")
	if s == nil || uint64(s.Link) >= uint64(len(f.sections)) {
		return nil
	}
	return f.definitions(f.sectionBytes(*s), f.sectionBytes(f.sections[s.Link]), wanted)
}

func (f *File) definitions(table, names []byte, wanted func(string) bool) map[string]uint64 {
	found := make(map[string]uint64)
	for n := f.symbolSize(); len(table) >= n; table = table[n:] {
		s := f.decodeSymbol(table)
		if elf.ST_TYPE(s.Info) != elf.STT_FUNC || s.Shndx == uint16(elf.SHN_UNDEF) || uint64(s.Name) >= uint64(len(names)) {
			continue
		}
		name := names[s.Name:min(uint64(len(names)), uint64(s.Name)+maxName)]
		if end := bytes.IndexByte(name, 0); end >= 0 && wanted(string(name[:end])) {
			found[string(name[:end])] = s.Value
		}
	}
	return found
}
