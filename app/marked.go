package app

import (
	"fmt"
	"math/bits"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// WrongArray says why there can be no array as a marker describes it, of which an app may have written anything; empty when
// there can.
func WrongArray(m *trace.Marker) string {
	size := uint64(tflite.Type(m.Type).Bits() / 8)
	switch {
	case m.Type == trace.Unmarkable:
		return trace.NothingMarkable
	case size == 0:
		return fmt.Sprintf("elements of type %v have no size that an array could be copied by", tflite.Type(m.Type))
	}
	const tooLarge = "it is larger than memory can be"
	bytes := size
	for _, d := range m.Shape {
		if d < 0 {
			return fmt.Sprintf("it has a dimension of %d", d)
		}
		over, product := bits.Mul64(bytes, uint64(d))
		if over != 0 {
			return tooLarge
		}
		bytes = product
	}
	switch {
	case max(bytes, m.Bytes) > mostMemory:
		return tooLarge
	case m.Bytes != bytes && (m.Bytes < bytes || m.Bytes-bytes > roundedUp(m)):
		return fmt.Sprintf("it has %d bytes, which its shape does not take", m.Bytes)
	}
	return ""
}

// mostMemory is how many bytes a program's addresses reach: on x86-64 with five levels of page tables, the most that Linux has. An
// array whose size edgexray.h could not make out has more.
const mostMemory = 1 << 56

// roundedUp is how many bytes more than its shape says an image may have: planes of chroma have half of the luma's width, rounded
// up, which with an odd width is up to a byte for each row.
func roundedUp(m *trace.Marker) uint64 {
	switch m.Format {
	case "nv12", "nv21", "i420":
		if len(m.Shape) == 3 {
			return uint64(m.Shape[0])
		}
	}
	return 0
}
