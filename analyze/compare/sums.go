package compare

import (
	"math"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
)

// sums is what one pass over two tensors adds up: a of the edge, b of the reference, d = a-b.
type sums struct {
	n                      int // elements that are finite on both sides
	d, aa, bb              float64
	minA, maxA, minB, maxB float64
	maxDD                  float64 // the largest d²
	maxAt                  int
	channels               int       // 0 for none
	channel                []float64 // Σd² of rows of channels; several rows where there are few channels

	nansA, infsA, nansB, infsB, nonfinite int
}

// minRow is for how many elements a call of a loop pays.
const minRow = 256

func newSums(channels int) *sums {
	each := max(channels, 1)
	return &sums{channels: channels, channel: make([]float64, each*max(minRow/each, 1))}
}

// blocks adds the elements, decoded a block at a time.
func (s *sums) blocks(edge, reference *view) {
	if edge.typ() == tflite.Int16 && edge.sameEncoding(reference) && edge.perTensor() && edge.ZeroPoint == 0 && edge.Scale >= 0 {
		addRows(s, snapshot.Cast[int16](edge.data), snapshot.Cast[int16](reference.data), 0)
		if edge.quantized() {
			s.scale(edge.Scale)
		}
		return
	}
	eachBlock(edge, reference,
		func(a, b []float32, from int) { addRows(s, a, b, from) },
		func(a, b []float64, from int) { addRows(s, a, b, from) })
}

// eachBlock calls singles with all elements of two FLOAT32 tensors, as they lie in memory, and doubles with blocks of any
// others, dequantised, from one with index from on.
func eachBlock(edge, reference *view, singles func(a, b []float32, from int), doubles func(a, b []float64, from int)) {
	if edge.typ() == tflite.Float32 && reference.typ() == tflite.Float32 {
		singles(snapshot.Cast[float32](edge.data), snapshot.Cast[float32](reference.data), 0)
		return
	}
	var a, b [blockElements]float64
	for from := 0; from < edge.real.Len; from += blockElements {
		doubles(edge.real.Read(a[:], from), reference.real.Read(b[:], from), from)
	}
}

// addRows adds elements from index from on, row by row of the channels.
func addRows[T float32 | float64 | int16](s *sums, a, b []T, from int) {
	for c := from % len(s.channel); len(a) > 0; c = 0 {
		n := min(len(a), len(s.channel)-c)
		addRow(s, a[:n], b[:n], s.channel[c:c+n], from)
		a, b, from = a[n:], b[n:], from+n
	}
}

// addRow adds elements of consecutive channels. Its loop is what limits the speed of comparing floats: sums stay in
// registers, and one test, that for the largest difference, also finds all that isn't finite.
func addRow[T float32 | float64 | int16](s *sums, a, b []T, channel []float64, from int) {
	b, channel = b[:len(a)], channel[:len(a)]
	if s.n == 0 {
		seed(s, a, b)
	}
	s.n += len(a)
	sum, aa, bb, maxDD := s.d, s.aa, s.bb, s.maxDD
	minA, maxA, minB, maxB := T(s.minA), T(s.maxA), T(s.minB), T(s.maxB)
	for i, x := range a {
		y := b[i]
		fx, fy := float64(x), float64(y)
		d := fx - fy
		dd := d * d
		if !(dd <= maxDD) {
			if dd-dd != 0 { // NaN, or infinite
				s.addNonfinite(fx, fy)
				continue
			}
			maxDD, s.maxAt = dd, from+i
		}
		channel[i] += dd
		sum += d
		aa += fx * fx
		bb += fy * fy
		if x < minA {
			minA = x
		} else if x > maxA {
			maxA = x
		}
		if y < minB {
			minB = y
		} else if y > maxB {
			maxB = y
		}
	}
	s.d, s.aa, s.bb, s.maxDD = sum, aa, bb, maxDD
	s.minA, s.maxA, s.minB, s.maxB = float64(minA), float64(maxA), float64(minB), float64(maxB)
}

// scale turns sums of quantization steps into such of what they stand for.
func (s *sums) scale(by float64) {
	s.d *= by
	for _, linear := range []*float64{&s.minA, &s.maxA, &s.minB, &s.maxB} {
		*linear *= by
	}
	for _, square := range []*float64{&s.aa, &s.bb, &s.maxDD} {
		*square *= by * by
	}
	for c := range s.channel {
		s.channel[c] *= by * by
	}
}

// seed sets minima and maxima to the first elements that are finite on both sides, so that one comparison an element will do.
func seed[T float32 | float64 | int16](s *sums, a, b []T) {
	for i, x := range a {
		if x-x == 0 && b[i]-b[i] == 0 {
			s.minA, s.maxA, s.minB, s.maxB = float64(x), float64(x), float64(b[i]), float64(b[i])
			return
		}
	}
}

func (s *sums) addNonfinite(x, y float64) {
	s.n--
	countNonfinite(x, &s.nansA, &s.infsA)
	countNonfinite(y, &s.nansB, &s.infsB)
	if x != y && !(math.IsNaN(x) && math.IsNaN(y)) {
		s.nonfinite++
	}
}

// finish turns the sums into metrics.
func (s *sums) finish(m *Metrics) {
	m.EdgeNaNs, m.EdgeInfs, m.ReferenceNaNs, m.ReferenceInfs, m.NonfiniteDiffers = s.nansA, s.infsA, s.nansB, s.infsB, s.nonfinite
	if s.n == 0 {
		return
	}
	channel := make([]float64, max(s.channels, 1))
	worst, dd := 0, 0.0
	for i, of := range s.channel {
		channel[i%len(channel)] += of
		dd += of
	}
	for c, of := range channel {
		if of > channel[worst] {
			worst = c
		}
	}
	n := float64(s.n)
	extent := max(s.maxA-s.minA, s.maxB-s.minB)
	if extent == 0 {
		extent = max(math.Abs(s.maxA), math.Abs(s.maxB))
	}
	m.RMSE = finite(math.Sqrt(dd / n))
	m.MeanError = finite(s.d / n)
	m.MaxAbs, m.MaxAbsAt = finite(math.Sqrt(s.maxDD)), s.maxAt
	if extent > 0 {
		m.NRMSE = finite(m.RMSE / extent)
	}
	if dd > 0 && s.bb > 0 {
		sqnr := finite(10 * math.Log10(s.bb/dd))
		m.SQNR = &sqnr
	}
	switch {
	case s.aa == 0 && s.bb == 0:
		m.Cosine = 1
	case s.aa == 0 || s.bb == 0:
		m.Cosine = 0
	default: // Σab from (a-b)² = a² - 2ab + b²
		m.Cosine = finite(max(-1, min(1, (s.aa+s.bb-dd)/2/math.Sqrt(s.aa)/math.Sqrt(s.bb))))
	}
	if s.channels > 0 && extent > 0 {
		rows := max(n/float64(s.channels), 1)
		m.WorstChannel = &Channel{worst, finite(math.Sqrt(channel[worst]/rows) / extent)}
	}
}

// rms is that of the reference.
func (s *sums) rms() float64 { return math.Sqrt(s.bb / float64(max(s.n, 1))) }
