package audio

import (
	"fmt"
	"math"
	"math/bits"
)

// taper is the front end's window: a Hann window whose samples are half a sample further, in single precision.
func taper(n int) []int16 {
	out := make([]int16, n)
	arg := float32(math.Pi) * 2 / float32(n)
	for i := range out {
		value := 0.5 - 0.5*float32(math.Cos(float64(arg*(float32(i)+0.5))))
		out[i] = rounded(value, windowBits)
	}
	return out
}

func rounded(x float32, bits int) int16 {
	return int16(math.Floor(float64(x*float32(int(1)<<bits) + 0.5)))
}

// filterbank sums energies up in mel bands. A bin's energy is shared by the band that ends behind it and the next.
type filterbank struct {
	first, end int   // the bins that are in any band
	widths     []int // how many bins end each band; there is one more band, before the first that is given
	weights    []int16
	unweights  []int16 // what the next band gets
}

func newFilterbank(m Microfrontend, rate, bins int) (filterbank, error) {
	spacing := 0.5 * float32(rate) / (float32(bins) - 1)
	b := filterbank{first: int(1.5 + float32(m.Low)/spacing)}
	low := mel32(float32(m.Low))
	each := (mel32(float32(m.High)) - low) / float32(m.Channels+1)
	frequency, before := b.first, low
	for channel := range m.Channels + 1 {
		center := low + float32(each*float32(channel+1))
		width := 0
		for ; mel32(float32(float32(frequency)*spacing)) <= center && frequency < bins; frequency++ {
			weight := (center - mel32(float32(float32(frequency)*spacing))) / (center - before)
			b.weights = append(b.weights, rounded(weight, filterbankBits))
			b.unweights = append(b.unweights, rounded(1-weight, filterbankBits))
			width++
		}
		b.widths = append(b.widths, width)
		before = center
	}
	b.end = frequency
	if b.end >= bins {
		return b, fmt.Errorf("high=%s is above half the rate, %d Hz", number(m.High), rate/2)
	}
	return b, nil
}

// mel32 is the mel scale in the front end's precision.
func mel32(hz float32) float32 { return 1127 * log1p32(hz/700) }

// sum returns each band's square root of its energy, scaled down by shift bits.
func (b *filterbank) sum(spectrum []fixedComplex, shift int) []uint32 {
	out := make([]uint32, 0, len(b.widths)-1)
	var next uint64 // what the band before left for this one
	bin, at := b.first, 0
	for channel, width := range b.widths {
		sum := next
		next = 0
		for range width {
			re, im := int32(spectrum[bin].re), int32(spectrum[bin].im)
			energy := uint64(int64(re*re + im*im))
			sum += uint64(int64(b.weights[at])) * energy
			next += uint64(int64(b.unweights[at])) * energy
			bin, at = bin+1, at+1
		}
		if channel > 0 {
			out = append(out, root(sum)>>shift)
		}
	}
	return out
}

// root is the square root, rounded to the nearest. Below 2^32 it stops at 65535, as the front end's does.
func root(x uint64) uint32 {
	r := uint64(math.Sqrt(float64(x)))
	for r*r > x || r > math.MaxUint32 {
		r--
	}
	for r < math.MaxUint32 && (r+1)*(r+1) <= x {
		r++
	}
	most := uint64(math.MaxUint32)
	if x>>32 == 0 {
		most = math.MaxUint16
	}
	if x-r*r > r && r != most {
		r++
	}
	return uint32(r)
}

// fillGains makes the table of PCAN's gain: for each power of two of the noise a parabola through three points.
func (f *frontend) fillGains() {
	inputBits := smoothingBits - f.correction
	f.gains[0], f.gains[1] = gainAt(0, inputBits), gainAt(1, inputBits)
	for interval := 2; interval <= 32; interval++ {
		x0 := uint32(1) << (interval - 1)
		x2 := 2 * x0
		if interval == 32 {
			x2 = x0 + (x0 - 1)
		}
		y0 := int32(gainAt(x0, inputBits))
		half, whole := int32(gainAt(x0+x0/2, inputBits))-y0, int32(gainAt(x2, inputBits))-y0
		slope := 4*half - whole
		at := 4*interval - 6
		f.gains[at], f.gains[at+1], f.gains[at+2] = int16(y0), int16(slope), int16(whole-slope)
	}
}

func gainAt(x uint32, inputBits int) int16 {
	noise := float32(x) / float32(uint32(1)<<inputBits)
	gain := float32(1<<gainBits) * float32(math.Pow(float64(noise+pcanOffset), -float64(float32(pcanStrength))))
	if gain > math.MaxInt16 {
		return math.MaxInt16
	}
	return int16(gain + 0.5)
}

// gain reads the table.
func (f *frontend) gain(x uint32) int16 {
	if x <= 2 {
		return f.gains[x]
	}
	interval := bits.Len32(x)
	at := 4*interval - 6
	var fraction int32 // the bits behind the first, 10 of them
	if interval < 11 {
		fraction = int32(x<<(11-interval)) & 0x3FF
	} else {
		fraction = int32(x>>(interval-11)) & 0x3FF
	}
	result := int32(f.gains[at+2]) * fraction >> 5
	result += int32(f.gains[at+1]) << 5
	result = (result*fraction + 1<<14) >> 15
	return int16(result + int32(f.gains[at]))
}

// logSegments are those of the table of log2(1+x)-x.
const logSegments = 128

var logTable = func() (table [logSegments + 2]int32) {
	for i := range logSegments {
		x := float64(i) / logSegments
		table[i] = int32(math.Round((math.Log2(1+x) - x) * (1 << logBits)))
	}
	return table
}()

// naturalLog is the natural logarithm at logScaleShift bits: the power of two, and the table in between.
func naturalLog(x uint32) uint32 {
	power := bits.Len32(x) - 1
	fraction := int32(int64(x) - 1<<power)
	if power < logBits {
		fraction <<= logBits - power
	} else {
		fraction >>= power - logBits
	}
	segment := fraction >> (logBits - 7)
	below, above := logTable[segment], logTable[segment+1]
	between := (above - below) * (fraction - segment<<(logBits-7)) >> logBits
	log2 := uint32(power)<<logBits + uint32(fraction+below+between)
	const half = 1 << (logBits - 1)
	natural := uint32((uint64(lnOf2)*uint64(log2) + half) >> logBits)
	return (natural<<logScaleShift + half) >> logBits
}
