package snapshot

import (
	"fmt"
	"strings"
)

// Pending is a capture, or a marker, whose data is not complete.
type Pending struct {
	w        *Writer
	at, data int64 // where its record and its data begin
	bytes    uint64
	given    uint64 // of them
	lost     bool   // it could not be written
	counter  *uint64
}

// end is where the next record begins.
func (p *Pending) end() int64 { return p.data + int64(p.bytes+padding(p.bytes)) }

// WriteAt adds a piece of the data. Pieces don't overlap.
func (p *Pending) WriteAt(piece []byte, offset int64) (int, error) {
	if p.w.failed {
		p.lost = true
	}
	if p.lost {
		return len(piece), nil
	}
	if offset < 0 || uint64(offset) > p.bytes || uint64(len(piece)) > p.bytes-uint64(offset) {
		return 0, fmt.Errorf("write snapshot: %d bytes at %d of a tensor of %d", len(piece), offset, p.bytes)
	}
	if err := writeAt(p.w.out, p.data+offset, [][]byte{piece}); err != nil {
		return 0, p.lose(err)
	}
	p.given += uint64(len(piece))
	return len(piece), nil
}

// lose gives the data up after a write error, and its record with it when nothing follows that: room for the end.
func (p *Pending) lose(err error) error {
	p.lost = true
	if p.end() == p.w.offset {
		p.w.offset = p.at
		*p.counter--
		p.w.unwritten++
	}
	return p.w.fail(err)
}

// Finish ends it; one that isn't complete has its missing set to why. Without a reason given, it isn't
// complete when there were fewer bytes than reserved.
func (p *Pending) Finish(missing string) error {
	switch {
	case p.lost: // a reader sees that it isn't complete
		return nil
	case missing == "" && p.given < p.bytes:
		missing = fmt.Sprintf("only %d of %d bytes came", p.given, p.bytes)
	}
	if missing != "" {
		why := &Unfinished{Record: uint64(p.at), Why: strings.ToValidUTF8(missing, "\uFFFD")}
		return p.w.add(&Record{What: &Record_Unfinished{why}}, 0, nil)
	}
	if err := writeAt(p.w.out, p.at+completeAt, [][]byte{{1}}); err != nil {
		return p.w.fail(err)
	}
	return nil
}
