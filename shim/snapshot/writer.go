package snapshot

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/edgexray/edgexray/trace"
)

// LossUnwritten is the Loss.cause under which a Writer counts captures and markers that it could not write.
const LossUnwritten = "snapshot not writable"

// Writer writes a snapshot file. Each call writes its record at once and keeps nothing it was given; bytes of texts that
// are not UTF-8 are replaced in what it is given. A Writer is not safe for concurrent use.
//
// After a write error it writes nothing more but counts the captures that it is given, so the caller may go on until it
// is convenient to stop. The error is returned once. What was written before stays readable: the part of a record that
// got there is removed.
type Writer struct {
	out    *os.File
	offset int64 // of the next record
	failed bool
	head   []byte // of the record being written; its memory is used again

	captures, markers, unwritten uint64
}

// NewWriter writes the beginning of a snapshot to out, an empty regular file, which the Writer never closes.
func NewWriter(out *os.File, beginning *Beginning) (*Writer, error) {
	info, err := out.Stat()
	if err != nil {
		return nil, fmt.Errorf("write snapshot: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() != 0 {
		return nil, fmt.Errorf("write snapshot: %s is not an empty regular file (choose another one)", out.Name())
	}
	w := &Writer{out: out, offset: preambleBytes}
	if _, err := out.WriteAt(preamble(), 0); err != nil { // refuses a file that was opened to append
		return nil, fmt.Errorf("write snapshot: %w", err)
	}
	trace.MakeValid(beginning)
	if err := w.add(&Record{What: &Record_Beginning{beginning}}, 0, nil); err != nil {
		return nil, err
	}
	return w, nil
}

// Describe adds a description: *trace.Process, Thread, Runtime, Kernel, Model, Subgraph, Node or Note.
func (w *Writer) Describe(d trace.Description) error {
	what := described(d)
	if what == nil {
		return fmt.Errorf("write snapshot: it holds no %T", d)
	}
	trace.MakeValid(d)
	return w.add(&Record{What: what}, 0, nil)
}

// described returns what a record says when it holds d, nil when none can.
func described(d trace.Description) isRecord_What {
	switch d := d.(type) {
	case *trace.Process:
		return &Record_Process{d}
	case *trace.Thread:
		return &Record_Thread{d}
	case *trace.Runtime:
		return &Record_Runtime{d}
	case *trace.Kernel:
		return &Record_Kernel{d}
	case *trace.Model:
		return &Record_Model{d}
	case *trace.Subgraph:
		return &Record_Subgraph{d}
	case *trace.Node:
		return &Record_Node{d}
	case *trace.Note:
		return &Record_Note{d}
	}
	return nil
}

// Add adds a capture with all of its data, nil for none, in one system call and without a copy.
func (w *Writer) Add(c *Capture, data []byte) error {
	return w.addCapture(c, uint64(len(data)), data)
}

// AddMarker is Add for a marker and the elements of its array.
func (w *Writer) AddMarker(m *trace.Marker, data []byte) error {
	trace.MakeValid(m)
	return w.addCounted(&w.markers, &Record{What: &Record_Marker{m}}, uint64(len(data)), data)
}

// Begin reserves room for a capture whose data comes in pieces, while other records may be added.
func (w *Writer) Begin(c *Capture, bytes uint64) (*Pending, error) {
	return w.begin(&w.captures, w.addCapture(c, bytes, nil), bytes)
}

// BeginMarker is Begin for a marker.
func (w *Writer) BeginMarker(m *trace.Marker, bytes uint64) (*Pending, error) {
	trace.MakeValid(m)
	return w.begin(&w.markers, w.addCounted(&w.markers, &Record{What: &Record_Marker{m}}, bytes, nil), bytes)
}

// begin reserves room for the data of the record that was added last, unless that failed.
func (w *Writer) begin(counter *uint64, err error, bytes uint64) (*Pending, error) {
	if err != nil || w.failed {
		return &Pending{w: w, lost: true}, err
	}
	p := &Pending{w: w, at: w.offset - int64(len(w.head)), data: w.offset, bytes: bytes, counter: counter}
	w.offset = p.end()
	if err := w.out.Truncate(w.offset); err != nil {
		return p, p.lose(err)
	}
	return p, nil
}

// addCapture writes a capture's record, of whose data only what is given.
func (w *Writer) addCapture(c *Capture, bytes uint64, data []byte) error {
	c.Missing = strings.ToValidUTF8(c.Missing, "\uFFFD")
	return w.addCounted(&w.captures, &Record{What: &Record_Capture{c}}, bytes, data)
}

// addCounted counts the record, or that it could not be written.
func (w *Writer) addCounted(counter *uint64, r *Record, bytes uint64, data []byte) error {
	if w.failed {
		w.unwritten++
		return nil
	}
	if err := w.add(r, bytes, data); err != nil {
		w.unwritten++
		return err
	}
	*counter++
	return nil
}

// add writes a record that has so many bytes of data, of which those given are all or none.
func (w *Writer) add(r *Record, bytes uint64, data []byte) error {
	if w.failed {
		return nil
	}
	return w.force(r, bytes, data)
}

// force is add although writing failed before.
func (w *Writer) force(r *Record, bytes uint64, data []byte) error {
	var err error
	if w.head, err = appendRecord(w.head[:0], r, bytes, data != nil); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	return w.write(w.head, data, zeros[:padding(uint64(len(data)))])
}

// write appends all parts, or removes again what of them got written.
func (w *Writer) write(parts ...[]byte) error {
	end := w.offset
	for _, p := range parts {
		end += int64(len(p))
	}
	if err := writeAt(w.out, w.offset, parts); err != nil {
		return w.fail(err)
	}
	w.offset = end
	return nil
}

// fail cuts the file back to its last whole record and makes the Writer write no more.
func (w *Writer) fail(err error) error {
	w.failed = true
	err = fmt.Errorf("write snapshot: %w (what was captured until now is kept)", err)
	if cut := w.out.Truncate(w.offset); cut != nil {
		err = errors.Join(err, fmt.Errorf("remove incomplete record: %w", cut))
	}
	return err
}

// Close writes the losses and the end. It sets end.Ops, and adds to the losses what could not be written. After a write
// error it still tries to write them, as they may be small enough, and returns nil either way.
func (w *Writer) Close(losses []*trace.Loss, end *trace.End) error {
	failed := w.failed
	if failed {
		losses = append(losses[:len(losses):len(losses)], &trace.Loss{Cause: LossUnwritten, Count: w.unwritten})
	}
	end.Ops = w.captures
	trace.MakeValid(end)
	err := w.finish(losses, end)
	w.failed = true
	if failed {
		return nil
	}
	return err
}

func (w *Writer) finish(losses []*trace.Loss, end *trace.End) error {
	for _, l := range losses {
		trace.MakeValid(l)
		if err := w.force(&Record{What: &Record_Loss{l}}, 0, nil); err != nil {
			return err
		}
	}
	return w.force(&Record{What: &Record_End{end}}, 0, nil)
}

// Captures returns the number of captures that were written, those without data included.
func (w *Writer) Captures() uint64 { return w.captures }

// Unwritten returns the number of captures and markers that were given but could not be written.
func (w *Writer) Unwritten() uint64 { return w.unwritten }

// Bytes returns the size of the file.
func (w *Writer) Bytes() int64 { return w.offset }
