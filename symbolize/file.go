// Package symbolize reads the files that hold code: ELF files, also those stored inside an APK. An address becomes a
// file offset to probe, a function, a name; the data segments come with their relocations applied, as the dynamic
// linker would leave them.
//
// The files belong to others and may be broken or hostile. Every count and offset in them is checked against the
// file's size, memory stays within a small multiple of it, and what is missing (section headers, symbols, unwind
// tables, a build ID) is worked around.
package symbolize

import (
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// ErrNotELF says that a file doesn't start as an ELF file does.
var ErrNotELF = errors.New("not an ELF file")

// ErrMachine says that a file's code is for a processor that this package doesn't know.
var ErrMachine = errors.New("isn't supported")

// File is an ELF file open for reading. Its methods may be called from several goroutines.
//
// An address (vaddr) is always the file's own, as in its program headers, before the load bias is added.
type File struct {
	Path        string      // file to probe; the APK for a library inside one
	Entry       string      // name inside the APK, or empty
	Base        int64       // offset of the ELF file in Path; 0 outside an APK
	Machine     elf.Machine // EM_X86_64, EM_AARCH64, EM_386 or EM_ARM
	PointerSize int         // bytes, 4 or 8
	Fixed       bool        // ET_EXEC: loaded at its own addresses, its pointers carry no relocations
	BuildID     string      // GNU build ID in hex, or empty
	Segments    []Segment   // PT_LOAD, by ascending address

	r        io.ReaderAt
	size     int64
	closer   io.Closer // nil when somebody else owns the file
	headers  []elf.Prog64
	sections []section

	sha256      func() (string, error)
	dynamic     func() dynamic
	dynsym      func() []byte
	data        func() ([]Data, error)
	functions   func() []Range
	unwindIndex func() unwindIndex
	text        func() []Range
	symbols     func() []*symbolTable
}

// Segment is a part of the file that is mapped when it is loaded (PT_LOAD).
type Segment struct {
	Address  uint64
	Offset   uint64 // in the ELF file: Base isn't included
	FileSize uint64 // bytes
	Flags    elf.ProgFlag
}

// Range is the addresses from Start up to, not including, End.
type Range struct{ Start, End uint64 }

// Contains says whether address lies in the range.
func (r Range) Contains(address uint64) bool { return r.Start <= address && address < r.End }

// Open reads the headers of an ELF file. The error is ErrNotELF for any other kind of file; see OpenAPK and OpenAt.
// The caller closes the File.
func Open(path string) (*File, error) {
	r, size, err := openRegular(path)
	if err != nil {
		return nil, fmt.Errorf("open ELF file: %w", err)
	}
	f, err := newFile(r, size)
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("read ELF file %s: %w", path, err)
	}
	f.Path, f.closer = path, r
	return f, nil
}

// NewFile reads the headers of the ELF file of size bytes that r holds. The caller owns r, and closes it after the
// last call on the File.
func NewFile(r io.ReaderAt, size int64) (*File, error) {
	f, err := newFile(r, size)
	if err != nil {
		return nil, fmt.Errorf("read ELF file: %w", err)
	}
	return f, nil
}

func newFile(r io.ReaderAt, size int64) (*File, error) {
	f := &File{r: r, size: size}
	if err := f.readHeaders(); err != nil {
		return nil, err
	}
	f.BuildID = f.readBuildID()
	f.sha256 = sync.OnceValues(f.hash)
	f.dynamic = sync.OnceValue(f.readDynamic)
	f.dynsym = sync.OnceValue(f.readDynsym)
	f.data = sync.OnceValues(f.readData)
	f.functions = sync.OnceValue(f.readFunctions)
	f.unwindIndex = sync.OnceValue(f.readUnwindIndex)
	f.text = sync.OnceValue(f.readText)
	f.symbols = sync.OnceValue(f.readSymbols)
	return f, nil
}

// openRegular refuses what isn't a regular file: reading a device or a pipe could block for ever.
func openRegular(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%s is a %s (name a library, an executable or an APK)", path, info.Mode().Type())
	}
	r, err := os.Open(path)
	return r, info.Size(), err
}

// Close closes a File that Open or OpenAt returned. It does nothing for others: see NewFile and APK.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	return f.closer.Close()
}

// String is the file's name for people: "libfoo.so", or "base.apk!lib/arm64-v8a/libfoo.so".
func (f *File) String() string {
	if f.Entry == "" {
		return f.Path
	}
	return f.Path + "!" + f.Entry
}

// ID identifies the file's content wherever it is stored: the build ID, or "sha256:" and the hash.
func (f *File) ID() (string, error) {
	if f.BuildID != "" {
		return f.BuildID, nil
	}
	sum, err := f.SHA256()
	return "sha256:" + sum, err
}

// SHA256 is the hash of the ELF file in hex. The first call reads all of it.
func (f *File) SHA256() (string, error) { return f.sha256() }

func (f *File) hash() (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(f.r, 0, f.size)); err != nil {
		return "", fmt.Errorf("hash %s: %w", f, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Dynamic tells whether the program names a dynamic linker, which loads what it needs. A static one, also if it can be
// loaded anywhere, doesn't.
func (f *File) Dynamic() bool {
	return slices.ContainsFunc(f.headers, func(p elf.Prog64) bool { return elf.ProgType(p.Type) == elf.PT_INTERP })
}

// FileOffset is where in Path the byte at address is stored, or false if it isn't (zero-filled or unmapped memory).
func (f *File) FileOffset(address uint64) (int64, bool) {
	s := f.segment(address)
	if s == nil {
		return 0, false
	}
	return f.Base + int64(s.Offset+address-s.Address), true
}

// Address is where the byte at an offset of Path is loaded; an executable segment is preferred, should two hold it.
func (f *File) Address(fileOffset int64) (uint64, bool) {
	offset := uint64(fileOffset - f.Base)
	address, found := uint64(0), false
	for _, s := range f.Segments {
		if offset-s.Offset >= s.FileSize {
			continue
		}
		address, found = s.Address+offset-s.Offset, true
		if s.Flags&elf.PF_X != 0 {
			break
		}
	}
	return address, found
}

// Code is the n bytes of machine code at address, fewer if its segment ends before.
func (f *File) Code(address uint64, n int) ([]byte, error) {
	s := f.segment(address)
	if s == nil || s.Flags&elf.PF_X == 0 {
		return nil, fmt.Errorf("read code at %#x of %s: not in an executable segment", address, f)
	}
	return f.memory(address, uint64(n)), nil
}

// maxString is the longest string StringAt returns; names of ops and delegates are far shorter.
const maxString = 256

// Memory is the n bytes at address as the file has them, without relocations; an error if they aren't all there.
func (f *File) Memory(address, n uint64) ([]byte, error) {
	if b := f.memory(address, n); uint64(len(b)) == n {
		return b, nil
	}
	return nil, fmt.Errorf("read %d bytes at %#x of %s: not in one segment of the file (truncated?)", n, address, f)
}

// StringAt is the NUL-terminated, printable ASCII string at address, of 1 to 256 bytes.
func (f *File) StringAt(address uint64) (string, bool) {
	b := f.memory(address, maxString+1)
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), i > 0
		}
		if c < ' ' || c > '~' {
			break
		}
	}
	return "", false
}

// Mentions says whether any of the words occurs in the file. It reads up to the first one found.
func (f *File) Mentions(words ...string) (bool, error) {
	const maxWord = 64 // bytes kept from one read to the next
	b := make([]byte, 1<<20)
	r, kept := io.NewSectionReader(f.r, 0, f.size), 0
	for {
		n, err := io.ReadFull(r, b[kept:])
		for _, w := range words {
			if bytes.Contains(b[:kept+n], []byte(w)) {
				return true, nil
			}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("search %s: %w", f, err)
		}
		kept = copy(b, b[len(b)-maxWord:])
	}
}

func (f *File) segment(address uint64) *Segment {
	for i, s := range f.Segments {
		if address-s.Address < s.FileSize {
			return &f.Segments[i]
		}
	}
	return nil
}

// memory reads n bytes at address, fewer if its segment ends before.
func (f *File) memory(address, n uint64) []byte {
	s := f.segment(address)
	if s == nil {
		return nil
	}
	from := address - s.Address
	return f.bytes(s.Offset+from, min(n, s.FileSize-from))
}

// bytes reads n bytes at offset of the ELF file, fewer if the file ends before. Nothing allocates by a count from the
// file without passing here.
func (f *File) bytes(offset, n uint64) []byte {
	if offset >= uint64(f.size) {
		return nil
	}
	b := make([]byte, min(n, uint64(f.size)-offset))
	read, _ := f.r.ReadAt(b, int64(offset)) // A short read is a truncated file, met everywhere.
	return b[:read]
}
