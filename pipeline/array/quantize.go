package array

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/tflite"
)

// quantize makes whole numbers that stand for real ones, saturated. It rounds half away from zero before it adds the zero point,
// as TFLite does (kernels/internal/reference/quantize.h, AffineQuantize); truncating, it cuts off what is behind the point of
// the sum, as apps do that cast it.
type quantize struct {
	scale     float64
	zeroPoint int
	typeName  string
	truncate  bool
}

func makeQuantize(args *step.Arguments) (step.Step, error) {
	q := quantize{args.Number("scale", 0), args.Whole("zero-point", 0, math.MinInt16, math.MaxInt16), args.Text("type", ""), args.Flag("truncate")}
	switch {
	case !(q.scale > 0) || math.IsInf(q.scale, 0):
		return nil, errors.New("scale= takes a number above 0")
	case q.typeName != "int8" && q.typeName != "uint8" && q.typeName != "int16":
		return nil, errors.New("type= takes int8, uint8 or int16")
	}
	return q, nil
}

func (q quantize) Apply(v step.Value) (step.Value, error) {
	a, err := taken(v)
	if err != nil {
		return v, err
	}
	whole, scale, zero := make([]float64, a.Len()), float32(q.scale), float64(q.zeroPoint)
	for i, x := range a.Reals() {
		if q.truncate {
			whole[i] = math.Trunc(float64(float32(x/scale) + float32(zero)))
		} else {
			whole[i] = math.Round(float64(x/scale)) + zero
		}
	}
	out := made(a.Shape, typeNames[q.typeName], whole)
	out.Scale, out.ZeroPoint = q.scale, q.zeroPoint
	v.Array = out
	return v, nil
}

func (q quantize) String() string {
	words := "quantize scale=" + strconv.FormatFloat(q.scale, 'g', -1, 64)
	if q.zeroPoint != 0 {
		words += fmt.Sprintf(" zero-point=%d", q.zeroPoint)
	}
	words += " type=" + q.typeName
	if q.truncate {
		words += " truncate"
	}
	return words
}

// made is an array of a type, of whole numbers. What doesn't fit is saturated; NaN becomes 0.
func made(shape []int, t tflite.Type, whole []float64) *step.Array {
	out := &step.Array{Shape: shape}
	switch t {
	case tflite.UInt8:
		out.Uint8 = saturated[uint8](whole, 0, math.MaxUint8)
	case tflite.Int8:
		out.Int8 = saturated[int8](whole, math.MinInt8, math.MaxInt8)
	case tflite.Int16:
		out.Int16 = saturated[int16](whole, math.MinInt16, math.MaxInt16)
	default:
		out.Int32 = saturated[int32](whole, math.MinInt32, math.MaxInt32)
	}
	return out
}

func saturated[E uint8 | int8 | int16 | int32](whole []float64, low, high float64) []E {
	out := make([]E, len(whole))
	for i, w := range whole {
		if !math.IsNaN(w) {
			out[i] = E(max(low, min(w, high)))
		}
	}
	return out
}
