package shim

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"unsafe"
)

// maxDescription bounds the records that describe something, in bytes: no real one has more than some thousand channels.
const maxDescription = 1 << 20

// fixed reads the fixed part of a record, and returns what follows it. It reports false for one that is too short. What it
// returns is a copy: an app could change the record at any time.
func fixed[T any](b []byte) (r T, rest []byte, ok bool) {
	size := int(unsafe.Sizeof(r))
	if len(b) < size {
		return r, nil, false
	}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&r)), size), b)
	return r, b[size:], true
}

// described is fixed for a record whose lists follow it.
func described[T any](b []byte) (r T, l lists, ok bool) {
	if len(b) > maxDescription {
		return r, l, false
	}
	r, rest, ok := fixed[T](bytes.Clone(b))
	return r, lists{rest: rest}, ok
}

// lists reads what follows a record, list by list.
type lists struct {
	rest []byte
	cut  bool // something was longer than the record
}

func (l *lists) take(n uint64) []byte {
	if n > uint64(len(l.rest)) {
		l.cut, l.rest = true, nil
		return nil
	}
	b := l.rest[:n]
	l.rest = l.rest[n:]
	return b
}

// text reads a string. Bytes of it that aren't UTF-8 are replaced: it comes from an app's memory.
func (l *lists) text(n uint32) string {
	return strings.ToValidUTF8(string(l.take(uint64(n))), "\uFFFD")
}

func (l *lists) ints(n uint32) []int32 {
	return elements(l.take(4*uint64(n)), func(v uint32) int32 { return int32(v) })
}

func (l *lists) indices(n uint32) []uint32 {
	return elements(l.take(4*uint64(n)), func(v uint32) uint32 { return v })
}

func (l *lists) floats(n uint32) []float32 {
	return elements(l.take(4*uint64(n)), math.Float32frombits)
}

func (l *lists) longs(n uint32) []int64 {
	return elements(l.take(4*uint64(n)), func(v uint32) int64 { return int64(int32(v)) })
}

func elements[T any](b []byte, convert func(uint32) T) []T {
	list := make([]T, len(b)/4)
	for i := range list {
		list[i] = convert(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return list
}

// cString returns the bytes before the first NUL.
func cString(b []byte) string {
	if end := bytes.IndexByte(b, 0); end >= 0 {
		b = b[:end]
	}
	return string(b)
}
