package symbolize

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

const abi = "lib/arm64-v8a/"

// makeAPK stores, then compresses, a library, with other files around them.
func makeAPK(t testing.TB) []byte {
	t.Helper()
	library, err := os.ReadFile(testdata("arm64.so"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range []struct {
		name    string
		method  uint16
		content []byte
	}{
		{"AndroidManifest.xml", zip.Deflate, bytes.Repeat([]byte("<manifest/>"), 100)},
		{abi + "libstored.so", zip.Store, library},
		{abi + "libcompressed.so", zip.Deflate, library},
		{abi + "libbroken.so", zip.Store, []byte("not a library")},
		{"assets/model.tflite", zip.Store, make([]byte, 1000)},
	} {
		f, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: e.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeAPK(t testing.TB) (path string, content []byte) {
	t.Helper()
	path, content = filepath.Join(t.TempDir(), "base.apk"), makeAPK(t)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, content
}

func TestOpenAPK(t *testing.T) {
	path, content := writeAPK(t)
	apk, err := OpenAPK(path)
	if err != nil {
		t.Fatal(err)
	}
	defer apk.Close()
	want := []struct {
		name string
		err  error
	}{{"libstored.so", nil}, {"libcompressed.so", ErrCompressed}, {"libbroken.so", ErrNotELF}}
	if len(apk.Entries) != len(want) {
		t.Fatalf("%d entries, want %d: %+v", len(apk.Entries), len(want), apk.Entries)
	}
	for i, e := range apk.Entries {
		if e.Name != abi+want[i].name || !errors.Is(e.Err, want[i].err) || (e.File == nil) != (e.Err != nil) {
			t.Errorf("entry %d is %+v, want %+v", i, e, want[i])
		}
	}
	f := apk.Entries[0].File
	if f.String() != path+"!"+abi+"libstored.so" {
		t.Errorf("the entry is called %s", f)
	}
	if string(content[f.Base:f.Base+4]) != "\x7fELF" {
		t.Errorf("no ELF file at its base, %#x", f.Base)
	}
	alone := open(t, testdata("arm64.so"))
	address := alone.Functions()[0].Start
	outside, _ := alone.FileOffset(address)
	inside, ok := f.FileOffset(address)
	if !ok || inside != f.Base+outside {
		t.Errorf("offset inside is %#x, outside %#x, base %#x", inside, outside, f.Base)
	}
	if got, ok := f.Address(inside); !ok || got != address {
		t.Errorf("Address(%#x) = %#x, %v, want %#x", inside, got, ok, address)
	}
	a, errA := f.ID()
	b, errB := alone.ID()
	if a != b || errA != nil || errB != nil {
		t.Errorf("ID inside is %s (%v), outside %s (%v)", a, errA, b, errB)
	}
}

func TestOpenAt(t *testing.T) {
	path, content := writeAPK(t)
	base := int64(bytes.Index(content, []byte("\x7fELF")))
	size, err := os.Stat(testdata("arm64.so"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path   string
		offset int64
		entry  string // or "" for an error
		base   int64
	}{
		{path, base, abi + "libstored.so", base},
		{path, base + size.Size() - 1, abi + "libstored.so", base},
		{path, base + size.Size(), "", 0},
		{path, base - 1, "", 0},
		{path, int64(len(content)), "", 0},
	} {
		f, err := OpenAt(c.path, c.offset)
		if c.entry == "" {
			if err == nil {
				t.Errorf("offset %#x belongs to %s, want an error", c.offset, f)
			}
			continue
		}
		if err != nil {
			t.Errorf("offset %#x: %v", c.offset, err)
			continue
		}
		if f.Entry != c.entry || f.Base != c.base || len(f.Functions()) == 0 {
			t.Errorf("offset %#x belongs to %s at %#x with %d functions, want %s at %#x", c.offset, f, f.Base, len(f.Functions()), c.entry, c.base)
		}
		f.Close()
	}
	f, err := OpenAt(testdata("arm64.so"), 0x1000)
	if err != nil || f.Base != 0 || f.Entry != "" {
		t.Fatalf("OpenAt of a library outside an APK: %v, %v", f, err)
	}
	f.Close()
}
