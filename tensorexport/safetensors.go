package tensorexport

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/edgexray/edgexray/shim/snapshot"
)

// maxHeader is how long a header the format's own library reads, in bytes.
// Source: https://github.com/huggingface/safetensors, MAX_HEADER_SIZE.
const maxHeader = 100_000_000

// Safetensors writes the data of a snapshot's captures in the safetensors format: a header's length as little-endian
// u64, the header (a JSON object, padded with spaces), and the tensors' bytes without gaps. "__metadata__" has for each
// tensor's name what it is, as JSON in a string: the format has texts there only.
func Safetensors(w io.Writer, f *snapshot.File, invoke uint64) error {
	var length counter
	if err := writeHeader(&length, f, invoke); err != nil {
		return err
	}
	padded := (length + 7) / 8 * 8
	if padded > maxHeader {
		return fmt.Errorf("write safetensors: the header would have %d bytes, and readers take %d (export less with --invoke, or as npz)", padded, maxHeader)
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(padded)); err != nil {
		return err
	}
	if err := writeHeader(w, f, invoke); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%*s", int(padded-length), ""); err != nil {
		return err
	}
	for a := range arrays(f, invoke) {
		if err := a.writeData(w); err != nil {
			return fmt.Errorf("write tensor %s: %w", a.key, err)
		}
	}
	return nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// writeHeader writes the JSON object, the same each time.
func writeHeader(to io.Writer, f *snapshot.File, invoke uint64) error {
	w := bufio.NewWriter(to)
	fmt.Fprint(w, `{"__metadata__":{"writer":"edgexray"`)
	for a := range arrays(f, invoke) {
		about, err := a.about.json()
		if err != nil {
			return err
		}
		text, err := json.Marshal(string(about))
		if err != nil {
			return err
		}
		fmt.Fprintf(w, ",%q:%s", a.key, text)
	}
	fmt.Fprint(w, "}")
	var offset uint64
	for a := range arrays(f, invoke) {
		shape, err := json.Marshal(a.shape)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, `,%q:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, a.key, a.element.safetensors, shape, offset, offset+a.bytes)
		offset += a.bytes
	}
	fmt.Fprint(w, "}")
	return w.Flush()
}
