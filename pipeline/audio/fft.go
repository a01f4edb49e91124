package audio

import (
	"math"
	"math/bits"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
)

// largestFactor is above which prime factor of a length a transform by factors takes too long.
const largestFactor = 64

// transform is the discrete Fourier transform, unscaled. It takes n log n whatever the length.
func transform(x []complex128, inverse bool) []complex128 {
	if largestPrime(len(x)) > largestFactor {
		return chirp(x, inverse)
	}
	plan := fourier.NewCmplxFFT(len(x))
	if inverse {
		return plan.Sequence(nil, x)
	}
	return plan.Coefficients(nil, x)
}

func largestPrime(n int) int {
	largest := 1
	for p := 2; p*p <= n; p++ {
		for ; n%p == 0; n /= p {
			largest = p
		}
	}
	return max(largest, n)
}

// chirp is the transform as a convolution (Bluestein, 1970), of a length that is a power of two.
func chirp(x []complex128, inverse bool) []complex128 {
	n := len(x)
	size := 1 << bits.Len(uint(2*n))
	sign := -1.0
	if inverse {
		sign = 1
	}
	wave := make([]complex128, n)
	for i := range wave {
		wave[i] = cmplx.Rect(1, sign*math.Pi*float64(i*i%(2*n))/float64(n))
	}
	a, b := make([]complex128, size), make([]complex128, size)
	for i := range x {
		a[i] = x[i] * wave[i]
		b[i] = cmplx.Conj(wave[i])
		b[(size-i)%size] = b[i]
	}
	plan := fourier.NewCmplxFFT(size)
	a, b = plan.Coefficients(nil, a), plan.Coefficients(nil, b)
	for i := range a {
		a[i] *= b[i]
	}
	a = plan.Sequence(nil, a)
	out := make([]complex128, n)
	for i := range out {
		out[i] = a[i] / complex(float64(size), 0) * wave[i]
	}
	return out
}
