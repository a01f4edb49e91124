package symbolize

import (
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// libraries are all builds of testdata/kernels.c, and the one that has the same code with its symbols.
var libraries = []struct{ name, unstripped string }{
	{"386.so", "386.so"},
	{"amd64.so", "amd64.so"},
	{"amd64.exe", "amd64.exe"},
	{"amd64-relr.so", "amd64-relr.so"},
	{"amd64-stripped.so", "amd64.so"},
	{"amd64-noheaders.so", "amd64.so"},
	{"amd64-debugdata.so", "amd64.so"},
	{"arm.so", "arm.so"},
	{"arm-packed.so", "arm-packed.so"},
	{"arm64.so", "arm64.so"},
	{"arm64-packed.so", "arm64-packed.so"},
}

func testdata(name string) string { return filepath.Join("testdata", name) }

func open(t *testing.T, path string) *File {
	t.Helper()
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// truth reads a file's symbols with the standard library.
func truth(t *testing.T, name string) map[string]elf.Symbol {
	t.Helper()
	f, err := elf.Open(testdata(name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]elf.Symbol{}
	for _, s := range symbols {
		byName[s.Name] = s
	}
	return byName
}

func TestIdentity(t *testing.T) {
	type identity struct {
		Machine     elf.Machine
		PointerSize int
		Fixed       bool
		BuildID     bool
	}
	for name, want := range map[string]identity{
		"386.so":             {elf.EM_386, 4, false, false},
		"amd64.so":           {elf.EM_X86_64, 8, false, true},
		"amd64-noheaders.so": {elf.EM_X86_64, 8, false, true},
		"amd64.exe":          {elf.EM_X86_64, 8, true, false},
		"arm.so":             {elf.EM_ARM, 4, false, false},
		"arm64.so":           {elf.EM_AARCH64, 8, false, false},
	} {
		f := open(t, testdata(name))
		got := identity{f.Machine, f.PointerSize, f.Fixed, f.BuildID != ""}
		if got != want {
			t.Errorf("%s is %+v, want %+v", name, got, want)
		}
		id, err := f.ID()
		if err != nil {
			t.Fatal(err)
		}
		wantLength, prefix := len("sha256:")+64, "sha256:"
		if want.BuildID {
			wantLength, prefix = 40, f.BuildID
		}
		if len(id) != wantLength || !strings.HasPrefix(id, prefix) {
			t.Errorf("%s has ID %q, want %d characters starting with %q", name, id, wantLength, prefix)
		}
	}
	if a, b := open(t, testdata("amd64.so")), open(t, testdata("amd64-noheaders.so")); a.BuildID != b.BuildID {
		t.Errorf("stripping changed the build ID from %s to %s", a.BuildID, b.BuildID)
	}
}

func TestFileOffset(t *testing.T) {
	for _, l := range libraries {
		f := open(t, testdata(l.name))
		content, err := os.ReadFile(testdata(l.name))
		if err != nil {
			t.Fatal(err)
		}
		entry := truth(t, l.unstripped)["AddEval"].Value &^ 1
		offset, ok := f.FileOffset(entry)
		code, err := f.Code(entry, 8)
		if !ok || err != nil || string(content[offset:offset+8]) != string(code) {
			t.Errorf("%s: AddEval at %#x: offset %d (%v), code % x (%v)", l.name, entry, offset, ok, code, err)
		}
		if address, ok := f.Address(offset); !ok || address != entry {
			t.Errorf("%s: Address(%#x) = %#x, %v, want %#x", l.name, offset, address, ok, entry)
		}
		if offset, ok := f.FileOffset(1 << 40); ok {
			t.Errorf("%s: unmapped address is at offset %d", l.name, offset)
		}
		if !f.InText(entry) || f.InText(truth(t, l.unstripped)["padding"].Value) {
			t.Errorf("%s: text is %x", l.name, f.Text())
		}
	}
}

func TestFunctions(t *testing.T) {
	for _, l := range libraries {
		if strings.HasPrefix(l.name, "arm") && !strings.HasPrefix(l.name, "arm64") {
			continue // no .eh_frame on 32-bit arm
		}
		var want []Range
		for _, s := range truth(t, l.unstripped) {
			if elf.ST_TYPE(s.Info) == elf.STT_FUNC {
				want = append(want, Range{s.Value, s.Value + s.Size})
			}
		}
		slices.SortFunc(want, compareRanges)
		f := open(t, testdata(l.name))
		if diff := cmp.Diff(want, f.Functions()); diff != "" {
			t.Errorf("%s: functions (-want +got):\n%s", l.name, diff)
		}
		for _, r := range want {
			if got, ok := f.FunctionAt(r.End - 1); !ok || got != r {
				t.Errorf("%s: FunctionAt(%#x) = %x, %v, want %x", l.name, r.End-1, got, ok, r)
			}
		}
	}
}

func TestSymbol(t *testing.T) {
	for _, l := range libraries {
		hidden := ""
		if l.name == l.unstripped || l.name == "amd64-debugdata.so" {
			hidden = "AddEval"
		}
		f := open(t, testdata(l.name))
		for symbol, want := range map[string]string{"AddEval": hidden, "Visible": "Visible"} {
			s := truth(t, l.unstripped)[symbol]
			address := s.Value &^ 1
			got, ok := f.Symbol(address + s.Size - 1)
			if got.Name != want || ok && (got.Address != address || got.Size != s.Size) {
				t.Errorf("%s: symbol at %s's last byte is %+v, want %q at %#x", l.name, symbol, got, want, address)
			}
		}
	}
}

// Only a program that gives nothing to others is asked for what it keeps to itself.
func TestDefinitions(t *testing.T) {
	for _, l := range libraries {
		hidden := uint64(0)
		if l.name == "amd64.exe" {
			hidden = truth(t, l.unstripped)["AddEval"].Value
		}
		found := open(t, testdata(l.name)).Definitions(func(name string) bool { return name == "Visible" || name == "AddEval" || name == "Outside" })
		if found["Visible"] != truth(t, l.unstripped)["Visible"].Value || found["AddEval"] != hidden || found["Outside"] != 0 {
			t.Errorf("%s defines %x", l.name, found)
		}
	}
}

func TestSymbolChoosesAmongAliases(t *testing.T) {
	const names = "\x00_Zlocal\x00weak\x00_ZN2ab1fEi\x00_ZN2aa1fEi\x00outside\x00"
	at := func(name string) uint32 { return uint32(strings.Index(names, name)) }
	table := symbolTable{file: &File{r: strings.NewReader(names), size: int64(len(names))}, size: uint64(len(names)), symbols: []symbol{
		{0x10, 8, at("outside"), 0},
		{0x20, 8, at("_ZN2ab1fEi"), 0}, {0x20, 8, at("_ZN2aa1fEi"), 0}, {0x20, 8, at("weak"), 1}, {0x20, 16, at("_Zlocal"), 2},
	}}
	for address, want := range map[uint64]string{0x0f: "", 0x17: "outside", 0x18: "", 0x20: "aa::f", 0x27: "aa::f", 0x2f: "_Zlocal", 0x30: ""} {
		if got, _ := table.lookup(address); got.Name != want {
			t.Errorf("symbol at %#x is %q, want %q", address, got.Name, want)
		}
	}
}

func TestData(t *testing.T) {
	for _, l := range libraries {
		symbols := truth(t, l.unstripped)
		f := open(t, testdata(l.name))
		local, outside := Local, External
		if f.Fixed {
			local, outside = Unrelocated, Unrelocated
		}
		type word struct {
			Value      uint64
			Relocation Relocation
		}
		want := []word{{symbols["AddEval"].Value, local}, {symbols["Visible"].Value, local}, {0, outside}, {symbols["padding"].Value, local}, {0, Unrelocated}}
		var got []word
		for i := range want {
			value, relocation := readWord(t, f, symbols["pointers"].Value+uint64(i*f.PointerSize))
			got = append(got, word{value, relocation})
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: words of pointers (-want +got):\n%s", l.name, diff)
		}
		if s, ok := f.StringAt(symbols["padding"].Value); !ok || s != "TfLite" {
			t.Errorf("%s: StringAt(padding) = %q, %v", l.name, s, ok)
		}
	}
}

func readWord(t *testing.T, f *File, address uint64) (uint64, Relocation) {
	t.Helper()
	data, err := f.Data()
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		if value, relocation, ok := data[i].Word(address); ok {
			return value, relocation
		}
	}
	t.Fatalf("%s: no data at %#x", f, address)
	return 0, 0
}

func TestMentions(t *testing.T) {
	text := strings.Repeat("x", 1<<20-3) + "TfLite" + strings.Repeat("y", 1<<20)
	f := &File{r: strings.NewReader(text), size: int64(len(text))}
	for word, want := range map[string]bool{"TfLite": true, "tflite": false, "xT": true, "yx": false} {
		if got, err := f.Mentions("nothing", word); got != want || err != nil {
			t.Errorf("Mentions(%q) = %v, %v, want %v", word, got, err, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	library, err := os.ReadFile(testdata("amd64.so"))
	if err != nil {
		t.Fatal(err)
	}
	changed := func(offset int, value ...byte) []byte {
		b := slices.Clone(library)
		copy(b[offset:], value)
		return b
	}
	for name, c := range map[string]struct {
		content []byte
		is      error
		says    string
	}{
		"empty":      {nil, ErrNotELF, ""},
		"text":       {[]byte("#!/bin/sh"), ErrNotELF, ""},
		"stub":       {library[:20], nil, "ends inside its ELF header"},
		"big-endian": {changed(elf.EI_DATA, 2), nil, "big-endian"},
		"mips":       {changed(18, 8), nil, "EM_MIPS isn't supported"},
		"object":     {changed(16, 1), nil, "ET_REL isn't a library"},
		"truncated":  {library[:len(library)/2], nil, "past the file's end"},
		"no program": {changed(56, 0, 0), nil, "no segment to load"},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, c.content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path)
		if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error is %v, want %v, %q", name, err, c.is, c.says)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a d") {
		t.Errorf("opening a directory: %v", err)
	}
}
