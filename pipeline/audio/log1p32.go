package audio

import "math"

// log1p32 is log1pf of the C libraries that descend from Sun's fdlibm: glibc before 2.41, newlib, musl, bionic. It isn't
// always the nearest number, and the front end's band limits and weights are made of it.
// Source: the method and the constants of fdlibm's s_log1p.c; x is not negative. Each product is rounded by itself.
func log1p32(x float32) float32 {
	const ln2High, ln2Low = float32(6.9313812256e-01), float32(9.0580006145e-06)
	f, c, power := x, float32(0), float32(0)
	mantissa := uint32(1)
	if x >= math.Sqrt2-1 {
		u := 1 + x
		exponent := int(math.Float32bits(u)>>23) - 127
		c = x - (u - 1)
		if exponent > 0 {
			c = 1 - (u - x)
		}
		c /= u
		mantissa = math.Float32bits(u) & (1<<23 - 1)
		if mantissa < 0x3504F7 { // below the square root of 2
			u = math.Float32frombits(mantissa | 0x3F800000)
		} else {
			exponent++
			u = math.Float32frombits(mantissa | 0x3F000000)
			mantissa = (1<<23 - mantissa) >> 2
		}
		f, power = u-1, float32(exponent)
	}
	half := 0.5 * f * f
	high, low := float32(power*ln2High), float32(power*ln2Low)+c
	if mantissa == 0 {
		r := float32(half * (1 - float32(0.66666666666666666*f)))
		return high - ((r - low) - f)
	}
	s := f / (2 + f)
	r := log1pSeries(s * s)
	if power == 0 {
		return f - (half - float32(s*(half+r)))
	}
	return high - ((half - (float32(s*(half+r)) + low)) - f)
}

// log1pSeries sums in the order of glibc's.
func log1pSeries(z float32) float32 {
	z2 := float32(z * z)
	z4 := float32(z2 * z2)
	z6 := float32(z4 * z2)
	r1 := float32(z * 6.6666668653e-01)
	r2 := 4.0000000596e-01 + float32(z*2.8571429849e-01)
	r3 := 2.2222198546e-01 + float32(z*1.8183572590e-01)
	r4 := 1.5313838422e-01 + float32(z*1.4798198640e-01)
	return r1 + float32(z2*r2) + float32(z4*r3) + float32(z6*r4)
}
