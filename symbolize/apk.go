package symbolize

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// ErrCompressed says that a library is compressed inside its APK: it has no address there. Android unpacks it when it
// installs the app, and maps that copy.
var ErrCompressed = errors.New("compressed in the APK (name the copy in the app's lib directory: adb shell pm path PACKAGE shows where)")

// APK is the native libraries of an Android package (or another zip file: an AAR, a wheel).
type APK struct {
	Path    string
	Entries []Entry // in the order of the zip's directory

	closer io.Closer
}

// Entry is a library in an APK: an open File, or the reason why it can't be probed there.
type Entry struct {
	Name string
	File *File // nil if Err isn't
	Err  error
}

// OpenAPK opens every shared library (.so) of an APK. Their Files stay valid until the APK is closed.
func OpenAPK(path string) (*APK, error) {
	r, size, err := openRegular(path)
	if err != nil {
		return nil, fmt.Errorf("open APK: %w", err)
	}
	a, err := readAPK(r, size, path)
	if err != nil {
		r.Close()
		return nil, err
	}
	a.closer = r
	return a, nil
}

// Close closes the APK and with it the Files of its entries.
func (a *APK) Close() error { return a.closer.Close() }

func readAPK(r io.ReaderAt, size int64, path string) (*APK, error) {
	directory, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("read APK %s: %w (neither an ELF file nor an APK?)", path, err)
	}
	a := &APK{Path: path}
	for _, z := range directory.File {
		if isLibrary(z.Name) {
			f, err := openEntry(r, size, path, z)
			a.Entries = append(a.Entries, Entry{z.Name, f, err})
		}
	}
	return a, nil
}

// isLibrary takes libfoo.so and libfoo.so.1.
func isLibrary(name string) bool {
	base := path.Base(name)
	return strings.HasSuffix(base, ".so") || strings.Contains(base, ".so.")
}

func openEntry(r io.ReaderAt, size int64, path string, z *zip.File) (*File, error) {
	base, length, err := stored(size, z)
	if err != nil {
		return nil, fmt.Errorf("open %s in %s: %w", z.Name, path, err)
	}
	f, err := newFile(io.NewSectionReader(r, base, length), length)
	if err != nil {
		return nil, fmt.Errorf("read %s in %s: %w", z.Name, path, err)
	}
	f.Path, f.Entry, f.Base = path, z.Name, base
	return f, nil
}

// stored is where in the zip an uncompressed entry's bytes are.
func stored(size int64, z *zip.File) (base, length int64, err error) {
	if z.Method != zip.Store {
		return 0, 0, ErrCompressed
	}
	base, err = z.DataOffset()
	if err != nil {
		return 0, 0, err
	}
	if base < 0 || base > size || z.UncompressedSize64 > uint64(size-base) {
		return 0, 0, errors.New("it goes past the APK's end (truncated: copy it again)")
	}
	return base, int64(z.UncompressedSize64), nil
}

// OpenAt opens the ELF file whose bytes are at an offset of a file: the file itself, or the library stored in it if it is
// an APK. This is how a process's mapping of "base.apk" at an offset finds its library. The caller closes the File.
func OpenAt(path string, offset int64) (*File, error) {
	f, err := Open(path)
	if !errors.Is(err, ErrNotELF) {
		return f, err
	}
	r, size, err := openRegular(path)
	if err != nil {
		return nil, fmt.Errorf("open APK: %w", err)
	}
	f, err = openStored(r, size, path, offset)
	if err != nil {
		r.Close()
		return nil, err
	}
	f.closer = r
	return f, nil
}

func openStored(r *os.File, size int64, path string, offset int64) (*File, error) {
	directory, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("read APK %s: %w (neither an ELF file nor an APK?)", path, err)
	}
	for _, z := range directory.File {
		base, length, err := stored(size, z)
		if err == nil && base <= offset && offset-base < length {
			return openEntry(r, size, path, z)
		}
	}
	return nil, fmt.Errorf("find library at offset %#x of %s: no entry is stored there (is this the APK the app mapped?)", offset, path)
}
