package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A file is a preamble (magic, then major and minor version as little-endian u16) and frames. A frame is a head
// (payload length and the payload's CRC-32C, little-endian u32 each) and a payload: one zstd frame that holds a Block.
const (
	preambleBytes = len(Magic) + 4
	headBytes     = 8
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func preamble() []byte {
	b := append(make([]byte, 0, preambleBytes), Magic...)
	b = binary.LittleEndian.AppendUint16(b, Major)
	return binary.LittleEndian.AppendUint16(b, Minor)
}

// readPreamble checks that r holds a trace that this package can read.
func readPreamble(r io.Reader) error {
	var b [preambleBytes]byte
	n, err := io.ReadFull(r, b[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read trace: %w", err)
	}
	if n < len(b) || string(b[:len(Magic)]) != Magic {
		return fmt.Errorf("read trace: %w (expected a file written by `edgexray record`)", ErrNotTrace)
	}
	if major := binary.LittleEndian.Uint16(b[len(Magic):]); major != Major {
		return fmt.Errorf("read trace: %w: it has format version %d, this edgexray reads version %d (update edgexray)", ErrVersion, major, Major)
	}
	return nil
}

// sealHead fills in the head of a frame whose payload follows it.
func sealHead(frame []byte) {
	payload := frame[headBytes:]
	binary.LittleEndian.PutUint32(frame, uint32(len(payload)))
	binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(payload, castagnoli))
}

var (
	errCut      = errors.New("the last block is cut off")
	errLength   = fmt.Errorf("a block claims more than %d bytes", MaxBlock)
	errChecksum = errors.New("a block's checksum does not match")
)

// readPayload returns the next frame's payload in buf, grown when needed. It returns io.EOF at the end of the file,
// and a damageError when what follows isn't a whole frame.
func readPayload(r io.Reader, buf []byte) ([]byte, error) {
	var head [headBytes]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return buf, cutOr(err)
	}
	length := binary.LittleEndian.Uint32(head[:])
	if length > MaxBlock {
		return buf, damageError{errLength}
	}
	if uint32(cap(buf)) < length {
		buf = make([]byte, length)
	}
	buf = buf[:length]
	if _, err := io.ReadFull(r, buf); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // not even one byte of the payload
		}
		return buf, cutOr(err)
	}
	if crc32.Checksum(buf, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return buf, damageError{errChecksum}
	}
	return buf, nil
}

// damageError says why bytes of the file can't be used, as opposed to why they could not be read.
type damageError struct{ error }

func (e damageError) Unwrap() error { return e.error }

func cutOr(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return damageError{errCut}
	}
	return err
}
