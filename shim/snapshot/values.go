package snapshot

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"unsafe"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// Values are the elements of a tensor, in row-major order.
type Values struct {
	Len int

	kind        *kind
	data        []byte
	dequantized *quantization // nil: as they are stored
	tensor      *trace.Tensor
}

// NewValues returns the elements in a tensor's data, to which they refer. The error says why they can't be read: they
// are no numbers, or data and shape don't fit.
func NewValues(t *trace.Tensor, data []byte) (Values, error) {
	element, k := tflite.Type(t.GetType()), kindOf(t)
	if k == nil {
		return Values{}, fmt.Errorf("its type %v isn't one of numbers that edgexray reads", element)
	}
	n, ok := Elements(t.GetShape())
	if high, b := bits.Mul64(n, uint64(element.Bits())); !ok || high != 0 || b/8+(b%8+7)/8 != uint64(len(data)) {
		return Values{}, fmt.Errorf("%d bytes of data don't fit %v %v", len(data), element, t.GetShape())
	}
	return Values{Len: int(n), kind: k, data: data, tensor: t}, nil
}

// Elements returns how many elements a tensor has: 1 for a scalar, whose shape is empty. It returns false for a shape
// with a negative dimension, or for more than 64 bits can count.
func Elements(shape []int32) (uint64, bool) {
	n := uint64(1)
	for _, d := range shape {
		var high uint64
		if high, n = bits.Mul64(n, uint64(d)); d < 0 || high != 0 {
			return 0, false
		}
	}
	return n, true
}

// Read reads elements from the one with index first on into dst, and returns the part of dst that it filled: all of it,
// or what there is. 64-bit integers are rounded to the nearest double.
func (v Values) Read(dst []float64, first int) []float64 {
	dst = dst[:max(0, min(len(dst), v.Len-first))]
	if len(dst) == 0 {
		return dst
	}
	v.kind.read(dst, v.data, first)
	if v.dequantized != nil {
		v.dequantized.apply(dst, first)
	}
	return dst
}

// kind is how a type's elements are read and sorted into a histogram.
type kind struct {
	read     func(dst []float64, data []byte, first int) // fills dst from element first on
	float    bool
	exponent int32 // of the histogram's buckets, without a width
	low      float64
	width    float64
}

// kinds are the types whose elements are numbers that this package reads.
var kinds = [...]kind{
	tflite.Float32:  {read: numbers[float32], float: true, exponent: -16},
	tflite.Float16:  {read: halfs, float: true, exponent: -16},
	tflite.BFloat16: {read: brains, float: true, exponent: -16},
	tflite.Float64:  {read: numbers[float64], float: true, exponent: -16},
	tflite.Int32:    {read: numbers[int32]},
	tflite.UInt32:   {read: numbers[uint32]},
	tflite.Int64:    {read: numbers[int64]},
	tflite.UInt64:   {read: numbers[uint64]},
	tflite.Int16:    {read: numbers[int16], low: -1 << 15, width: 1024},
	tflite.UInt16:   {read: numbers[uint16], width: 1024},
	tflite.Int8:     {read: numbers[int8], low: -128, width: 4},
	tflite.UInt8:    {read: numbers[uint8], width: 4},
	tflite.Bool:     {read: numbers[uint8], width: 1},
	tflite.Int4:     {read: nibbles, low: -8, width: 1},
}

// kindOf returns what a tensor's elements are, nil when they are nothing that this package reads.
func kindOf(t *trace.Tensor) *kind {
	if i := t.GetType(); i > 0 && int(i) < len(kinds) && kinds[i].read != nil {
		return &kinds[i]
	}
	return nil
}

// number is what elements are in memory.
type number interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64 | ~float32 | ~float64
}

// Cast returns data as elements of type T. It refers to data, where that is aligned as T needs it and the processor is
// little-endian, as the file is; else it is a copy. Bytes that make no whole element are left out.
func Cast[T number](data []byte) []T {
	size := int(unsafe.Sizeof(*new(T)))
	n := len(data) / size
	if n == 0 {
		return nil
	}
	if first := unsafe.Pointer(&data[0]); littleEndian && uintptr(first)%uintptr(size) == 0 {
		return unsafe.Slice((*T)(first), n)
	}
	elements := make([]T, n)
	if _, err := binary.Decode(data, binary.LittleEndian, elements); err != nil {
		panic(err) // it has enough bytes
	}
	return elements
}

var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

func numbers[T number](dst []float64, data []byte, first int) {
	size := int(unsafe.Sizeof(*new(T)))
	for i, v := range Cast[T](data[first*size:][:len(dst)*size]) {
		dst[i] = float64(v)
	}
}

// halfs reads IEEE 754 binary16.
func halfs(dst []float64, data []byte, first int) {
	for i, v := range Cast[uint16](data[2*first:][:2*len(dst)]) {
		dst[i] = half(v)
	}
}

// half puts exponent and fraction where a binary32 has them and makes up for its exponent's larger bias, 127 instead of
// 15. That is right for subnormal numbers, too.
func half(v uint16) float64 {
	magnitude := uint32(v&0x7fff) << 13
	f := float64(math.Float32frombits(magnitude)) * 0x1p112
	if v&0x7c00 == 0x7c00 { // infinity or NaN
		f = float64(math.Float32frombits(magnitude | 0x7f800000))
	}
	if v>>15 != 0 {
		return -f
	}
	return f
}

// brains reads bfloat16, the upper half of a binary32.
func brains(dst []float64, data []byte, first int) {
	for i, v := range Cast[uint16](data[2*first:][:2*len(dst)]) {
		dst[i] = float64(math.Float32frombits(uint32(v) << 16))
	}
}

// nibbles reads 4-bit integers in two's complement, two a byte, the lower half first.
// Source: UnpackDenseInt4IntoInt8 in tflite/kernels/internal/portable_tensor_utils.cc.
func nibbles(dst []float64, data []byte, first int) {
	for i := range dst {
		at := first + i
		dst[i] = float64(int8(data[at/2]>>(4*(at%2))<<4) >> 4)
	}
}
