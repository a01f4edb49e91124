package snapshot

import (
	"math"

	"github.com/edgexray/edgexray/trace"
)

// quantization is affine: real = scale * (stored - zero point). Either all elements have the same, or each channel its own.
// Source: https://ai.google.dev/edge/litert/conversion/tensorflow/quantization/quantization_spec
type quantization struct {
	scales, zeros []float64
	stride        int // elements from one channel to the next
}

// quantizationOf returns a tensor's quantization, nil when it has none or it doesn't fit its shape.
func quantizationOf(t *trace.Tensor) *quantization {
	if t.GetScale() == 0 {
		return nil
	}
	if t.Channels <= 1 {
		return &quantization{scales: []float64{t.Scale}, zeros: []float64{float64(t.ZeroPoint)}, stride: 1}
	}
	axis := int(t.QuantizedDimension)
	if axis < 0 || axis >= len(t.Shape) || int64(len(t.Scales)) != int64(t.Shape[axis]) || len(t.ZeroPoints) > len(t.Scales) {
		return nil
	}
	q := &quantization{scales: make([]float64, len(t.Scales)), zeros: make([]float64, len(t.Scales)), stride: 1}
	for i, s := range t.Scales {
		q.scales[i] = float64(s)
	}
	for i := range q.zeros {
		switch {
		case i < len(t.ZeroPoints):
			q.zeros[i] = float64(t.ZeroPoints[i])
		case len(t.ZeroPoints) <= 1: // one for all
			q.zeros[i] = float64(t.ZeroPoint)
		}
	}
	for _, d := range t.Shape[axis+1:] {
		q.stride *= int(d)
	}
	return q
}

// apply dequantises elements from the one with index first on.
func (q *quantization) apply(values []float64, first int) {
	if len(q.scales) == 1 {
		scale, zero := q.scales[0], q.zeros[0]
		for i, v := range values {
			values[i] = scale * (v - zero)
		}
		return
	}
	for i, v := range values {
		channel := (first + i) / q.stride % len(q.scales)
		values[i] = q.scales[channel] * (v - q.zeros[channel])
	}
}

// Dequantized returns the real numbers that integers stand for. It returns false for what isn't quantized, or in a way
// that isn't known.
func (v Values) Dequantized() (Values, bool) {
	if v.kind == nil || v.kind.float {
		return v, false
	}
	v.dequantized = quantizationOf(v.tensor)
	return v, v.dequantized != nil
}

// Dequantized returns the statistics, without a histogram, of the real numbers that a tensor's elements stand for. It
// returns nil for a tensor that isn't quantized, or for each channel in another way: that takes its elements.
func (s *Statistics) Dequantized(t *trace.Tensor) *Statistics {
	q := quantizationOf(t)
	if q == nil || len(q.scales) != 1 || kindOf(t) == nil || kindOf(t).float {
		return nil
	}
	ends := []float64{s.GetMin(), s.GetMax(), s.GetMean()}
	q.apply(ends, 0)
	scale, zero := q.scales[0], q.zeros[0]
	// The mean of (v-zero)^2, from the means of v^2 and of v.
	square := s.GetRms()*s.GetRms() - 2*zero*s.GetMean() + zero*zero
	return &Statistics{
		Elements: s.GetElements(),
		Min:      min(ends[0], ends[1]),
		Max:      max(ends[0], ends[1]),
		Mean:     ends[2],
		Rms:      math.Abs(scale) * math.Sqrt(max(0, square)),
	}
}
