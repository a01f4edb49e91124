package tflite

import (
	"fmt"
	"math"
)

// integer is how a type stores integers, several to a byte from its lowest bits on when they are small, and their range.
type integer struct {
	min, max float64
	get      func(data []byte, i int64) float64
	put      func(data []byte, i int64, v float64) // nil where no op's output has the type
}

// integers are the types that quantized tensors have.
var integers = map[Type]integer{
	Int2: {-2, 1, func(d []byte, i int64) float64 { return float64(int8(d[i/4]<<(6-2*(i%4))) >> 6) }, nil},
	Int4: {-8, 7, func(d []byte, i int64) float64 { return float64(int8(d[i/2]<<(4-4*(i%2))) >> 4) }, nil},
	Int8: {math.MinInt8, math.MaxInt8,
		func(d []byte, i int64) float64 { return float64(int8(d[i])) },
		func(d []byte, i int64, v float64) { d[i] = byte(int8(v)) }},
	UInt8: {0, math.MaxUint8,
		func(d []byte, i int64) float64 { return float64(d[i]) },
		func(d []byte, i int64, v float64) { d[i] = byte(v) }},
	Int16: {math.MinInt16, math.MaxInt16,
		func(d []byte, i int64) float64 { return float64(int16(le.Uint16(d[2*i:]))) },
		func(d []byte, i int64, v float64) { le.PutUint16(d[2*i:], uint16(int16(v))) }},
	Int32: {math.MinInt32, math.MaxInt32,
		func(d []byte, i int64) float64 { return float64(int32(le.Uint32(d[4*i:]))) },
		func(d []byte, i int64, v float64) { le.PutUint32(d[4*i:], uint32(int32(v))) }},
	Int64: {math.MinInt64, math.MaxInt64, func(d []byte, i int64) float64 { return float64(int64(le.Uint64(d[8*i:]))) }, nil},
}

// Quantized tells whether the tensor holds integers that stand for real values.
func (t *Tensor) Quantized() bool {
	_, ok := integers[t.Type]
	return ok && t.Quantization.Kind != NotQuantized
}

// Size returns the number of elements of a tensor of some type and shape, and how many bytes they take. It reports false
// when that isn't fixed or is beyond any machine.
func Size(t Type, shape []int32) (elements, bytes int64, ok bool) {
	elements = 1
	for _, n := range shape {
		if n < 0 {
			return 0, 0, false
		}
		if elements *= int64(n); elements > 1<<40 {
			return 0, 0, false
		}
	}
	bits := int64(t.Bits())
	return elements, (elements*bits + 7) / 8, bits > 0
}

// Real returns the real values of data, the elements of a tensor of a type and shape: scale * (value - zero point).
// Source: tflite/kernels/internal/reference/dequantize.h.
func (q Quantization) Real(t Type, shape []int32, data []byte) ([]float32, error) {
	stored, ok := integers[t]
	if !ok || q.Kind != Affine {
		return nil, fmt.Errorf("%v with quantization %v has no real values that are known here", t, q.Kind)
	}
	n, size, ok := Size(t, shape)
	if !ok || size != int64(len(data)) {
		return nil, fmt.Errorf("%d bytes aren't the data of %v%v (sparse, or damaged)", len(data), t, shape)
	}
	inner, err := q.inner(shape)
	if err != nil {
		return nil, err
	}
	values := make([]float32, n)
	for i := range n {
		scale, zero := q.channel(i / inner)
		values[i] = float32(scale * (stored.get(data, i) - zero))
	}
	return values, nil
}

// Integers returns the data of a tensor of a type that stands for real values: each divided by the scale, rounded, halves
// away from zero, plus the zero point, and saturated.
// Source: tflite/kernels/internal/reference/quantize.h.
func (q Quantization) Integers(t Type, values []float32) ([]byte, error) {
	stored := integers[t]
	if stored.put == nil || q.Kind != Affine || len(q.Scale) != 1 {
		return nil, fmt.Errorf("real values can't be made %v with quantization %v of %d scales", t, q.Kind, len(q.Scale))
	}
	scale, zero := q.channel(0)
	_, size, _ := Size(t, []int32{int32(len(values))})
	data := make([]byte, size)
	for i, v := range values {
		quantized := math.Round(float64(v)/scale) + zero
		if math.IsNaN(quantized) {
			quantized = zero
		}
		stored.put(data, int64(i), min(max(quantized, stored.min), stored.max))
	}
	return data, nil
}

// inner returns how many elements follow each other with the same scale.
func (q Quantization) inner(shape []int32) (int64, error) {
	if len(q.Scale) == 1 {
		return math.MaxInt64, nil
	}
	if q.Dimension < 0 || int(q.Dimension) >= len(shape) || int(shape[q.Dimension]) != len(q.Scale) {
		return 0, fmt.Errorf("%d scales along dimension %d don't fit shape %v (a damaged file)", len(q.Scale), q.Dimension, shape)
	}
	inner, _, _ := Size(Int8, shape[q.Dimension+1:])
	return max(inner, 1), nil
}

// channel returns the scale and the zero point of a run of elements.
func (q Quantization) channel(run int64) (scale, zero float64) {
	c := int(run % int64(len(q.Scale)))
	if c < len(q.ZeroPoint) {
		zero = float64(q.ZeroPoint[c])
	} else if len(q.ZeroPoint) == 1 {
		zero = float64(q.ZeroPoint[0])
	}
	return float64(q.Scale[c]), zero
}
