package symbolize

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"runtime"
	"slices"
	"testing"
)

// exercise calls everything that reads a file.
func exercise(f *File) {
	f.Text()
	functions := f.Functions()
	if data, err := f.Data(); err == nil {
		for i := range data {
			for a := data[i].Address; a < data[i].Address+64; a += 4 {
				value, _, _ := data[i].Word(a)
				f.StringAt(value)
				f.Symbol(value)
			}
		}
	}
	for _, r := range functions[:min(len(functions), 16)] {
		f.FunctionAt(r.End - 1)
		f.Symbol(r.Start)
		f.Code(r.Start, 16)
		if offset, ok := f.FileOffset(r.Start); ok {
			f.Address(offset)
		}
	}
	for _, r := range functions[:min(len(functions), 64)] {
		f.Unwind(r.Start)
		f.FollowsCall(r.End)
	}
	f.Marks()
	f.Mentions("TfLite")
	f.Definitions(func(string) bool { return true })
	f.ID()
}

func addLibraries(f *testing.F) {
	names := slices.Collect(maps.Keys(marksFiles))
	for _, l := range libraries {
		names = append(names, l.name)
	}
	for _, name := range names {
		b, err := os.ReadFile(testdata(name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

func FuzzELF(f *testing.F) {
	addLibraries(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := NewFile(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			exercise(file)
		}
	})
}

func FuzzAPK(f *testing.F) {
	f.Add(makeAPK(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		apk, err := readAPK(bytes.NewReader(b), int64(len(b)), "fuzz.apk")
		if err != nil {
			return
		}
		for _, e := range apk.Entries {
			if e.Err == nil {
				exercise(e.File)
			}
		}
	})
}

func FuzzFrames(f *testing.F) {
	for _, l := range libraries {
		file, err := Open(testdata(l.name))
		if err != nil {
			f.Fatal(err)
		}
		if s := file.section(".eh_frame"); s != nil {
			f.Add(file.sectionBytes(*s), true)
			f.Add(file.sectionBytes(*s), false)
		}
		file.Close()
	}
	f.Fuzz(func(t *testing.T, b []byte, exact bool) {
		file := &File{PointerSize: 8, Segments: []Segment{{Address: 0, FileSize: 1 << 40, Flags: 1}}}
		table := frameTable{file: file, address: 0x1000, bytes: b, encodings: map[int]byte{}}
		table.walk(exact)
		if len(table.functions) > len(b)/8 {
			t.Errorf("%d functions from %d bytes", len(table.functions), len(b))
		}
	})
}

func FuzzXZ(f *testing.F) {
	library, err := Open(testdata("amd64-debugdata.so"))
	if err != nil {
		f.Fatal(err)
	}
	defer library.Close()
	packed := library.sectionBytes(*library.section(".gnu_debugdata"))
	if len(unpackXZ(packed)) == 0 {
		f.Fatal("the seed doesn't unpack")
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, b []byte) {
		if n := len(unpackXZ(b)); n > maxDebugData {
			t.Errorf("unpacked %d bytes", n)
		}
	})
}

// TestHostileMemory damages every byte of the headers and tables in turn: whatever a count says, memory stays within a
// multiple of the file's size.
func TestHostileMemory(t *testing.T) {
	const limit = 1 << 20 // bytes, per file of 14 KB; Mentions alone takes half of it
	for _, l := range libraries {
		original, err := os.ReadFile(testdata(l.name))
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		for at := 16; at < 1500; at += 4 {
			b := bytes.Clone(original)
			copy(b[at:], "\xff\xff\xff\x7f")
			runtime.ReadMemStats(&before)
			f, err := NewFile(bytes.NewReader(b), int64(len(b)))
			if err == nil {
				f.Data()
				f.Functions()
				f.Text()
			} else if errors.Is(err, ErrNotELF) {
				t.Errorf("%s isn't an ELF file any more with byte %d changed", l.name, at)
			}
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > limit {
				t.Errorf("%s with bytes %d.. damaged took %d bytes", l.name, at, n)
			}
		}
	}
}
