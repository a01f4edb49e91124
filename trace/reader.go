package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"
)

var (
	// ErrNotTrace means that a file is not a trace.
	ErrNotTrace = errors.New("not an edgexray trace")
	// ErrVersion means that a trace has a newer format than this package knows.
	ErrVersion = errors.New("trace format too new")
)

// Truncation says where a trace stops being readable and why. Everything before Offset was returned by the Reader.
type Truncation struct {
	Offset int64 // in bytes from the beginning of the trace
	Reason error
}

// String describes the truncation to a user.
func (t *Truncation) String() string {
	return fmt.Sprintf("the trace ends early, at byte %d: %v", t.Offset, t.Reason)
}

var errNoEnd = errors.New("the recording did not end cleanly")

// Reader reads a trace block by block:
//
//	for r.Next() {
//		use(r.Block())
//	}
//	if err := r.Err(); err != nil { ... }
//	if t := r.Truncated(); t != nil { ... }
type Reader struct {
	source  io.Reader
	start   int64 // of the trace in source; -1 when that can't be rewound
	in      *bufio.Reader
	closer  io.Closer
	decoder *zstd.Decoder

	payload, plain []byte
	block          *Block
	offset         int64 // of the next frame
	err            error
	done           bool
	truncation     *Truncation
}

// Open opens the trace file at path. The caller must close the Reader.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open trace: %w", err)
	}
	r, err := NewReader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r.closer = f
	return r, nil
}

// NewReader reads the trace in in, which it neither closes nor reads beyond what buffering takes.
// The error is ErrNotTrace or ErrVersion when in is something else.
func NewReader(in io.Reader) (*Reader, error) {
	r := &Reader{source: in, start: -1, in: bufio.NewReaderSize(in, 64<<10), offset: int64(preambleBytes)}
	var err error
	if s, ok := in.(io.Seeker); ok {
		if r.start, err = s.Seek(0, io.SeekCurrent); err != nil {
			r.start = -1
		}
	}
	if err := readPreamble(r.in); err != nil {
		return nil, err
	}
	r.decoder, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(MaxBlock))
	if err != nil {
		return nil, fmt.Errorf("set up zstd: %w", err)
	}
	return r, nil
}

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	r.decoder.Close()
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// Rewind makes Next begin anew with the first block. What comes out of a pipe can't be read again.
func (r *Reader) Rewind() error {
	if r.start < 0 {
		return errors.New("the trace has to be read twice, and this isn't a file (save it to one first)")
	}
	if _, err := r.source.(io.Seeker).Seek(r.start, io.SeekStart); err != nil {
		return fmt.Errorf("read the trace again: %w", err)
	}
	r.in.Reset(r.source)
	r.block, r.offset, r.err, r.done, r.truncation = nil, int64(preambleBytes), nil, false, nil
	return readPreamble(r.in)
}

// Next reads the next block. It returns false at the end of what can be read; see Err and Truncated.
func (r *Reader) Next() bool {
	if r.done {
		return false
	}
	block, err := r.read()
	r.block = block
	if err == nil {
		r.done = block.End != nil
		r.offset += int64(headBytes + len(r.payload))
		return true
	}
	r.done = true
	var damage damageError
	switch {
	case errors.Is(err, io.EOF):
		r.truncation = &Truncation{r.offset, errNoEnd}
	case errors.As(err, &damage):
		r.truncation = &Truncation{r.offset, damage.error}
	default:
		r.err = fmt.Errorf("read trace: %w", err)
	}
	return false
}

// Block returns the block that Next read. It is the caller's to keep: the Reader does not use its memory again.
func (r *Reader) Block() *Block { return r.block }

// Err returns the error that made reading the file stop. It is nil at the end of the trace, whole or not.
func (r *Reader) Err() error { return r.err }

// Truncated returns nil when Next has reached the end of a whole trace, and otherwise where the trace stops and why:
// the recorder was killed, or the file is damaged from there on.
func (r *Reader) Truncated() *Truncation { return r.truncation }

// read returns the next block, checked so that its ops can be iterated.
func (r *Reader) read() (*Block, error) {
	var err error
	if r.payload, err = readPayload(r.in, r.payload); err != nil {
		return nil, err
	}
	if r.plain, err = r.decoder.DecodeAll(r.payload, r.plain[:0]); err != nil {
		return nil, damageError{fmt.Errorf("a block can't be decompressed: %w", err)}
	}
	b := new(Block)
	if err := proto.Unmarshal(r.plain, b); err != nil {
		return nil, damageError{fmt.Errorf("a block can't be decoded: %w", err)}
	}
	for _, batch := range b.Ops {
		if err := batch.check(); err != nil {
			return nil, damageError{err}
		}
	}
	return b, nil
}
