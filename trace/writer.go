package trace

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"
)

// LossUnwritten is the Loss.cause under which a Writer counts op records that it could not write.
const LossUnwritten = "trace not writable"

// reservedBytes of a block are for what a Writer adds to ops and descriptions: losses, the end, the time.
const reservedBytes = 64 << 10

// Writer writes a trace. It holds back at most one block; the caller decides with Flush how old what it holds may get.
// A Writer is not safe for concurrent use.
//
// After a write error it writes nothing more but counts what it is given, so the caller may go on until it is
// convenient to stop. The error is returned once. What was written before stays readable: when the underlying file can
// be truncated, the part of a block that got there is removed.
type Writer struct {
	out     io.Writer
	encoder *zstd.Encoder
	failed  bool

	pending       *Block
	pendingBytes  int    // upper bound of its encoded size
	pendingOps    uint64 // in threads
	threads       map[uint32]*columns
	latest        *columns // most ops follow another one of their thread
	losses        []*Loss
	lossesChanged bool // since the block before
	now           uint64

	plain, frame  []byte
	start, offset int64 // in out: of the trace, and of the next frame
	ops, lost     uint64
}

// NewWriter writes the beginning of a trace, with its header, to out. The Writer never closes out.
// What is in out already stays: the trace begins at its current position.
func NewWriter(out io.Writer, header *Header) (*Writer, error) {
	encoder, err := zstd.NewWriter(nil,
		zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderLevel(zstd.SpeedFastest), // slower levels gain under 1 %: docs/trace-format.md
		zstd.WithWindowSize(128<<10),
		zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("set up zstd: %w", err)
	}
	w := &Writer{out: out, encoder: encoder, pending: &Block{}, threads: make(map[uint32]*columns)}
	if s, ok := out.(io.Seeker); ok {
		w.start, _ = s.Seek(0, io.SeekCurrent) // fails on a pipe, which can't be truncated either
		w.offset = w.start
	}
	MakeValid(header)
	size := proto.Size(header)
	if size > MaxDescription {
		return nil, fmt.Errorf("write trace header: it has %d bytes, over the limit of %d (shorten the command line)", size, MaxDescription)
	}
	w.pending.Header = header
	w.pendingBytes = size + 1
	if err := w.write(preamble()); err != nil {
		return nil, err
	}
	if err := w.Flush(header.StartNs); err != nil {
		return nil, err
	}
	return w, nil
}

// Describe adds d to the trace, before any op that is added later. The Writer refers to d until the next Flush. Bytes of
// its strings that are not UTF-8 are replaced in d.
func (w *Writer) Describe(d Description) error {
	MakeValid(d)
	size := proto.Size(d) + 8 // and its tag and length
	if size > MaxDescription {
		return fmt.Errorf("describe %T: it has %d bytes, over the limit of %d (shorten its texts)", d, size, MaxDescription)
	}
	if w.failed {
		return nil
	}
	if err := w.reserve(size); err != nil {
		return err
	}
	w.pendingBytes += size
	d.addTo(w.pending)
	return nil
}

// SetLosses replaces the loss counters; they go into the next block if they differ. The Writer keeps losses.
func (w *Writer) SetLosses(losses []*Loss) {
	same := func(a, b *Loss) bool { return a.Cause == b.Cause && a.Count == b.Count }
	w.lossesChanged = w.lossesChanged || !slices.EqualFunc(w.losses, losses, same)
	w.losses = losses
}

// AddOp adds one op record. Its thread and node are as described. Ops of a thread are added in the order in which they
// ended.
func (w *Writer) AddOp(op Op) error {
	if w.failed {
		w.lost++
		return nil
	}
	if err := w.reserve(maxOpBytes + batchBytes); err != nil {
		w.lost++
		return err
	}
	c := w.columns(op.Thread)
	if len(c.batch.Node) == 0 {
		w.pendingBytes += batchBytes
	}
	c.add(op)
	w.pendingBytes += maxOpBytes
	w.pendingOps++
	w.now = max(w.now, c.end)
	return nil
}

// reserve writes the pending block when it has no room for size more bytes.
func (w *Writer) reserve(size int) error {
	if w.pendingBytes+size <= MaxBlock-reservedBytes {
		return nil
	}
	return w.Flush(w.now)
}

func (w *Writer) columns(thread uint32) *columns {
	if w.latest != nil && w.latest.batch.Thread == thread {
		return w.latest
	}
	c := w.threads[thread]
	if c == nil {
		c = newColumns(thread)
		w.threads[thread] = c
	}
	w.latest = c
	return c
}

// Flush writes what is held back as one block; now (CLOCK_MONOTONIC, ns) is the block's time. Without anything to write
// it does nothing.
func (w *Writer) Flush(now uint64) error {
	if w.pendingBytes == 0 && !w.lossesChanged || w.failed {
		return nil
	}
	b := w.pending
	b.TimeNs = now
	w.now = max(w.now, now)
	if w.lossesChanged {
		b.Losses = w.losses
	}
	for _, thread := range slices.Sorted(maps.Keys(w.threads)) {
		if c := w.threads[thread]; len(c.batch.Node) != 0 {
			b.Ops = append(b.Ops, c.encoded())
		}
	}
	if err := w.writeBlock(b); err != nil {
		w.failed = true
		w.lost += w.pendingOps
		return err
	}
	w.ops += w.pendingOps
	w.reset()
	return nil
}

// reset empties the pending block. Threads that ran nothing since the block before are forgotten.
func (w *Writer) reset() {
	w.pending.Reset()
	w.pendingBytes, w.pendingOps, w.lossesChanged = 0, 0, false
	w.latest = nil
	for thread, c := range w.threads {
		if len(c.batch.Node) == 0 {
			delete(w.threads, thread)
		}
		c.reset()
	}
}

// Close writes what is held back and the end of the trace. It sets end.Ops, and adds to the losses what could not be
// written. After a write error it still tries to write the end, as it may be small enough, and returns nil either way.
func (w *Writer) Close(end *End) error {
	defer w.encoder.Close()
	err := w.Flush(w.now)
	failed := w.failed
	end.Ops = w.ops
	MakeValid(end)
	if failed {
		w.losses = append(slices.Clone(w.losses), &Loss{Cause: LossUnwritten, Count: w.lost})
	}
	endErr := w.writeBlock(&Block{Losses: w.losses, End: end, TimeNs: w.now})
	w.failed = true
	if failed {
		return err
	}
	return endErr
}

// Ops returns the number of op records in whole blocks that were written.
func (w *Writer) Ops() uint64 { return w.ops }

// Unwritten returns the number of op records that were added but could not be written.
func (w *Writer) Unwritten() uint64 { return w.lost }

// Bytes returns the size of what was written.
func (w *Writer) Bytes() int64 { return w.offset - w.start }

func (w *Writer) writeBlock(b *Block) error {
	var err error
	w.plain, err = proto.MarshalOptions{}.MarshalAppend(w.plain[:0], b)
	if err != nil {
		return fmt.Errorf("encode trace block: %w", err)
	}
	w.frame = w.encoder.EncodeAll(w.plain, append(w.frame[:0], make([]byte, headBytes)...))
	sealHead(w.frame)
	return w.write(w.frame)
}

// write writes all of p, or removes again what of it got written.
func (w *Writer) write(p []byte) error {
	if _, err := w.out.Write(p); err != nil {
		err = fmt.Errorf("write trace: %w (what was recorded until now is kept)", err)
		if f, ok := w.out.(truncater); ok {
			err = errors.Join(err, rewind(f, w.offset))
		}
		return err
	}
	w.offset += int64(len(p))
	return nil
}

// truncater is the part of os.File that it takes to remove an incomplete block.
type truncater interface {
	io.Seeker
	Truncate(size int64) error
}

// rewind truncates f to size bytes. Pipes and devices can't be truncated: a reader stops at the incomplete block then.
func rewind(f truncater, size int64) error {
	if _, err := f.Seek(size, io.SeekStart); err != nil {
		return nil
	}
	if err := f.Truncate(size); err != nil && !errors.Is(err, fs.ErrInvalid) {
		return fmt.Errorf("remove incomplete block: %w", err)
	}
	return nil
}
