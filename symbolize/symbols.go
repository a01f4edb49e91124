package symbolize

import (
	"bytes"
	"cmp"
	"debug/elf"
	"slices"
	"sort"

	"github.com/ianlancetaylor/demangle"
)

// Symbol is a named function.
type Symbol struct {
	Name    string // demangled, without parameters
	Address uint64
	Size    uint64 // bytes; 0 if the table doesn't say
}

// Symbol names the function that holds address, from the first of .symtab, .gnu_debugdata and .dynsym that knows it.
// Of several names for one function it takes a global one before a weak before a local one, then the first in
// alphabetical order, so that the answer doesn't depend on the order of the table.
func (f *File) Symbol(address uint64) (Symbol, bool) {
	for _, t := range f.symbols() {
		if s, ok := t.lookup(address); ok {
			return s, true
		}
	}
	return Symbol{}, false
}

// symbolTable has the functions of a symbol table, by address. Names stay in the file until asked for.
type symbolTable struct {
	file    *File // .gnu_debugdata is a file of its own
	symbols []symbol
	names   uint64 // offset in the file
	size    uint64 // of the names, bytes
}

type symbol struct {
	address, size uint64
	name          uint32
	rank          uint8 // of the binding; lower is better
}

// ranks orders bindings; what isn't here comes last.
var ranks = map[elf.SymBind]uint8{elf.STB_GLOBAL: 0, elf.STB_WEAK: 1, elf.STB_LOCAL: 2}

func (f *File) readSymbols() []*symbolTable {
	var tables []*symbolTable
	if t := f.symtab(); t != nil {
		tables = append(tables, t)
	}
	if mini := f.debugData(); mini != nil {
		if t := mini.symtab(); t != nil {
			tables = append(tables, t)
		}
	}
	d := f.dynamic()
	if names, ok := f.elfOffset(d[elf.DT_STRTAB]); ok {
		tables = append(tables, f.newSymbolTable(f.dynsym(), names, d[elf.DT_STRSZ]))
	}
	return tables
}

// elfOffset is where the ELF file stores the byte at address.
func (f *File) elfOffset(address uint64) (uint64, bool) {
	offset, ok := f.FileOffset(address)
	return uint64(offset - f.Base), ok
}

func (f *File) symtab() *symbolTable {
	s := f.section(".symtab")
	if s == nil || uint64(s.Link) >= uint64(len(f.sections)) {
		return nil
	}
	names := f.sections[s.Link]
	return f.newSymbolTable(f.sectionBytes(*s), names.Off, names.Size)
}

func (f *File) newSymbolTable(table []byte, names, size uint64) *symbolTable {
	t := &symbolTable{file: f, names: names, size: size}
	for n := f.symbolSize(); len(table) >= n; table = table[n:] {
		s := f.decodeSymbol(table)
		if elf.ST_TYPE(s.Info) != elf.STT_FUNC || s.Shndx == uint16(elf.SHN_UNDEF) {
			continue
		}
		if f.Machine == elf.EM_ARM {
			s.Value &^= 1 // Thumb
		}
		rank, ok := ranks[elf.ST_BIND(s.Info)]
		if !ok {
			rank = uint8(len(ranks))
		}
		t.symbols = append(t.symbols, symbol{s.Value, s.Size, s.Name, rank})
	}
	slices.SortFunc(t.symbols, func(a, b symbol) int {
		return cmp.Or(cmp.Compare(a.address, b.address), cmp.Compare(a.rank, b.rank), cmp.Compare(a.name, b.name))
	})
	return t
}

// maxAliases bounds the names read to choose one; real functions have a handful.
const maxAliases = 64

func (t *symbolTable) lookup(address uint64) (Symbol, bool) {
	end := sort.Search(len(t.symbols), func(i int) bool { return t.symbols[i].address > address })
	if end == 0 {
		return Symbol{}, false
	}
	start := t.symbols[end-1].address
	first := sort.Search(end, func(i int) bool { return t.symbols[i].address >= start })
	aliases := t.symbols[first:min(end, first+maxAliases)]
	best, name := symbol{}, ""
	for _, s := range aliases {
		if s.address != address && address-s.address >= s.size {
			continue
		}
		n := t.name(s.name)
		if n == "" {
			continue
		}
		if name == "" || cmp.Or(cmp.Compare(s.rank, best.rank), cmp.Compare(n, name)) < 0 {
			best, name = s, n
		}
	}
	return Symbol{demangled(name), best.address, best.size}, name != ""
}

// maxName is the longest mangled name taken as one, in bytes; those of heavy C++ templates reach some thousand.
const maxName = 1 << 14

func (t *symbolTable) name(offset uint32) string {
	if uint64(offset) >= t.size || t.names+t.size < t.names {
		return ""
	}
	limit := min(t.size-uint64(offset), maxName)
	for n := uint64(256); ; n *= 4 {
		b := t.file.bytes(t.names+uint64(offset), min(n, limit))
		if end := bytes.IndexByte(b, 0); end >= 0 {
			return string(b[:end])
		}
		if n >= limit {
			return ""
		}
	}
}

// demangled gives the name without parameters: they double its length and say nothing of a kernel.
func demangled(name string) string {
	const maxLength = 12 // 4 KiB
	if s, err := demangle.ToString(name, demangle.NoParams, demangle.MaxLength(maxLength)); err == nil {
		return s
	}
	return name
}
