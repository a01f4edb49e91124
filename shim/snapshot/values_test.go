package snapshot

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// encoded returns elements as they are in a file.
func encoded(t testing.TB, elements any) []byte {
	t.Helper()
	b, err := binary.Append(nil, binary.LittleEndian, elements)
	must(t, err)
	return b
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		element tflite.Type
		data    []byte
		want    []float64
	}{
		{tflite.Float32, encoded(t, []float32{1.5, -2, float32(math.Inf(1))}), []float64{1.5, -2, math.Inf(1)}},
		{tflite.Float64, encoded(t, []float64{1e300, -0.1}), []float64{1e300, -0.1}},
		{tflite.Float16, encoded(t, []uint16{0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00}), []float64{1, -2, 0x1p-24, 65504, math.Inf(-1)}},
		{tflite.BFloat16, encoded(t, []uint16{0x3f80, 0xc000, 0x7f80}), []float64{1, -2, math.Inf(1)}},
		{tflite.Int8, encoded(t, []int8{-128, 127}), []float64{-128, 127}},
		{tflite.UInt8, []byte{0, 255}, []float64{0, 255}},
		{tflite.Bool, []byte{0, 1}, []float64{0, 1}},
		{tflite.Int16, encoded(t, []int16{-32768, 32767}), []float64{-32768, 32767}},
		{tflite.UInt16, encoded(t, []uint16{65535}), []float64{65535}},
		{tflite.Int32, encoded(t, []int32{-1 << 31, 7}), []float64{-1 << 31, 7}},
		{tflite.UInt32, encoded(t, []uint32{1<<32 - 1}), []float64{1<<32 - 1}},
		{tflite.Int64, encoded(t, []int64{-1 << 62}), []float64{-1 << 62}},
		{tflite.UInt64, encoded(t, []uint64{1 << 63}), []float64{1 << 63}},
		{tflite.Int4, []byte{0x81, 0x0f, 0x07}, []float64{1, -8, -1, 0, 7}},
	} {
		t.Run(c.element.String(), func(t *testing.T) {
			v, err := NewValues(&trace.Tensor{Type: int32(c.element), Shape: []int32{int32(len(c.want)), 1}}, c.data)
			must(t, err)
			room := make([]float64, len(c.want)+3)
			if diff := cmp.Diff(c.want, v.Read(room, 0)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.want[1:], v.Read(room, 1), cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if got := v.Read(room, len(c.want)+1); len(got) != 0 {
				t.Errorf("beyond the end: %v", got)
			}
			off := append(make([]byte, 1, 1+len(c.data)), c.data...)[1:] // not aligned
			v.data = off
			if diff := cmp.Diff(c.want, v.Read(room, 0)); diff != "" {
				t.Errorf("not aligned: %s", diff)
			}
		})
	}
}

// Every half there is, from its definition: IEEE 754-2019, 3.4.
func TestHalf(t *testing.T) {
	for i := range 1 << 16 {
		sign, exponent, fraction := float64(1-2*(i>>15)), i>>10&31, float64(i&1023)
		var want float64
		switch {
		case exponent == 31 && fraction != 0:
			want = math.NaN()
		case exponent == 31:
			want = math.Inf(int(sign))
		case exponent == 0:
			want = sign * math.Ldexp(fraction/1024, -14)
		default:
			want = sign * math.Ldexp(1+fraction/1024, exponent-15)
		}
		if got := half(uint16(i)); got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != math.Signbit(want) && got == got {
			t.Errorf("%#x: %v, want %v", i, got, want)
		}
	}
}

func TestValuesRefused(t *testing.T) {
	for _, c := range []struct {
		element tflite.Type
		shape   []int32
		bytes   int
	}{
		{tflite.String, []int32{1}, 8},
		{-1, nil, 0},
		{1000, nil, 0},
		{tflite.Float32, []int32{2}, 7},
		{tflite.Float32, []int32{-2}, 8},
		{tflite.Float32, nil, 0}, // a scalar has 4 bytes
		{tflite.UInt8, []int32{1 << 30, 1 << 30, 16}, 0},
		{tflite.Int4, []int32{1<<31 - 1, 3, 715827883}, 0}, // 2^62-1 elements: bits and their rounding overflow
		{tflite.Int4, []int32{3}, 1},
	} {
		if _, err := NewValues(&trace.Tensor{Type: int32(c.element), Shape: c.shape}, make([]byte, c.bytes)); err == nil {
			t.Errorf("%v: no error", c)
		}
	}
	empty, err := NewValues(&trace.Tensor{Type: int32(tflite.Float32), Shape: []int32{0, 5}}, nil)
	must(t, err)
	if s := Summarize(empty); s.Elements != 0 || s.HistogramElements != 0 || s.Min != 0 {
		t.Errorf("of no elements: %v", s)
	}
}

// histogram returns one with some buckets filled.
func histogram(buckets map[int]uint32) []uint32 {
	h := make([]uint32, Buckets)
	for i, n := range buckets {
		h[i] = n
	}
	return h
}

func TestSummarize(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	all := make([]int8, 10_000)
	for i := range all {
		all[i] = int8(i % 3 * 100) // of every third the same one
	}
	for _, c := range []struct {
		name     string
		element  tflite.Type
		elements any
		want     *Statistics
	}{
		{"float", tflite.Float32, []float32{3, -4, 0, nan, inf, -inf, 0x1p-30, 0x1p20}, &Statistics{
			Elements: 8, Nans: 1, Infs: 2, Min: -4, Max: 0x1p20, Mean: (0x1p20 - 1 + 0x1p-30) / 5, Rms: math.Sqrt((0x1p40 + 25) / 5),
			Histogram:         histogram(map[int]uint32{32: 2, 32 + 17: 1, 31 - 18: 1, 63: 1}),
			HistogramElements: 5, HistogramExponent: -16}},
		{"int32", tflite.Int32, []int32{0, 1, 2, 3, -1, -4, math.MinInt32}, &Statistics{
			Elements: 7, Min: math.MinInt32, Max: 3, Mean: (1 - 1<<31) / 7., Rms: math.Sqrt((1<<62 + 31) / 7.),
			Histogram:         histogram(map[int]uint32{32: 2, 33: 2, 31: 1, 29: 1, 0: 1}),
			HistogramElements: 7}},
		{"uint8", tflite.UInt8, []uint8{0, 3, 4, 255}, &Statistics{
			Elements: 4, Max: 255, Mean: 65.5, Rms: math.Sqrt(65050 / 4.),
			Histogram: histogram(map[int]uint32{0: 2, 1: 1, 63: 1}), HistogramElements: 4, HistogramWidth: 4}},
		{"bool", tflite.Bool, []uint8{0, 1, 1, 255}, &Statistics{ // 255 is no bool, but may be there
			Elements: 4, Max: 255, Mean: 257 / 4., Rms: math.Sqrt(65027 / 4.),
			Histogram: histogram(map[int]uint32{0: 1, 1: 2, 63: 1}), HistogramElements: 4, HistogramWidth: 1}},
		{"int16", tflite.Int16, []int16{-32768, 32767, 0}, &Statistics{
			Elements: 3, Min: -32768, Max: 32767, Mean: -1 / 3., Rms: math.Sqrt((1<<30 + 32767*32767) / 3.),
			Histogram: histogram(map[int]uint32{0: 1, 63: 1, 32: 1}), HistogramElements: 3, HistogramLow: -32768, HistogramWidth: 1024}},
		{"every third of 10 000", tflite.Int8, all, &Statistics{
			Elements: 10_000, Min: -56, Max: 100, Mean: (3333*100 - 3333*56) / 1e4, Rms: math.Sqrt((3333*10_000 + 3333*3136) / 1e4),
			Histogram: histogram(map[int]uint32{32: 3334}), HistogramElements: 3334, HistogramLow: -128, HistogramWidth: 4}},
		{"only NaN", tflite.Float32, []float32{nan}, &Statistics{
			Elements: 1, Nans: 1, Histogram: histogram(nil), HistogramExponent: -16}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := NewValues(&trace.Tensor{Type: int32(c.element), Shape: []int32{int32(c.want.Elements)}}, encoded(t, c.elements))
			must(t, err)
			if diff := cmp.Diff(c.want, Summarize(v), protocmp.Transform(), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDequantized(t *testing.T) {
	whole := &trace.Tensor{Type: int32(tflite.Int8), Shape: []int32{2, 2}, Scale: 0.5, ZeroPoint: -10}
	channels := &trace.Tensor{Type: int32(tflite.Int8), Shape: []int32{2, 3, 2}, Scale: 0.5, Channels: 3, QuantizedDimension: 1,
		Scales: []float32{0.5, 1, 2}, ZeroPoints: []int64{0, 1, 2}}
	for _, c := range []struct {
		tensor *trace.Tensor
		data   []int8
		want   []float64
	}{
		{whole, []int8{-128, -10, 0, 127}, []float64{-59, 0, 5, 68.5}},
		{channels, []int8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, []float64{.5, 1, 2, 3, 6, 8, 3.5, 4, 8, 9, 18, 20}},
	} {
		stored, err := NewValues(c.tensor, encoded(t, c.data))
		must(t, err)
		real, ok := stored.Dequantized()
		if !ok {
			t.Fatal("not quantized")
		}
		if diff := cmp.Diff(c.want, real.Read(make([]float64, 100), 0)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(c.want[3:4], real.Read(make([]float64, 1), 3)); diff != "" {
			t.Error(diff)
		}
		if c.tensor.Channels > 1 {
			if Summarize(stored).Dequantized(c.tensor) != nil {
				t.Error("statistics of channels were dequantised")
			}
			continue
		}
		if diff := cmp.Diff(moments(real), Summarize(stored).Dequantized(c.tensor), protocmp.Transform(), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Error(diff)
		}
	}
	for _, hostile := range []*trace.Tensor{
		{Type: int32(tflite.Int8), Shape: []int32{4}},
		{Type: int32(tflite.Int8), Shape: []int32{4}, Scale: 1, Channels: 4},
		{Type: int32(tflite.Int8), Shape: []int32{4}, Scale: 1, Channels: 4, Scales: make([]float32, 4), QuantizedDimension: 1},
		{Type: int32(tflite.Int8), Shape: []int32{4}, Scale: 1, Channels: 4, Scales: make([]float32, 4), QuantizedDimension: -1},
	} {
		v, err := NewValues(hostile, make([]byte, 4))
		must(t, err)
		if _, ok := v.Dequantized(); ok {
			t.Errorf("%v was dequantised", hostile)
		}
	}
}

func BenchmarkSummarize(b *testing.B) {
	for _, element := range []tflite.Type{tflite.Float32, tflite.Float16, tflite.Int8, tflite.Int4} {
		b.Run(element.String(), func(b *testing.B) {
			const bytes = 1 << 22
			v, err := NewValues(&trace.Tensor{Type: int32(element), Shape: []int32{int32(bytes * 8 / element.Bits())}}, sequence(bytes))
			must(b, err)
			b.SetBytes(bytes)
			for b.Loop() {
				Summarize(v)
			}
		})
	}
}
