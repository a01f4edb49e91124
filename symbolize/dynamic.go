package symbolize

import "debug/elf"

// maxDynamic bounds the entries of PT_DYNAMIC; most are DT_NEEDED.
const maxDynamic = 1 << 12

// dynamic is what PT_DYNAMIC says: the last value of every tag.
type dynamic map[elf.DynTag]uint64

func (f *File) readDynamic() dynamic {
	d := dynamic{}
	for _, p := range f.headers {
		if elf.ProgType(p.Type) != elf.PT_DYNAMIC {
			continue
		}
		b := f.memory(p.Vaddr, min(p.Filesz, uint64(maxDynamic*2*f.PointerSize)))
		for ; len(b) >= 2*f.PointerSize; b = b[2*f.PointerSize:] {
			tag := elf.DynTag(f.word(b))
			if tag == elf.DT_NULL {
				break
			}
			d[tag] = f.word(b[f.PointerSize:])
		}
		break
	}
	return d
}

// word is the pointer-sized number at the start of b.
func (f *File) word(b []byte) uint64 {
	if f.PointerSize == 8 {
		return order.Uint64(b)
	}
	return uint64(order.Uint32(b))
}

// readDynsym returns the dynamic symbol table. Its length is said only by the hash tables over it.
func (f *File) readDynsym() []byte {
	d := f.dynamic()
	table, ok := d[elf.DT_SYMTAB]
	if !ok {
		return nil
	}
	return f.memory(table, f.countDynsym(d)*uint64(f.symbolSize()))
}

func (f *File) countDynsym(d dynamic) uint64 {
	if address, ok := d[elf.DT_HASH]; ok {
		if b := f.memory(address, 8); len(b) == 8 {
			return uint64(order.Uint32(b[4:])) // nchain (gABI, hash table)
		}
	}
	if address, ok := d[elf.DT_GNU_HASH]; ok {
		return f.countGNUHash(address)
	}
	return 0
}

// countGNUHash finds the end of the last chain. The table: bucket count, first hashed symbol, Bloom filter words, shift;
// the filter; the buckets, each the first symbol of its chain; a chain word per hashed symbol, bit 0 set in a chain's last.
func (f *File) countGNUHash(address uint64) uint64 {
	header := f.memory(address, 16)
	if len(header) < 16 {
		return 0
	}
	buckets, first, filter := order.Uint32(header), order.Uint32(header[4:]), order.Uint32(header[8:])
	address += 16 + uint64(filter)*uint64(f.PointerSize)
	last := uint32(0)
	b := f.memory(address, 4*uint64(buckets))
	for ; len(b) >= 4; b = b[4:] {
		last = max(last, order.Uint32(b))
	}
	if last < first {
		return uint64(first)
	}
	address += 4 * uint64(buckets)
	chain := f.memory(address+4*uint64(last-first), 4<<20)
	for ; len(chain) >= 4 && order.Uint32(chain)&1 == 0; chain = chain[4:] {
		last++
	}
	return uint64(last) + 1
}

// symbolSize is sizeof(Elf64_Sym) or sizeof(Elf32_Sym).
func (f *File) symbolSize() int {
	if f.PointerSize == 8 {
		return elf.Sym64Size
	}
	return elf.Sym32Size
}

// decodeSymbol reads one symbol table entry from the start of b, which has at least symbolSize bytes.
func (f *File) decodeSymbol(b []byte) elf.Sym64 {
	if f.PointerSize == 8 {
		return elf.Sym64{Name: order.Uint32(b), Info: b[4], Other: b[5], Shndx: order.Uint16(b[6:]), Value: order.Uint64(b[8:]), Size: order.Uint64(b[16:])}
	}
	return elf.Sym64{Name: order.Uint32(b), Value: uint64(order.Uint32(b[4:])), Size: uint64(order.Uint32(b[8:])), Info: b[12], Other: b[13], Shndx: order.Uint16(b[14:])}
}
