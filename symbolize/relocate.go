package symbolize

import (
	"debug/elf"
	"errors"
)

// class is what a relocation type computes: B is the load bias, S the symbol's value, A the addend.
type class uint8

const (
	other    class = iota // anything only the dynamic linker can know
	none                  // nothing
	relative              // B + A
	absolute              // S + A
	slot                  // S: the addend in place, when there is one, is for lazy binding
)

// relocationClasses has the dynamic relocation types of each processor's ELF psABI that leave an address in data.
var relocationClasses = map[elf.Machine]map[uint32]class{
	elf.EM_X86_64: {
		uint32(elf.R_X86_64_NONE):     none,
		uint32(elf.R_X86_64_RELATIVE): relative,
		uint32(elf.R_X86_64_64):       absolute,
		uint32(elf.R_X86_64_GLOB_DAT): slot,
		uint32(elf.R_X86_64_JMP_SLOT): slot,
	},
	elf.EM_AARCH64: {
		uint32(elf.R_AARCH64_NONE):      none,
		uint32(elf.R_AARCH64_RELATIVE):  relative,
		uint32(elf.R_AARCH64_ABS64):     absolute,
		uint32(elf.R_AARCH64_GLOB_DAT):  absolute,
		uint32(elf.R_AARCH64_JUMP_SLOT): slot,
	},
	elf.EM_386: {
		uint32(elf.R_386_NONE):     none,
		uint32(elf.R_386_RELATIVE): relative,
		uint32(elf.R_386_32):       absolute,
		uint32(elf.R_386_GLOB_DAT): slot,
		uint32(elf.R_386_JMP_SLOT): slot,
	},
	elf.EM_ARM: {
		uint32(elf.R_ARM_NONE):      none,
		uint32(elf.R_ARM_RELATIVE):  relative,
		uint32(elf.R_ARM_ABS32):     absolute,
		uint32(elf.R_ARM_GLOB_DAT):  slot,
		uint32(elf.R_ARM_JUMP_SLOT): slot,
	},
}

// Tags of Android's own tables (bionic, libc/include/elf.h).
const (
	dtAndroidRel    = 0x6000000f
	dtAndroidRelSz  = 0x60000010
	dtAndroidRela   = 0x60000011
	dtAndroidRelaSz = 0x60000012
	dtAndroidRelr   = 0x6fffe000
	dtAndroidRelrSz = 0x6fffe001
	dtRelrSz        = 35
	dtRelr          = 36
)

// relocationTables has every way a file can list its relocations.
var relocationTables = []struct {
	address, size elf.DynTag
	apply         func(l *linker, table []byte) error
}{
	{elf.DT_REL, elf.DT_RELSZ, (*linker).rel},
	{elf.DT_RELA, elf.DT_RELASZ, (*linker).rela},
	{elf.DT_JMPREL, elf.DT_PLTRELSZ, (*linker).plt},
	{dtRelr, dtRelrSz, (*linker).relr},
	{dtAndroidRelr, dtAndroidRelrSz, (*linker).relr},
	{dtAndroidRel, dtAndroidRelSz, (*linker).packed},
	{dtAndroidRela, dtAndroidRelaSz, (*linker).packed},
}

// linker applies relocations as the dynamic linker would, with a load bias of zero and no other file loaded.
type linker struct {
	file    *File
	data    []Data
	symbols []byte // .dynsym
	classes map[uint32]class
	last    int // segment of the last relocation: they come in runs
}

func (l *linker) relocate(d dynamic) error {
	for _, t := range relocationTables {
		address, ok := d[t.address]
		if !ok {
			continue
		}
		if err := t.apply(l, l.file.memory(address, d[t.size])); err != nil {
			return err
		}
	}
	return nil
}

// rel reads entries of address and info; the addend is in place.
func (l *linker) rel(table []byte) error {
	p := l.file.PointerSize
	for ; len(table) >= 2*p; table = table[2*p:] {
		l.apply(l.file.word(table), l.file.word(table[p:]), nil)
	}
	return nil
}

// rela reads entries of address, info and addend.
func (l *linker) rela(table []byte) error {
	p := l.file.PointerSize
	for ; len(table) >= 3*p; table = table[3*p:] {
		addend := l.file.word(table[2*p:])
		l.apply(l.file.word(table), l.file.word(table[p:]), &addend)
	}
	return nil
}

func (l *linker) plt(table []byte) error {
	if elf.DynTag(l.file.dynamic()[elf.DT_PLTREL]) == elf.DT_REL {
		return l.rel(table)
	}
	return l.rela(table)
}

// relr reads the compressed list of relative relocations: an even word is an address to relocate, an odd one a bitmap of
// the words that follow it (gABI, SHT_RELR). Addends are in place.
func (l *linker) relr(table []byte) error {
	p := uint64(l.file.PointerSize)
	var next uint64
	for ; uint64(len(table)) >= p; table = table[p:] {
		entry := l.file.word(table)
		if entry&1 == 0 {
			l.mark(entry, Local)
			next = entry + p
			continue
		}
		for i, bits := uint64(0), entry>>1; bits != 0; i, bits = i+1, bits>>1 {
			if bits&1 != 0 {
				l.mark(next+i*p, Local)
			}
		}
		next += (8*p - 1) * p
	}
	return nil
}

// Flags of a group in Android's packed relocations (bionic, linker/linker_reloc_iterators.h).
const (
	groupedByInfo   = 1
	groupedByDelta  = 2
	groupedByAddend = 4
	groupHasAddend  = 8
)

// packed reads Android's delta-encoded relocations: "APS2", then signed LEB128 numbers.
func (l *linker) packed(table []byte) error {
	if len(table) < 4 || string(table[:4]) != "APS2" {
		return errors.New("packed relocations aren't in Android's APS2 format (damaged file)")
	}
	b := leb{bytes: table[4:]}
	count, address := b.signed(), b.signed()
	// A group whose members share everything takes no bytes for them: a word each is the bound.
	if limit := uint64(l.file.size) / uint64(l.file.PointerSize); count > limit {
		return errors.New("more packed relocations than the file has words (damaged file)")
	}
	var info, addend uint64
	for done := uint64(0); done < count && !b.short; {
		size, flags := b.signed(), b.signed()
		if size > count-done {
			return errors.New("a group of packed relocations is larger than their number (damaged file)")
		}
		done += size
		var delta uint64
		if flags&groupedByDelta != 0 {
			delta = b.signed()
		}
		if flags&groupedByInfo != 0 {
			info = b.signed()
		}
		if flags&groupHasAddend == 0 {
			addend = 0
		} else if flags&groupedByAddend != 0 {
			addend += b.signed()
		}
		for ; size > 0 && !b.short; size-- {
			if flags&groupedByDelta == 0 {
				delta = b.signed()
			}
			address += delta
			if flags&groupedByInfo == 0 {
				info = b.signed()
			}
			if flags&(groupHasAddend|groupedByAddend) == groupHasAddend {
				addend += b.signed()
			}
			l.applyPacked(address, info, addend)
		}
	}
	if b.short {
		return errors.New("packed relocations end early (damaged file)")
	}
	return nil
}

func (l *linker) applyPacked(address, info, addend uint64) {
	if _, rela := l.file.dynamic()[dtAndroidRela]; rela {
		l.apply(address, info, &addend)
		return
	}
	l.apply(address, info, nil)
}

// apply computes one relocation. A nil addend is the one in place.
func (l *linker) apply(address, info uint64, addend *uint64) {
	symbol, kind := info>>8, uint32(info&0xff)
	if l.file.PointerSize == 8 {
		symbol, kind = info>>32, uint32(info)
	}
	class := l.classes[kind]
	if class == none {
		return
	}
	d := l.at(address)
	if d == nil {
		return
	}
	value := uint64(0)
	switch {
	case addend != nil:
		value = *addend
	case class != slot:
		value = l.file.word(d.Bytes[address-d.Address:])
	}
	if class == absolute || class == slot {
		s, ok := l.symbol(symbol)
		if !ok {
			class = other
		}
		value += s
	}
	if class == other {
		l.mark(address, External)
		return
	}
	if b := d.Bytes[address-d.Address:]; d.pointerSize == 8 {
		order.PutUint64(b, value)
	} else {
		order.PutUint32(b, uint32(value))
	}
	l.mark(address, Local)
}

// symbol is the value of a symbol that this file defines as code or data.
func (l *linker) symbol(index uint64) (uint64, bool) {
	size := uint64(l.file.symbolSize())
	if index == 0 || index >= uint64(len(l.symbols))/size {
		return 0, false
	}
	s := l.file.decodeSymbol(l.symbols[index*size:])
	switch elf.ST_TYPE(s.Info) {
	case elf.STT_TLS, elf.STT_GNU_IFUNC:
		return 0, false
	}
	undefined := s.Shndx == uint16(elf.SHN_UNDEF) || s.Shndx == uint16(elf.SHN_ABS)
	return s.Value, !undefined
}

func (l *linker) mark(address uint64, r Relocation) {
	if d := l.at(address); d != nil && (address-d.Address)%d.pointerSize == 0 {
		d.kinds[(address-d.Address)/d.pointerSize] = r
	}
}

// at is the data that holds the whole word at address.
func (l *linker) at(address uint64) *Data {
	for range l.data {
		d := &l.data[l.last]
		if offset := address - d.Address; offset < uint64(len(d.Bytes)) && uint64(len(d.Bytes))-offset >= d.pointerSize {
			return d
		}
		l.last = (l.last + 1) % len(l.data)
	}
	return nil
}
