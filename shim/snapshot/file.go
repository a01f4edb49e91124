package snapshot

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"unsafe"

	"github.com/edgexray/edgexray/trace"
)

var (
	// ErrNotSnapshot means that a file is not a snapshot.
	ErrNotSnapshot = errors.New("not an edgexray snapshot")
	// ErrVersion means that a snapshot has a newer format than this package knows.
	ErrVersion = errors.New("snapshot format too new")
)

// File is a snapshot that was opened for reading. What it holds refers to the mapped file, and ends with Close.
type File struct {
	Beginning *Beginning // empty when the file was cut before it
	End       *trace.End // nil when the snapshot did not end cleanly

	Processes map[uint32]*trace.Process
	Threads   map[uint32]*trace.Thread
	Runtimes  map[uint32]*trace.Runtime
	Kernels   map[uint32]*trace.Kernel
	Models    map[uint32]*trace.Model
	Subgraphs map[uint32]*trace.Subgraph
	Nodes     map[uint32]*trace.Node // by description

	Captures []Captured // in the order of the file
	Markers  []Marked   // in the order of the file
	Losses   map[string]uint64
	Notes    []*trace.Note
	Cut      string // why the file ends early; empty when it doesn't

	tensors map[tensorKey]*trace.Tensor // as described last
	mapped  []byte                      // nil for a file that was read from memory
	unmap   func() error
}

// Captured is one tensor in one invoke.
type Captured struct {
	*Capture
	Data []byte // in the mapped file, aligned to 64 bytes; nil without data
}

// Marked is one marker of the app.
type Marked struct {
	*trace.Marker
	Data []byte // elements of its array, in the mapped file, aligned to 64 bytes; nil without
}

// Handle is why a capture has no data that can't have any: Capture.missing of a RESOURCE or VARIANT, which only refers to an
// object of the runtime.
const Handle = "it is a handle, which has no data"

// Lacks tells whether there is no data although there should be.
func (c *Capture) Lacks() bool { return c.Missing != "" && c.Missing != Handle }

// Open maps a snapshot file and reads everything but the data, in memory that grows with the number of records. A file
// that ends early is no error: see File.Cut. While it is open the file must not shrink: the system kills who reads
// what isn't there any more.
func Open(path string) (*File, error) {
	file, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("open snapshot %s: %w", path, err)
	}
	return file, nil
}

func open(path string) (*File, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // Open names the path
	}
	defer in.Close() // a mapping stays
	info, err := in.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: it is no regular file", ErrNotSnapshot)
	case info.Size() == 0:
		return nil, checkPreamble(nil)
	case int64(int(info.Size())) != info.Size():
		return nil, fmt.Errorf("%d bytes are more than a 32-bit program can map (use a 64-bit edgexray)", info.Size())
	}
	data, unmap, err := mapFile(in, int(info.Size()))
	if err != nil {
		return nil, err
	}
	readSparsely(data, true)
	defer readSparsely(data, false)
	file, err := parse(data)
	if err != nil {
		return nil, errors.Join(err, unmap())
	}
	file.mapped, file.unmap = data, unmap
	return file, nil
}

// All yields the captures in the order of the file. It gives back the memory that the data of former ones takes, so that
// going through a file of any size takes little.
func (f *File) All() iter.Seq[Captured] {
	return func(yield func(Captured) bool) {
		var passed, released int // of the file, in bytes
		for _, c := range f.Captures {
			if !yield(c) {
				return
			}
			if f.mapped != nil && len(c.Data) > 0 {
				passed = f.Offset(c.Data) + len(c.Data)
			}
			if passed-released >= releaseBytes {
				release(f.mapped, released, passed)
				released = passed
			}
		}
	}
}

// releaseBytes is how much is given back at once: a system call then costs nothing to speak of.
const releaseBytes = 16 << 20

// Release gives back the memory that a capture's data takes for now: when it is used again it is read from the file
// again.
func (f *File) Release(data []byte) {
	if f.mapped != nil && len(data) > 0 {
		at := f.Offset(data)
		release(f.mapped, at, at+len(data))
	}
}

// Offset returns where data of the mapped file begins in it. The data has at least one byte.
func (f *File) Offset(data []byte) int {
	return int(uintptr(unsafe.Pointer(&data[0])) - uintptr(unsafe.Pointer(&f.mapped[0])))
}

// Close unmaps the file.
func (f *File) Close() error {
	if f.unmap == nil {
		return nil
	}
	unmap := f.unmap
	f.mapped, f.unmap = nil, nil
	return unmap()
}
