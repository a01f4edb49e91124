package audio

import "math"

// fixedComplex is a complex number of 16 bits each.
type fixedComplex struct{ re, im int16 }

// fixedFFT is KISS FFT's real transform in 16-bit fixed point, for lengths that are powers of two: each stage divides by its
// radix, 4 as often as that goes, then 2. Its sums wrap around as there.
type fixedFFT struct {
	half     int // of the length
	twiddles []fixedComplex
	split    []fixedComplex // by which the two halves' spectra are made one
}

func newFixedFFT(length int) *fixedFFT {
	f := &fixedFFT{half: length / 2}
	for i := range f.half {
		f.twiddles = append(f.twiddles, unit(-2*math.Pi*float64(i)/float64(f.half)))
	}
	for i := range f.half / 2 {
		f.split = append(f.split, unit(-math.Pi*(float64(i+1)/float64(f.half)+0.5)))
	}
	return f
}

func unit(phase float64) fixedComplex {
	return fixedComplex{int16(math.Floor(0.5 + math.MaxInt16*math.Cos(phase))), int16(math.Floor(0.5 + math.MaxInt16*math.Sin(phase)))}
}

// transform returns the length/2+1 bins of real samples.
func (f *fixedFFT) transform(samples []int16) []fixedComplex {
	n := f.half
	pairs := make([]fixedComplex, n)
	for i := range pairs {
		pairs[i] = fixedComplex{samples[2*i], samples[2*i+1]}
	}
	even := make([]fixedComplex, n)
	f.stage(even, pairs, 1)
	out := make([]fixedComplex, n+1)
	dc := even[0].over(2)
	out[0].re, out[n].re = dc.re+dc.im, dc.re-dc.im
	for k := 1; k <= n/2; k++ {
		a := even[k].over(2)
		b := fixedComplex{even[n-k].re, -even[n-k].im}.over(2)
		sum, difference := a.plus(b), a.minus(b).times(f.split[k-1])
		out[k] = fixedComplex{halfOf(int(sum.re) + int(difference.re)), halfOf(int(sum.im) + int(difference.im))}
		out[n-k] = fixedComplex{halfOf(int(sum.re) - int(difference.re)), halfOf(int(difference.im) - int(sum.im))}
	}
	return out
}

func halfOf(x int) int16 { return int16(x >> 1) }

// stage transforms len(out) of the input's elements, stride apart.
func (f *fixedFFT) stage(out, in []fixedComplex, stride int) {
	n := len(out)
	if n == 1 {
		out[0] = in[0]
		return
	}
	radix := 4
	if n%4 != 0 {
		radix = 2
	}
	m := n / radix
	for i := range radix {
		f.stage(out[i*m:(i+1)*m], in[i*stride:], stride*radix)
	}
	for k := range m {
		if radix == 2 {
			f.pair(out[k:], m, k*stride)
		} else {
			f.four(out[k:], m, k*stride)
		}
	}
}

// pair is a butterfly of radix 2 of elements m apart.
func (f *fixedFFT) pair(x []fixedComplex, m, twiddle int) {
	a, b := x[0].over(2), x[m].over(2).times(f.twiddles[twiddle])
	x[0], x[m] = a.plus(b), a.minus(b)
}

// four is one of radix 4.
func (f *fixedFFT) four(x []fixedComplex, m, twiddle int) {
	a := x[0].over(4)
	b := x[m].over(4).times(f.twiddles[twiddle])
	c := x[2*m].over(4).times(f.twiddles[2*twiddle])
	d := x[3*m].over(4).times(f.twiddles[3*twiddle])
	sum, difference := a.plus(c), a.minus(c)
	odd, turn := b.plus(d), b.minus(d)
	x[0], x[2*m] = sum.plus(odd), sum.minus(odd)
	x[m] = fixedComplex{difference.re + turn.im, difference.im - turn.re}
	x[3*m] = fixedComplex{difference.re - turn.im, difference.im + turn.re}
}

func (a fixedComplex) plus(b fixedComplex) fixedComplex {
	return fixedComplex{a.re + b.re, a.im + b.im}
}

func (a fixedComplex) minus(b fixedComplex) fixedComplex {
	return fixedComplex{a.re - b.re, a.im - b.im}
}

func (a fixedComplex) times(b fixedComplex) fixedComplex {
	ar, ai, br, bi := int32(a.re), int32(a.im), int32(b.re), int32(b.im)
	return fixedComplex{rounded15(ar*br - ai*bi), rounded15(ar*bi + ai*br)}
}

// over divides as KISS FFT does, by a multiplication.
func (a fixedComplex) over(n int32) fixedComplex {
	return fixedComplex{rounded15(int32(a.re) * (math.MaxInt16 / n)), rounded15(int32(a.im) * (math.MaxInt16 / n))}
}

func rounded15(x int32) int16 { return int16((x + 1<<14) >> 15) }
