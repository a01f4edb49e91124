package shim

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// pageBytes is the largest page that Linux has on a processor that we know: Android 15 has pages of 16 KiB, some arm64 Linux
// of 64 KiB.
const pageBytes = 64 << 10

// hooks are the functions that the shim puts before the app's.
var hooks = []string{
	"aligned_alloc", "android_dlopen_ext", "dlclose", "dlopen", "dlsym", "dlvsym", "malloc", "memalign", "posix_memalign",
}

// relatives are the relocations that need no symbol: they add where the library lies.
var relatives = map[elf.Machine]uint64{
	elf.EM_X86_64: uint64(elf.R_X86_64_RELATIVE), elf.EM_AARCH64: uint64(elf.R_AARCH64_RELATIVE), elf.EM_ARM: uint64(elf.R_ARM_RELATIVE),
}

// The committed libraries ask the dynamic linker for nothing that only some have: one object is for glibc, musl and bionic,
// old and new ones.
func TestLibraries(t *testing.T) {
	for machine, content := range libraries {
		t.Run(machine.String(), func(t *testing.T) {
			file, err := elf.NewFile(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			if file.Machine != machine || file.Type != elf.ET_DYN || file.ByteOrder != binary.LittleEndian {
				t.Errorf("%v for %v, %v", file.Type, file.Machine, file.ByteOrder)
			}
			wantDynamic(t, file)
			wantSymbols(t, file)
			wantRelocations(t, file)
			wantSegments(t, file)
			const flagsAt, eabi5 = 36, 0x05000000 // and of both ways to pass floating-point arguments neither
			if flags := binary.LittleEndian.Uint32(content[flagsAt:]); machine == elf.EM_ARM && flags != eabi5 {
				t.Errorf("e_flags are %#x, want %#x", flags, eabi5)
			}
		})
	}
}

// wantDynamic: what the dynamic linker is told. Both kinds of hash table are there, because old bionic knows one and some
// programs look only for the other. The one constructor runs before all others.
func wantDynamic(t *testing.T, file *elf.File) {
	word := uint64(8)
	relocations := []elf.DynTag{elf.DT_RELA, elf.DT_RELASZ, elf.DT_RELAENT, elf.DT_RELACOUNT}
	if file.Class == elf.ELFCLASS32 {
		word = 4
		relocations = []elf.DynTag{elf.DT_REL, elf.DT_RELSZ, elf.DT_RELENT, elf.DT_RELCOUNT}
	}
	want := append(relocations, elf.DT_SONAME, elf.DT_FLAGS, elf.DT_FLAGS_1, elf.DT_SYMTAB, elf.DT_SYMENT, elf.DT_STRTAB, elf.DT_STRSZ,
		elf.DT_HASH, elf.DT_GNU_HASH, elf.DT_INIT_ARRAY, elf.DT_INIT_ARRAYSZ)
	slices.Sort(want)
	content, err := file.Section(".dynamic").Data()
	if err != nil {
		t.Fatal(err)
	}
	var got []elf.DynTag
	for at := uint64(0); at < uint64(len(content)); at += 2 * word {
		tag := elf.DynTag(binary.LittleEndian.Uint32(content[at:]))
		if tag == elf.DT_NULL {
			break
		}
		got = append(got, tag)
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dynamic section (-want +got):\n%s", diff)
	}
	for tag, want := range map[elf.DynTag]uint64{
		elf.DT_FLAGS:        uint64(elf.DF_BIND_NOW), // no text relocations, no static TLS
		elf.DT_FLAGS_1:      uint64(elf.DF_1_NOW | elf.DF_1_INITFIRST),
		elf.DT_INIT_ARRAYSZ: word,
	} {
		if values, err := file.DynValue(tag); err != nil || !slices.Equal(values, []uint64{want}) {
			t.Errorf("%v is %#x (%v), want %#x", tag, values, err, want)
		}
	}
}

func wantSymbols(t *testing.T, file *elf.File) {
	symbols, err := file.DynamicSymbols()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range symbols {
		names = append(names, s.Name)
		if s.Section == elf.SHN_UNDEF || elf.ST_TYPE(s.Info) != elf.STT_FUNC || elf.ST_BIND(s.Info) != elf.STB_GLOBAL {
			t.Errorf("symbol %s is %v, %v, in section %v", s.Name, elf.ST_BIND(s.Info), elf.ST_TYPE(s.Info), s.Section)
		}
	}
	slices.Sort(names)
	if diff := cmp.Diff(hooks, names); diff != "" {
		t.Errorf("symbols (-want +got):\n%s", diff)
	}
}

// wantRelocations: of the one table there is, each entry adds the library's place to a word that is read-only afterwards.
func wantRelocations(t *testing.T, file *elf.File) {
	relro := segments(file, elf.PT_GNU_RELRO)
	if len(relro) != 1 {
		t.Fatalf("%d RELRO segments, want 1", len(relro))
	}
	name, bytes := ".rela.dyn", uint64(24)
	if file.Class == elf.ELFCLASS32 {
		name, bytes = ".rel.dyn", 8
	}
	table, err := file.Section(name).Data()
	if err != nil {
		t.Fatal(err)
	}
	for at := uint64(0); at < uint64(len(table)); at += bytes {
		offset, info := uint64(binary.LittleEndian.Uint32(table[at:])), uint64(binary.LittleEndian.Uint32(table[at+4:]))
		if file.Class == elf.ELFCLASS64 {
			offset, info = binary.LittleEndian.Uint64(table[at:]), binary.LittleEndian.Uint64(table[at+8:])
		}
		if info != relatives[file.Machine] {
			t.Errorf("relocation of %#x is %#x, want a relative one", offset, info)
		}
		if offset < relro[0].Vaddr || offset >= relro[0].Vaddr+relro[0].Memsz {
			t.Errorf("relocation of %#x, outside of RELRO %#x+%#x", offset, relro[0].Vaddr, relro[0].Memsz)
		}
	}
}

// wantSegments: none is both written and run, nothing is of each thread's own, and no two are on one page however large that
// is.
func wantSegments(t *testing.T, file *elf.File) {
	for _, kind := range []elf.ProgType{elf.PT_TLS, elf.PT_INTERP} {
		if found := segments(file, kind); len(found) > 0 {
			t.Errorf("there is a %v", kind)
		}
	}
	if stack := segments(file, elf.PT_GNU_STACK); len(stack) != 1 || stack[0].Flags&elf.PF_X != 0 {
		t.Errorf("stack: %+v, want one that can't be run", stack)
	}
	page := func(address uint64) uint64 { return address / pageBytes }
	loaded := segments(file, elf.PT_LOAD)
	for i, s := range loaded {
		if s.Flags&(elf.PF_W|elf.PF_X) == elf.PF_W|elf.PF_X {
			t.Errorf("segment at %#x may be written and run", s.Vaddr)
		}
		if s.Align != pageBytes || s.Off%pageBytes != s.Vaddr%pageBytes {
			t.Errorf("segment at %#x is aligned to %#x, its offset is %#x", s.Vaddr, s.Align, s.Off)
		}
		if i > 0 && page(loaded[i-1].Vaddr+loaded[i-1].Memsz-1) >= page(s.Vaddr) {
			t.Errorf("segments at %#x and %#x share a page", loaded[i-1].Vaddr, s.Vaddr)
		}
	}
	// bionic makes whole pages read-only.
	relro := segments(file, elf.PT_GNU_RELRO)[0]
	for _, s := range loaded {
		if s.Vaddr != relro.Vaddr && page(s.Vaddr) <= page(relro.Vaddr+relro.Memsz-1) && page(relro.Vaddr) <= page(s.Vaddr+s.Memsz-1) {
			t.Errorf("segment at %#x shares a page with RELRO at %#x", s.Vaddr, relro.Vaddr)
		}
	}
}

func segments(file *elf.File, kind elf.ProgType) (found []elf.ProgHeader) {
	for _, p := range file.Progs {
		if p.Type == kind {
			found = append(found, p.ProgHeader)
		}
	}
	return found
}
