package snapshot

import (
	"cmp"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/trace"
)

// minTensorBytes is less than any described tensor takes in a node's message. A message with more tensors than that
// allows is hostile: it would take many times its size in memory.
const minTensorBytes = 8

// parse reads the records of a file.
func parse(data []byte) (*File, error) {
	if err := checkPreamble(data); err != nil {
		return nil, err
	}
	p := parser{unfinished: make(map[uint64]*string), file: &File{
		Beginning: &Beginning{},
		Processes: make(map[uint32]*trace.Process),
		Threads:   make(map[uint32]*trace.Thread),
		Runtimes:  make(map[uint32]*trace.Runtime),
		Kernels:   make(map[uint32]*trace.Kernel),
		Models:    make(map[uint32]*trace.Model),
		Subgraphs: make(map[uint32]*trace.Subgraph),
		Nodes:     make(map[uint32]*trace.Node),
		Losses:    make(map[string]uint64),
		tensors:   make(map[tensorKey]*trace.Tensor),
	}}
	at := uint64(preambleBytes)
	for at < uint64(len(data)) && p.file.End == nil && p.file.Cut == "" {
		size, err := p.record(data, at)
		if err != nil {
			p.file.Cut = fmt.Sprintf("the snapshot ends early, at byte %d: %v; the %d bytes from there on can't be read",
				at, err, uint64(len(data))-at)
		}
		at += size
	}
	p.finish(at)
	return p.file, nil
}

type parser struct {
	file       *File
	begun      bool
	unfinished map[uint64]*string // why there isn't all of the data, by where the records begin
	unknown    int                // records of kinds that this package doesn't know
}

// record reads the record at a place of the file and returns its size.
func (p *parser) record(data []byte, at uint64) (uint64, error) {
	r, err := nextRecord(data[at:])
	if err != nil {
		return 0, err
	}
	var message Record
	if err := proto.Unmarshal(r.message, &message); err != nil {
		return 0, fmt.Errorf("a record can't be decoded: %w", err)
	}
	if _, first := message.What.(*Record_Beginning); first == p.begun {
		return 0, errBeginning
	}
	p.begun = true
	switch what := message.What.(type) {
	case *Record_Capture:
		p.capture(what.Capture, r, at)
		return r.size, nil
	case *Record_Marker:
		p.marker(what.Marker, r, at)
		return r.size, nil
	}
	if uint64(len(r.data)) < r.bytes {
		return 0, errDataCut
	}
	return r.size, p.add(&message, len(r.message))
}

var (
	errBeginning = errors.New("the first record, and only that, must be a beginning")
	errDataCut   = errors.New("a record's data is cut off")
	errTensors   = errors.New("a node claims more tensors than its description has room for")
)

// add keeps what a record without data says.
func (p *parser) add(r *Record, size int) error {
	f := p.file
	switch what := r.What.(type) {
	case *Record_Beginning:
		f.Beginning = what.Beginning
	case *Record_Process:
		f.Processes[what.Process.Id] = what.Process
	case *Record_Thread:
		f.Threads[what.Thread.Id] = what.Thread
	case *Record_Runtime:
		f.Runtimes[what.Runtime.Id] = what.Runtime
	case *Record_Kernel:
		f.Kernels[what.Kernel.Id] = what.Kernel
	case *Record_Model:
		f.Models[what.Model.Id] = what.Model
	case *Record_Subgraph:
		f.Subgraphs[what.Subgraph.Id] = what.Subgraph
	case *Record_Node:
		if len(what.Node.Inputs)+len(what.Node.Outputs)+len(what.Node.Temporaries) > size/minTensorBytes {
			return errTensors
		}
		f.Nodes[what.Node.Id] = what.Node
		f.index(what.Node)
	case *Record_Loss:
		f.Losses[what.Loss.Cause] = what.Loss.Count
	case *Record_Note:
		f.Notes = append(f.Notes, what.Note)
	case *Record_End:
		f.End = what.End
	case *Record_Unfinished:
		if missing, ok := p.unfinished[what.Unfinished.Record]; ok {
			*missing = cmp.Or(what.Unfinished.Why, *missing)
		}
	default: // of a newer minor version
		p.unknown++
	}
	return nil
}

// capture keeps a capture with its data.
func (p *parser) capture(c *Capture, r record, at uint64) {
	p.file.Captures = append(p.file.Captures, Captured{c, p.data(r, at, &c.Missing)})
}

// marker keeps a marker with the elements of its array.
func (p *parser) marker(m *trace.Marker, r record, at uint64) {
	p.file.Markers = append(p.file.Markers, Marked{m, p.data(r, at, &m.Missing)})
}

// data returns the data of a record, or sets why it is missing.
func (p *parser) data(r record, at uint64, missing *string) []byte {
	switch {
	case uint64(len(r.data)) < r.bytes:
		*missing = fmt.Sprintf("cut off: %d of %d bytes are in the file", len(r.data), r.bytes)
		p.file.Cut = fmt.Sprintf("the snapshot ends early, in the data of the record at byte %d: %d of its %d bytes are there",
			at, len(r.data), r.bytes)
	case r.complete:
		return r.data
	case r.bytes > 0:
		*missing = fmt.Sprintf("the writer ended before it had all of its %d bytes", r.bytes)
		p.unfinished[at] = missing
	}
	return nil
}

// finish says how the file ended, at a place of it.
func (p *parser) finish(at uint64) {
	f := p.file
	if f.End == nil && f.Cut == "" {
		f.Cut = fmt.Sprintf("the snapshot did not end cleanly: nothing follows its last record, which ends at byte %d", at)
	}
	if p.unknown > 0 {
		f.Notes = append(f.Notes, &trace.Note{Kind: "snapshot",
			Text: fmt.Sprintf("%d records of kinds that this edgexray doesn't know were left out (update edgexray)", p.unknown)})
	}
}
