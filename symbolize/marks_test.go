package symbolize

import (
	"archive/zip"
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// marksFiles are builds of testdata/marks.c, and how far behind edgexray_probe's address the probe goes.
var marksFiles = map[string]uint64{"marks/amd64.so": 0, "marks/arm64.so": 4, "marks/arm.so": 0}

// wantMarks has the places that the symbol table tells.
func wantMarks(t *testing.T, name string) Marks {
	symbols := truth(t, name)
	return Marks{Probe: symbols["edgexray_probe"].Value + marksFiles[name], Hook: symbols["edgexray_hook"].Value}
}

func TestMarks(t *testing.T) {
	for name := range marksFiles {
		f := open(t, testdata(name))
		marks, err := f.Marks()
		if err != nil || len(marks) != 1 {
			t.Fatalf("%s: %v, %v; want one place", name, marks, err)
		}
		got, want := marks[0], wantMarks(t, name)
		if got.Probe != want.Probe || got.Hook != want.Hook {
			t.Errorf("%s: probe %#x and hook %#x, want %#x and %#x", name, got.Probe, got.Hook, want.Probe, want.Hook)
		}
		content, err := os.ReadFile(testdata(name))
		if err != nil {
			t.Fatal(err)
		}
		if version := binary.LittleEndian.Uint32(content[got.HookOffset+hookVersion:]); version != marksVersion {
			t.Errorf("%s: version %d at the hook's place in the file, want %d", name, version, marksVersion)
		}
		code, err := f.Code(got.Probe, 4)
		if err != nil || !bytes.HasPrefix(content[got.ProbeOffset:], code) {
			t.Errorf("%s: the probe's place in the file has other code than its address, %v", name, err)
		}
	}
	for _, l := range libraries {
		if marks, err := open(t, testdata(l.name)).Marks(); len(marks) != 0 || err != nil {
			t.Errorf("%s, which marks nothing: %v, %v", l.name, marks, err)
		}
	}
}

// A hook that begins a page is in one place, also of 16 KiB pages; one behind the read-only data of the same page isn't.
func TestInOnePage(t *testing.T) {
	for name := range marksFiles {
		f := open(t, testdata(name))
		marks, err := f.Marks()
		if err != nil {
			t.Fatal(err)
		}
		for _, page := range []uint64{4096, 16384} {
			if !f.InOnePage(marks[0], page) {
				t.Errorf("%s: the hook is in memory twice with pages of %d bytes: %+v", name, page, f.Segments)
			}
		}
	}
	f := &File{Segments: []Segment{{Address: 0x20fe0, Offset: 0xfe0, FileSize: 0x80, Flags: elf.PF_R | elf.PF_W}, {Address: 0x31060, Offset: 0x1060, FileSize: 16, Flags: elf.PF_R | elf.PF_W}}}
	if f.InOnePage(Marks{HookOffset: 0x1060}, 4096) {
		t.Error("a page that two segments have is said to be in memory once")
	}
}

// In an APK places are those in the APK.
func TestMarksInAPK(t *testing.T) {
	library, err := os.ReadFile(testdata("marks/arm64.so"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"assets/model.tflite", abi + "libapp.so"} {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		entry.Write(library)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "base.apk")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	apk, err := OpenAPK(path)
	if err != nil {
		t.Fatal(err)
	}
	defer apk.Close()
	f := apk.Entries[0].File
	marks, err := f.Marks()
	if err != nil || len(marks) != 1 {
		t.Fatalf("%v, %v; want one place", marks, err)
	}
	alone, err := open(t, testdata("marks/arm64.so")).Marks()
	if err != nil {
		t.Fatal(err)
	}
	want := alone[0]
	want.ProbeOffset += f.Base
	want.HookOffset += f.Base
	if diff := cmp.Diff(want, marks[0]); diff != "" || f.Base == 0 {
		t.Error(diff)
	}
}

// A note is believed only as far as the file bears it out.
func TestMarksRefused(t *testing.T) {
	original, err := os.ReadFile(testdata("marks/amd64.so"))
	if err != nil {
		t.Fatal(err)
	}
	desc := bytes.Index(original, []byte("edgexray\x00\x00\x00\x00")) + 12
	file := open(t, testdata("marks/amd64.so"))
	marks, err := file.Marks()
	if err != nil {
		t.Fatal(err)
	}
	data := file.segment(marks[0].Hook)
	end := data.Address + data.FileSize
	shift := func(at int, by int64) func([]byte) {
		return func(b []byte) {
			binary.LittleEndian.PutUint64(b[at:], binary.LittleEndian.Uint64(b[at:])+uint64(by))
		}
	}
	for name, test := range map[string]struct {
		damage func([]byte)
		want   string
	}{
		"probe in the data":      {shift(desc, int64(marks[0].Hook-marks[0].Probe)), "not in the code"},
		"probe nowhere":          {shift(desc, 1<<40), "not in the code"},
		"hook in the code":       {shift(desc+8, int64(marks[0].Probe-marks[0].Hook)), "not in the writable data"},
		"hook nowhere":           {shift(desc+8, -1<<62), "not in the writable data"},
		"hook at an odd address": {shift(desc+8, 1), "not in the writable data"},
		"hook at the end":        {shift(desc+8, int64(end-8-marks[0].Hook)), "past the end"},
		"another version":        {func(b []byte) { b[marks[0].HookOffset+hookVersion] = 2 }, "version 2, not 1"},
		"another size":           {func(b []byte) { b[desc-20] = 8 }, "8 bytes, not 16"},
		"another kind":           {func(b []byte) { b[desc-16] = 2 }, ""},
	} {
		b := bytes.Clone(original)
		test.damage(b)
		f, err := NewFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := f.Marks()
		switch {
		case len(got) != 0:
			t.Errorf("%s: %+v", name, got)
		case test.want == "" && err != nil, test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

// Each source file that marks something writes a note: they are one place.
func TestMarksOnce(t *testing.T) {
	f := open(t, testdata("marks/amd64.so"))
	content, err := os.ReadFile(testdata("marks/amd64.so"))
	if err != nil {
		t.Fatal(err)
	}
	const notes = 3000
	var segment elf.Prog64
	for n := range f.headers {
		if p := &f.headers[n]; elf.ProgType(p.Type) == elf.PT_NOTE {
			segment = *p
			p.Off, p.Filesz = uint64(len(content)), notes*segment.Filesz
		}
	}
	note := content[segment.Off:][:segment.Filesz]
	for i := range uint64(notes) {
		b := bytes.Clone(note)
		for _, field := range []int{24, 32} { // both are distances from themselves
			binary.LittleEndian.PutUint64(b[field:], binary.LittleEndian.Uint64(b[field:])-i*segment.Filesz)
		}
		content = append(content, b...)
	}
	f.r, f.size = bytes.NewReader(content), int64(len(content))
	marks, err := f.Marks()
	if want := wantMarks(t, "marks/amd64.so"); err != nil || len(marks) != 1 || marks[0].Probe != want.Probe || marks[0].Hook != want.Hook {
		t.Errorf("%+v, %v; want one place, %+v", marks, err, want)
	}
}
