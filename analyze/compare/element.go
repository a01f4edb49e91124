package compare

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/edgexray/edgexray/tflite"
)

// view is a tensor's data and how to read it. Data is little endian, as TFLite stores it on every machine it runs on.
type view struct {
	typ    tflite.Type
	shape  []int32
	data   []byte
	scales []float32 // none when not quantized; one, or one for each index of dimension
	zeros  []int64
	dim    int
}

// element is how one element type is read. ints is for integers and bool, floats for the rest.
type element struct {
	ints     func(into []int64, data []byte, from int)
	floats   func(into []float64, data []byte, from int)
	min, max int64 // of an integer
}

// elements are the types that can be measured. The others are said to be not comparable.
var elements = map[tflite.Type]element{
	tflite.Bool:     {ints: readBool, max: 1},
	tflite.Int4:     {ints: readInt4, min: -8, max: 7},
	tflite.Int8:     {ints: readInt8, min: math.MinInt8, max: math.MaxInt8},
	tflite.UInt8:    {ints: readUint8, max: math.MaxUint8},
	tflite.Int16:    {ints: readInt16, min: math.MinInt16, max: math.MaxInt16},
	tflite.UInt16:   {ints: readUint16, max: math.MaxUint16},
	tflite.Int32:    {ints: readInt32, min: math.MinInt32, max: math.MaxInt32},
	tflite.UInt32:   {ints: readUint32, max: math.MaxUint32},
	tflite.Int64:    {ints: readInt64, min: math.MinInt64, max: math.MaxInt64},
	tflite.Float16:  {floats: readFloat16},
	tflite.BFloat16: {floats: readBFloat16},
	tflite.Float32:  {floats: readFloat32},
	tflite.Float64:  {floats: readFloat64},
}

// check returns how many elements v has, or why it can't be measured.
func (v *view) check() (int, error) {
	if _, ok := elements[v.typ]; !ok {
		return 0, fmt.Errorf("elements of type %v can't be measured", v.typ)
	}
	n := int64(1)
	for _, d := range v.shape {
		if d < 0 || (d > 0 && n > math.MaxInt32*64/int64(d)) {
			return 0, fmt.Errorf("its shape %v can't be", v.shape)
		}
		n *= int64(d)
	}
	if bytes := (n*int64(v.typ.Bits()) + 7) / 8; bytes != int64(len(v.data)) {
		return 0, fmt.Errorf("%d bytes of data, but %v of shape %v takes %d", len(v.data), v.typ, v.shape, bytes)
	}
	return int(n), nil
}

func (v *view) quantized() bool {
	return len(v.scales) > 0 && v.scales[0] != 0 && elements[v.typ].ints != nil
}

// dequantize turns integers that begin at element from into real values: scale * (integer - zero point), with the scale
// and zero point of the channel when there are several.
func (v *view) dequantize(into []float64, ints []int64, from int) {
	switch {
	case !v.quantized():
		for i, q := range ints {
			into[i] = float64(q)
		}
	case len(v.scales) == 1:
		scale, zero := float64(v.scales[0]), v.zero(0)
		for i, q := range ints {
			into[i] = scale * float64(q-zero)
		}
	default:
		inner := 1
		for d := v.dim + 1; d < len(v.shape); d++ {
			inner *= int(v.shape[d])
		}
		for i, q := range ints {
			channel := (from + i) / max(inner, 1) % len(v.scales)
			into[i] = float64(v.scales[channel]) * float64(q-v.zero(channel))
		}
	}
}

func (v *view) zero(channel int) int64 {
	if channel < len(v.zeros) {
		return v.zeros[channel]
	}
	return 0
}

// read reads len(into) elements from element from on as real values; ints is room for as many integers, which hold the
// elements as they are stored when the type is an integer.
func (v *view) read(into []float64, ints []int64, from int) {
	e := elements[v.typ]
	if e.floats != nil {
		e.floats(into, v.data, from)
		return
	}
	ints = ints[:len(into)]
	e.ints(ints, v.data, from)
	v.dequantize(into, ints, from)
}

func readBool(into []int64, data []byte, from int) {
	for i := range into {
		into[i] = 0
		if data[from+i] != 0 {
			into[i] = 1
		}
	}
}

// readInt4 reads two elements a byte, the first one in the lower half.
// Source: UnpackPackedIntToInt8 in tflite/kernels/internal/portable_tensor_utils.cc.
func readInt4(into []int64, data []byte, from int) {
	for i := range into {
		b := data[(from+i)/2] << (4 * (1 - (from+i)%2))
		into[i] = int64(int8(b) >> 4)
	}
}

func readInt8(into []int64, data []byte, from int) {
	for i, b := range data[from : from+len(into)] {
		into[i] = int64(int8(b))
	}
}

func readUint8(into []int64, data []byte, from int) {
	for i, b := range data[from : from+len(into)] {
		into[i] = int64(b)
	}
}

func readInt16(into []int64, data []byte, from int) {
	for i := range into {
		into[i] = int64(int16(binary.LittleEndian.Uint16(data[2*(from+i):])))
	}
}

func readUint16(into []int64, data []byte, from int) {
	for i := range into {
		into[i] = int64(binary.LittleEndian.Uint16(data[2*(from+i):]))
	}
}

func readInt32(into []int64, data []byte, from int) {
	for i := range into {
		into[i] = int64(int32(binary.LittleEndian.Uint32(data[4*(from+i):])))
	}
}

func readUint32(into []int64, data []byte, from int) {
	for i := range into {
		into[i] = int64(binary.LittleEndian.Uint32(data[4*(from+i):]))
	}
}

func readInt64(into []int64, data []byte, from int) {
	for i := range into {
		into[i] = int64(binary.LittleEndian.Uint64(data[8*(from+i):]))
	}
}

// readFloat16 reads IEEE 754 half precision: 5 bits of exponent, biased by 15, and 10 of fraction.
func readFloat16(into []float64, data []byte, from int) {
	for i := range into {
		h := binary.LittleEndian.Uint16(data[2*(from+i):])
		exponent, fraction := int(h>>10&0x1f), float64(h&0x3ff)
		v := math.Ldexp(1024+fraction, exponent-25)
		switch {
		case exponent == 0:
			v = math.Ldexp(fraction, -24)
		case exponent == 31 && fraction == 0:
			v = math.Inf(1)
		case exponent == 31:
			v = math.NaN()
		}
		if h>>15 != 0 {
			v = -v
		}
		into[i] = v
	}
}

// readBFloat16 reads the upper half of a float32.
func readBFloat16(into []float64, data []byte, from int) {
	for i := range into {
		into[i] = float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(data[2*(from+i):])) << 16))
	}
}

func readFloat32(into []float64, data []byte, from int) {
	data = data[4*from : 4*(from+len(into))]
	for i := range into {
		into[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
	}
}

func readFloat64(into []float64, data []byte, from int) {
	for i := range into {
		into[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[8*(from+i):]))
	}
}
