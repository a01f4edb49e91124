package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/trace"
)

// Magic is how every snapshot file begins.
const Magic = "edgexten"

// The format's version, written after the magic. A reader refuses a newer major version; a newer minor version only
// adds fields and kinds of records, which older readers skip.
const (
	Major = 1
	Minor = 1 // 1: markers
)

// Align is to what records and data are aligned in the file, in bytes: a cache line, and more than any element needs.
const Align = 64

// MaxMessage is the largest message of a record in bytes, so that a hostile file can't make a reader allocate without
// limit.
const MaxMessage = trace.MaxDescription

// A file is a preamble (magic, then major and minor version as little-endian u16, padded) and records. A record is a
// header, a message, padding, data, padding. All of the header is little-endian:
//
//	 0  u32  recordMagic
//	 4  u32  bytes of the message
//	 8  u64  bytes of data, whether they have been written yet or not
//	16  u32  CRC-32C of what is before it and of the message
//	20  u32  1 when there is data and all of it was written, else 0; this is all that ever changes in a record
const (
	recordMagic   = "XREC"
	headerBytes   = 24
	completeAt    = 20
	preambleBytes = Align
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func preamble() []byte {
	b := make([]byte, preambleBytes)
	copy(b, Magic)
	binary.LittleEndian.PutUint16(b[len(Magic):], Major)
	binary.LittleEndian.PutUint16(b[len(Magic)+2:], Minor)
	return b
}

// checkPreamble checks that a file is a snapshot that this package can read.
func checkPreamble(file []byte) error {
	switch {
	case len(file) == 0:
		return fmt.Errorf("%w: it is empty (its writer ended before it wrote anything)", ErrNotSnapshot)
	case len(file) >= len(trace.Magic) && string(file[:len(trace.Magic)]) == trace.Magic:
		return fmt.Errorf("%w but a trace (look at it with `edgexray ops`)", ErrNotSnapshot)
	case len(file) < preambleBytes || string(file[:len(Magic)]) != Magic:
		return fmt.Errorf("%w (expected a file written by `edgexray snapshot`)", ErrNotSnapshot)
	}
	if major := binary.LittleEndian.Uint16(file[len(Magic):]); major != Major {
		return fmt.Errorf("%w: it has format version %d, this edgexray reads version %d (update edgexray)", ErrVersion, major, Major)
	}
	return nil
}

// padding is how many bytes follow n others up to the next multiple of Align.
func padding(n uint64) uint64 { return -n % Align }

// appendRecord appends a record's header and message to b, which is empty, with padding.
func appendRecord(b []byte, r *Record, data uint64, complete bool) ([]byte, error) {
	b = append(b, make([]byte, headerBytes)...)
	b, err := proto.MarshalOptions{}.MarshalAppend(b, r)
	if err != nil {
		return b, fmt.Errorf("encode a record: %w", err)
	}
	message := b[headerBytes:]
	if len(message) > MaxMessage {
		return b, fmt.Errorf("a record of %d bytes, over the limit of %d (shorten its texts)", len(message), MaxMessage)
	}
	copy(b, recordMagic)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(message)))
	binary.LittleEndian.PutUint64(b[8:], data)
	binary.LittleEndian.PutUint32(b[16:], checksum(b, message))
	if complete {
		b[completeAt] = 1
	}
	return append(b, zeros[:padding(uint64(len(b)))]...), nil
}

var zeros [Align]byte

func checksum(header, message []byte) uint32 {
	return crc32.Update(crc32.Checksum(header[:16], castagnoli), castagnoli, message)
}

// record is a record in a file.
type record struct {
	message  []byte
	bytes    uint64 // of data
	complete bool
	data     []byte // as far as the file has it
	size     uint64 // to where the next record begins; beyond the end of the file when data is cut off
}

// errors of nextRecord: why it is none
var (
	errHeaderCut  = errors.New("a record's header is cut off")
	errNoRecord   = errors.New("no record begins there")
	errTooLong    = fmt.Errorf("a record claims a message of more than %d bytes", MaxMessage)
	errMessageCut = errors.New("a record's message is cut off")
	errChecksum   = errors.New("a record's checksum does not match")
)

// nextRecord returns the record with which file begins. It reads nothing of its data.
func nextRecord(file []byte) (record, error) {
	if len(file) < headerBytes {
		return record{}, errHeaderCut
	}
	header := file[:headerBytes]
	length, bytes := uint64(binary.LittleEndian.Uint32(header[4:])), binary.LittleEndian.Uint64(header[8:])
	complete := binary.LittleEndian.Uint32(header[completeAt:])
	switch {
	case string(header[:len(recordMagic)]) != recordMagic || complete > 1:
		return record{}, errNoRecord
	case length > MaxMessage:
		return record{}, errTooLong
	case length > uint64(len(file)-headerBytes):
		return record{}, errMessageCut
	}
	r := record{message: file[headerBytes : headerBytes+length], bytes: bytes, complete: complete == 1}
	if checksum(header, r.message) != binary.LittleEndian.Uint32(header[16:]) {
		return record{}, errChecksum
	}
	at := headerBytes + length + padding(headerBytes+length)
	r.size = at + r.bytes + padding(r.bytes)
	switch left := uint64(len(file)); {
	case at > left:
	case bytes > left-at: // r.size may have overflowed
		r.data = file[at:]
	default:
		r.data = file[at : at+bytes : at+bytes]
	}
	return r, nil
}
