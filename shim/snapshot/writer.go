package snapshot

import (
	"errors"
	"os"

	"github.com/edgexray/edgexray/trace"
)

// Writer writes a snapshot file.
type Writer struct{}

// NewWriter writes the beginning of a snapshot to out, from its current position on.
func NewWriter(out *os.File, beginning *Beginning) (*Writer, error) {
	return nil, errors.New("not built yet")
}

// Describe adds a description: *trace.Process, Thread, Runtime, Kernel, Model, Subgraph, Node or Note.
func (w *Writer) Describe(d trace.Description) error { return nil }

// Add adds a capture with all of its data, nil for none.
func (w *Writer) Add(c *Capture, data []byte) error { return nil }

// Begin reserves room for a capture whose data comes in pieces, while other records may be added.
func (w *Writer) Begin(c *Capture, bytes uint64) (*Pending, error) { return nil, nil }

// Pending is a capture whose data is not complete.
type Pending struct{}

// WriteAt adds a piece of the data.
func (p *Pending) WriteAt(piece []byte, offset int64) (int, error) { return 0, nil }

// Finish ends it; one that isn't complete has its Capture's missing set to why.
func (p *Pending) Finish(missing string) error { return nil }

// Close writes the losses and the end.
func (w *Writer) Close(losses []*trace.Loss, end *trace.End) error { return nil }
