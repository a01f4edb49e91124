package symbolize

import (
	"bytes"
	"debug/elf"
)

// Definitions returns the addresses of the functions with the wanted names, as they are in the symbol table: of those that
// the file gives to others, or else, if it gives none (as a program does that is linked statically), of all in .symtab.
func (f *File) Definitions(wanted func(name string) bool) map[string]uint64 {
	d := f.dynamic()
	if names, ok := f.elfOffset(d[elf.DT_STRTAB]); ok {
		if found, any := f.definitions(f.dynsym(), f.bytes(names, d[elf.DT_STRSZ]), wanted); any {
			return found
		}
	}
	s := f.section(".symtab")
	if s == nil || uint64(s.Link) >= uint64(len(f.sections)) {
		return nil
	}
	found, _ := f.definitions(f.sectionBytes(*s), f.sectionBytes(f.sections[s.Link]), wanted)
	return found
}

// definitions also tells whether the table defines any function.
func (f *File) definitions(table, names []byte, wanted func(string) bool) (found map[string]uint64, any bool) {
	found = make(map[string]uint64)
	for n := f.symbolSize(); len(table) >= n; table = table[n:] {
		s := f.decodeSymbol(table)
		if elf.ST_TYPE(s.Info) != elf.STT_FUNC || s.Shndx == uint16(elf.SHN_UNDEF) || uint64(s.Name) >= uint64(len(names)) {
			continue
		}
		any = true
		name := names[s.Name:min(uint64(len(names)), uint64(s.Name)+maxName)]
		if end := bytes.IndexByte(name, 0); end >= 0 && wanted(string(name[:end])) {
			found[string(name[:end])] = s.Value
		}
	}
	return found, any
}
