package symbolize

import (
	"cmp"
	"debug/elf"
	"slices"
	"sort"
)

// Text is where the program's functions are. An executable segment isn't enough: it may hold the constants as well.
// These are the sections with code other than the linker's stubs; without section headers what the unwind table covers;
// without that the executable segments. Ascending, not overlapping.
func (f *File) Text() []Range { return f.text() }

// InText says whether address is in Text.
func (f *File) InText(address uint64) bool {
	text := f.text()
	i := sort.Search(len(text), func(i int) bool { return text[i].End > address })
	return i < len(text) && text[i].Contains(address)
}

func (f *File) readText() []Range {
	var text []Range
	for _, s := range f.sections {
		if s.Flags&uint64(elf.SHF_EXECINSTR) != 0 && elf.SectionType(s.Type) == elf.SHT_PROGBITS && !isStub(s.name) && f.isCode(s.Addr, s.Size) {
			text = append(text, Range{s.Addr, s.Addr + s.Size})
		}
	}
	if len(text) == 0 {
		text = slices.Clone(f.functions())
	}
	if len(text) == 0 {
		for _, s := range f.Segments {
			if s.Flags&elf.PF_X != 0 {
				text = append(text, Range{s.Address, s.Address + s.FileSize})
			}
		}
	}
	return union(text)
}

// isCode says whether size bytes from address are in one executable segment.
func (f *File) isCode(address, size uint64) bool {
	s := f.segment(address)
	return s != nil && s.Flags&elf.PF_X != 0 && size <= s.FileSize-(address-s.Address)
}

// isStub knows the executable sections linkers make themselves.
func isStub(section string) bool {
	switch section {
	case ".plt", ".plt.got", ".plt.sec", ".iplt", ".init", ".fini":
		return true
	}
	return false
}

// union sorts ranges and joins those that touch or overlap.
func union(ranges []Range) []Range {
	slices.SortFunc(ranges, compareRanges)
	var joined []Range
	for _, r := range ranges {
		if n := len(joined); n > 0 && r.Start <= joined[n-1].End {
			joined[n-1].End = max(joined[n-1].End, r.End)
		} else if r.Start < r.End {
			joined = append(joined, r)
		}
	}
	return joined
}

func compareRanges(a, b Range) int {
	return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
}
