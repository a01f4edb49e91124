package snapshot

import (
	"math"

	"github.com/edgexray/edgexray/tflite"
)

// Buckets is how many a histogram has.
const Buckets = 64

// sampled is how many elements of a large tensor are in a histogram, at the most.
const sampled = 4096

// Summarize computes a tensor's statistics as snapshot.proto defines them: min, max, mean and rms of all elements, the
// latter two in double precision, and a histogram of every k-th, k being a 4096th of their number, rounded up. NaNs and
// infinities are in no bucket.
func Summarize(v Values) *Statistics {
	s := moments(v)
	h := kind{exponent: kinds[tflite.Float32].exponent} // of real numbers
	if v.dequantized == nil {
		h = *v.kind
	}
	s.HistogramExponent, s.HistogramLow, s.HistogramWidth = h.exponent, h.low, h.width
	s.Histogram = make([]uint32, Buckets)
	var element [1]float64
	for i, step := 0, max(1, (v.Len+sampled-1)/sampled); i < v.Len; i += step {
		value := v.Read(element[:], i)[0]
		if value-value != 0 { // NaN or an infinity
			continue
		}
		s.Histogram[h.bucket(value)]++
		s.HistogramElements++
	}
	return s
}

// moments computes what there is in statistics beside the histogram.
func moments(v Values) *Statistics {
	s := &Statistics{Elements: uint64(v.Len)}
	var chunk [1024]float64
	var sum, squares float64
	low, high := math.Inf(1), math.Inf(-1)
	for first := 0; first < v.Len; first += len(chunk) {
		for _, x := range v.Read(chunk[:], first) {
			if x-x != 0 { // NaN or an infinity
				if x != x {
					s.Nans++
				} else {
					s.Infs++
				}
				continue
			}
			sum += x
			squares += x * x
			if x < low {
				low = x
			}
			if x > high {
				high = x
			}
		}
	}
	if n := float64(s.Elements - s.Nans - s.Infs); n > 0 {
		s.Min, s.Max, s.Mean, s.Rms = low, high, sum/n, math.Sqrt(squares/n)
	}
	return s
}

// bucket returns the bucket of a finite value.
func (k *kind) bucket(v float64) int {
	if k.width != 0 {
		return int(max(0, min(Buckets-1, math.Floor((v-k.low)/k.width))))
	}
	// The exponent e of 2^e <= |v| < 2^(e+1); zero and subnormal numbers have the least there is.
	e := int32(math.Float64bits(v)>>52&0x7ff) - 1023
	i := int(max(0, min(Buckets/2-1, e-k.exponent)))
	if v < 0 {
		return Buckets/2 - 1 - i
	}
	return Buckets/2 + i
}
