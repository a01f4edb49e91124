package tflite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

const (
	// What a file decodes to may take decodeFactor times the file's size, and maxDecoded bytes in all. Tables of a
	// flatbuffer may share their parts, so a small file can claim to be large without limit. An honest tensor takes
	// about 3 times its bytes in the file; 256 MiB hold the per-channel scales of models of many billion parameters.
	decodeFactor = 16
	maxDecoded   = 256 << 20

	// A file is read in pages, of which the last ones used stay: what is needed lies close together, between weights
	// that are not. Weights may be gigabytes and are never read.
	pageSize  = 4 << 10
	pageSlots = 64
)

var (
	errTruncated = errors.New("outside the file (is it truncated, or not a .tflite file?)")
	errTooLarge  = errors.New("claims more content than its size can hold (a damaged or hostile file)")
)

// flatbuffer reads a file in the flatbuffers format, every offset checked. After an error everything reads as zero or
// empty; err holds the first one.
//
// A table begins with the distance back to its vtable. The vtable holds its own size, the table's size, and for each
// field the distance from the table, 0 for a field that has its default. A string, vector or table in a field is a
// distance forward; strings and vectors begin with their length. Source: "FlatBuffers internals" in the flatbuffers
// documentation.
type flatbuffer struct {
	file   io.ReaderAt
	size   int64
	budget int64 // bytes that decoding may still allocate
	err    error
	pages  [pageSlots]page
}

type page struct {
	at   int64
	data []byte // nil until the slot is used
}

func newFlatbuffer(file io.ReaderAt, size int64) *flatbuffer {
	return &flatbuffer{file: file, size: size, budget: min(maxDecoded, decodeFactor*min(size, maxDecoded))}
}

func (f *flatbuffer) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// read fills into with the bytes at position at.
func (f *flatbuffer) read(at int64, into []byte) {
	if at < 0 || at > f.size-int64(len(into)) {
		f.fail(fmt.Errorf("%d bytes at offset %d: %w", len(into), at, errTruncated))
	}
	for len(into) > 0 && f.err == nil {
		n := copy(into, f.rest(at))
		at += int64(n)
		into = into[n:]
	}
	clear(into)
}

// rest returns the bytes from at to the end of its page.
func (f *flatbuffer) rest(at int64) []byte {
	start := at - at%pageSize
	p := &f.pages[start/pageSize%pageSlots]
	if p.data == nil || p.at != start {
		if p.data == nil {
			p.data = make([]byte, 0, pageSize)
		}
		p.at, p.data = start, p.data[:min(pageSize, f.size-start)]
		if n, err := f.file.ReadAt(p.data, start); n < len(p.data) {
			f.fail(fmt.Errorf("read at offset %d: %w", start, err))
		}
	}
	return p.data[at-start:]
}

func (f *flatbuffer) u16(at int64) uint16 {
	var b [2]byte
	f.read(at, b[:])
	return le.Uint16(b[:])
}

func (f *flatbuffer) u32(at int64) uint32 {
	var b [4]byte
	f.read(at, b[:])
	return le.Uint32(b[:])
}

func (f *flatbuffer) u64(at int64) uint64 {
	var b [8]byte
	f.read(at, b[:])
	return le.Uint64(b[:])
}

// follow returns the position that the distance at a position leads to.
func (f *flatbuffer) follow(at int64) int64 { return at + int64(f.u32(at)) }

// spend reports whether bytes may be allocated.
func (f *flatbuffer) spend(bytes int64) bool {
	f.budget -= bytes
	if f.budget < 0 {
		f.fail(errTooLarge)
	}
	return f.err == nil
}

// table is one table of the file.
type table struct {
	*flatbuffer
	at, vtable int64
	vtableSize int64
}

func (f *flatbuffer) table(at int64) table {
	vtable := at - int64(int32(f.u32(at)))
	return table{f, at, vtable, int64(f.u16(vtable))}
}

// field returns the position of a field's value, 0 when the field has its default.
func (t table) field(id int) int64 {
	entry := int64(4 + 2*id)
	if entry+2 > t.vtableSize {
		return 0
	}
	distance := t.u16(t.vtable + entry)
	if distance == 0 {
		return 0
	}
	return t.at + int64(distance)
}

func (t table) byte(id int) uint8 {
	var b [1]byte
	if at := t.field(id); at != 0 {
		t.read(at, b[:])
	}
	return b[0]
}

func (t table) bool(id int) bool { return t.byte(id) != 0 }

func (t table) int32(id int, byDefault int32) int32 {
	if at := t.field(id); at != 0 {
		return int32(t.u32(at))
	}
	return byDefault
}

func (t table) uint32(id int) uint32 { return uint32(t.int32(id, 0)) }

func (t table) uint64(id int) uint64 {
	if at := t.field(id); at != 0 {
		return t.u64(at)
	}
	return 0
}

// child returns the table in a field. It reports false when there is none.
func (t table) child(id int) (table, bool) {
	at := t.field(id)
	if at == 0 {
		return table{}, false
	}
	child := t.table(t.follow(at))
	return child, t.err == nil
}

// element returns a table of the vector of tables in a field.
func (t table) element(id, index int) table {
	at, n := t.vector(id, 4)
	if int64(index) >= n {
		t.fail(fmt.Errorf("element %d of %d: %w", index, n, errTruncated))
		return table{flatbuffer: t.flatbuffer}
	}
	return t.table(t.follow(at + 4*int64(index)))
}

// vector returns the position and number of the elements, of elementSize bytes each, that a field holds.
func (t table) vector(id int, elementSize int64) (at, n int64) {
	field := t.field(id)
	if field == 0 {
		return 0, 0
	}
	at = t.follow(field)
	n = int64(t.u32(at))
	at += 4
	if n*elementSize > t.size-at {
		t.fail(fmt.Errorf("%d elements at offset %d: %w", n, at, errTruncated))
	}
	if t.err != nil {
		return 0, 0
	}
	return at, n
}

// string returns a string field, with what is not UTF-8 in it replaced.
func (t table) string(id int) string {
	at, n := t.vector(id, 1)
	if !t.spend(n) {
		return ""
	}
	b := make([]byte, n)
	t.read(at, b)
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// numbers returns a vector field, nil when it is empty.
func numbers[T int32 | int64 | float32](t table, id int) []T {
	at, n := t.vector(id, int64(reflect.TypeFor[T]().Size()))
	bytes := n * int64(reflect.TypeFor[T]().Size())
	if n == 0 || !t.spend(bytes) {
		return nil
	}
	b, values := make([]byte, bytes), make([]T, n)
	t.read(at, b)
	if _, err := binary.Decode(b, le, values); err != nil {
		t.fail(err)
	}
	return values
}

// tables returns a vector field of tables, each parsed; noun names one in errors.
func tables[T any](t table, id int, noun string, parse func(table) T) []T {
	at, n := t.vector(id, 4)
	if n == 0 || !t.spend(n*int64(reflect.TypeFor[T]().Size())) {
		return nil
	}
	values := make([]T, n)
	for i := range values {
		values[i] = parse(t.table(t.follow(at + 4*int64(i))))
		if t.err != nil {
			t.flatbuffer.err = fmt.Errorf("%s %d: %w", noun, i, t.err)
			return nil
		}
	}
	return values
}
