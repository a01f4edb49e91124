package reference

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// described returns a model file's tensor as a snapshot describes one, with the shape that it has at run time.
func described(t *tflite.Tensor, shape []int32) *trace.Tensor {
	d := &trace.Tensor{Name: t.Name, Type: int32(t.Type), Shape: shape}
	if q := t.Quantization; q.Kind == tflite.Affine {
		d.Scale, d.Channels, d.QuantizedDimension = float64(q.Scale[0]), uint32(len(q.Scale)), q.Dimension
		d.Scales, d.ZeroPoints = q.Scale, q.ZeroPoint
		if len(q.ZeroPoint) > 0 {
			d.ZeroPoint = q.ZeroPoint[0]
		}
	}
	return d
}

// real returns the real values that a quantized tensor's data stands for.
func real(t *trace.Tensor, data []byte) ([]float32, error) {
	stored, err := snapshot.NewValues(t, data)
	if err != nil {
		return nil, err
	}
	values, ok := stored.Dequantized()
	if !ok {
		return nil, fmt.Errorf("how its %v are quantized isn't known", tflite.Type(t.Type))
	}
	doubles := values.Read(make([]float64, values.Len), 0)
	floats := make([]float32, len(doubles))
	for i, v := range doubles {
		floats[i] = float32(v)
	}
	return floats, nil
}

// integers are the types that can be made of real values: their limits, and how to append one.
var integers = map[tflite.Type]struct {
	min, max float64
	add      func(data []byte, v float64) []byte
}{
	tflite.Int8:  {math.MinInt8, math.MaxInt8, func(data []byte, v float64) []byte { return append(data, byte(int8(v))) }},
	tflite.UInt8: {0, math.MaxUint8, func(data []byte, v float64) []byte { return append(data, byte(v)) }},
	tflite.Int16: {math.MinInt16, math.MaxInt16, func(data []byte, v float64) []byte {
		return binary.LittleEndian.AppendUint16(data, uint16(int16(v)))
	}},
	tflite.Int32: {math.MinInt32, math.MaxInt32, func(data []byte, v float64) []byte {
		return binary.LittleEndian.AppendUint32(data, uint32(int32(v)))
	}},
}

// quantize returns the data of a tensor that stands for real values: each divided by the scale, rounded, halves away from
// zero, plus the zero point, within the type's limits.
// Source: AffineQuantize in tflite/kernels/internal/reference/quantize.h.
func quantize(t *trace.Tensor, values []float32) ([]byte, error) {
	element := tflite.Type(t.Type)
	integer, ok := integers[element]
	if !ok || t.Scale == 0 || t.Channels > 1 {
		return nil, fmt.Errorf("no %v with %d scales are made of real values", element, t.Channels)
	}
	data := make([]byte, 0, len(values)*element.Bits()/8)
	for _, v := range values {
		q := math.Round(float64(v)/t.Scale) + float64(t.ZeroPoint)
		if math.IsNaN(q) {
			q = float64(t.ZeroPoint)
		}
		data = integer.add(data, min(max(q, integer.min), integer.max))
	}
	return data, nil
}

func floatBytes(values []float32) []byte {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}
