package compare

import (
	"bytes"
	"math"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

func (v *view) bytewise() bool {
	return (v.typ() == tflite.Int8 || v.typ() == tflite.UInt8) && v.perTensor()
}

// joint adds tensors of bytes by how often each pair of values occurs. All sums follow from that, exactly, so an element
// costs one counter; only sums by channel are added up one by one.
func (s *sums) joint(edge, reference *view, off *Off) {
	var counts [1 << 16]uint32
	valuesA, valuesB := edge.byteValues(), reference.byteValues()
	a, b := edge.data, reference.data
	steps := make([]uint64, len(s.channel)) // as channel, in quantization steps, where these are the same
	for len(a) > 0 {
		n := min(len(a), len(steps))
		switch {
		case off == nil:
			jointRow(&counts, valuesA, valuesB, a[:n], b[:n], s.channel[:n])
		case edge.typ() == tflite.Int8:
			jointSteps[int8](&counts, a[:n], b[:n], steps[:n])
		default:
			jointSteps[uint8](&counts, a[:n], b[:n], steps[:n])
		}
		a, b = a[n:], b[n:]
	}
	scale := valuesA[1] - valuesA[0]
	for i, dd := range steps {
		s.channel[i] += float64(dd) * scale * scale
	}
	s.addCounts(&counts, valuesA, valuesB, edge, reference, off)
}

// addCounts adds pairs of values by how often they occur.
func (s *sums) addCounts(counts *[1 << 16]uint32, valuesA, valuesB *[256]float64, edge, reference *view, off *Off) {
	var worst int
	var ofA, ofB [256]uint32
	s.minA, s.maxA, s.minB, s.maxB = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for pair, count := range counts {
		if count == 0 {
			continue
		}
		x, y := byte(pair>>8), byte(pair)
		ofA[x] += count
		ofB[y] += count
		if dd := s.addPair(valuesA[x], valuesB[y], float64(count)); dd > s.maxDD {
			s.maxDD, worst = dd, pair
		}
		if off != nil {
			off.addPair(edge.typ(), x, y, int(count))
		}
	}
	s.n = len(edge.data)
	if x, y := byte(worst>>8), byte(worst); s.maxDD > 0 && ofA[x] < ofB[y] {
		s.maxAt = firstPair(edge.data, reference.data, x, y)
	} else if s.maxDD > 0 {
		s.maxAt = firstPair(reference.data, edge.data, y, x)
	}
}

// firstPair returns the first index where a has x and b has y; it is fast where x is rare.
func firstPair(a, b []byte, x, y byte) int {
	for from := 0; ; {
		i := bytes.IndexByte(a[from:], x)
		if i < 0 || b[from+i] == y {
			return from + max(i, 0)
		}
		from += i + 1
	}
}

// jointRow and jointSteps are the loops that limit the speed of comparing bytes. Inlined they run out of registers; slices of
// arrays spare them a check of the pointer for each element.
//
//go:noinline
func jointRow(counts *[1 << 16]uint32, valuesA, valuesB *[256]float64, a, b []byte, channel []float64) {
	b, channel = b[:len(a)], channel[:len(a)]
	table, ofA, ofB := counts[:], valuesA[:], valuesB[:]
	for i, x := range a {
		y := b[i]
		table[uint16(x)<<8|uint16(y)]++
		d := ofA[x] - ofB[y]
		channel[i] += d * d
	}
}

//go:noinline
func jointSteps[T int8 | uint8](counts *[1 << 16]uint32, a, b []byte, channel []uint64) {
	b, channel = b[:len(a)], channel[:len(a)]
	table := counts[:]
	for i, x := range a {
		y := b[i]
		table[uint16(x)<<8|uint16(y)]++
		d := int64(T(x)) - int64(T(y))
		channel[i] += uint64(d * d)
	}
}

// addPair adds count elements of the values a and b, and returns (a-b)².
func (s *sums) addPair(a, b, count float64) float64 {
	d := a - b
	s.d += count * d
	s.aa += count * a * a
	s.bb += count * b * b
	s.minA, s.maxA = min(s.minA, a), max(s.maxA, a)
	s.minB, s.maxB = min(s.minB, b), max(s.maxB, b)
	return d * d
}

// byteValues returns what each byte stands for.
func (v *view) byteValues() *[256]float64 {
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	table := &trace.Tensor{Type: v.Type, Shape: []int32{256}, Scale: v.Scale, ZeroPoint: v.ZeroPoint}
	values := new([256]float64)
	if of, err := newView(table, all[:]); err == nil { // it has 256 bytes, and one scale at most
		of.real.Read(values[:], 0)
	}
	return values
}
