package snapshot

import (
	"errors"

	"github.com/edgexray/edgexray/trace"
)

// File is a snapshot that was opened for reading. What it holds refers to the mapped file, and ends with Close.
type File struct {
	Beginning *Beginning
	End       *trace.End // nil when the snapshot did not end cleanly

	Processes map[uint32]*trace.Process
	Threads   map[uint32]*trace.Thread
	Runtimes  map[uint32]*trace.Runtime
	Kernels   map[uint32]*trace.Kernel
	Models    map[uint32]*trace.Model
	Subgraphs map[uint32]*trace.Subgraph
	Nodes     map[uint32]*trace.Node // by description

	Captures []Captured // in the order of the file
	Losses   map[string]uint64
	Notes    []*trace.Note
	Cut      string // why the file ends early; empty when it doesn't
}

// Captured is one tensor in one invoke.
type Captured struct {
	*Capture
	Data []byte // in the mapped file, aligned to 64 bytes; nil without data
}

// Open maps a snapshot file. A file that ends early is no error: see File.Cut.
func Open(path string) (*File, error) { return nil, errors.New("not built yet") }

// Close unmaps the file.
func (f *File) Close() error { return nil }
