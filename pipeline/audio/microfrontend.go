package audio

import (
	"fmt"
	"math/bits"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Microfrontend is the audio front end of TensorFlow Lite Micro: window, spectrum, mel bands, square root, noise reduction,
// per-channel gain control (PCAN) and logarithm, all in fixed point, with a state that goes through the whole sound.
// Source: tensorflow/lite/experimental/microfrontend. With the defaults it is what micro wake word, micro_speech and
// pymicro-features use.
type Microfrontend struct {
	Channels     int
	Window, Step int // ms
	Low, High    float64
	NoPCAN       bool
	Integer      bool // gives the integers; else FLOAT32, each by 25.6 as microWakeWord has them
}

func makeMicrofrontend(a *step.Arguments) (step.Step, error) {
	m := Microfrontend{
		Channels: a.Whole("channels", 40, 1, 256), Window: a.Whole("window", 30, 1, 1000), Step: a.Whole("step", 10, 1, 1000),
		Low: a.Number("low", 125), High: a.Number("high", 7500), NoPCAN: a.Flag("no-pcan"), Integer: a.Flag("integer"),
	}
	if m.Step > m.Window || !(m.Low >= 0 && m.Low < m.High && m.High <= maxRate) {
		return nil, fmt.Errorf("it takes step <= window and 0 <= low < high <= %d", maxRate)
	}
	return m, nil
}

func (m Microfrontend) String() string {
	return line{"microfrontend"}.key("channels", float64(m.Channels), 40).key("window", float64(m.Window), 30).
		key("step", float64(m.Step), 10).key("low", m.Low, 125).key("high", m.High, 7500).
		flag(m.NoPCAN, "no-pcan").flag(m.Integer, "integer").String()
}

// microScale makes reals of the front end's integers: micro wake word's factor, 10/256.
const microScale = 0.0390625

// Apply takes INT16 [n] and returns [frames, channels].
func (m Microfrontend) Apply(v step.Value) (step.Value, error) {
	if v.Array == nil || v.Array.Int16 == nil || len(v.Array.Shape) != 1 {
		return v, fmt.Errorf("it takes 16-bit samples of one channel, not %s (put `mono` and `int16` before it)", v.Describe())
	}
	if v.Rate == 0 {
		return v, fmt.Errorf("the rate of the samples isn't known (`assume-rate` says it)")
	}
	f, err := newFrontend(m, v.Rate)
	if err != nil {
		return v, err
	}
	n := len(v.Array.Int16)
	if n < f.window {
		return v, fmt.Errorf("it takes at least %d samples, not %d", f.window, n)
	}
	frames := (n-f.window)/f.step + 1
	if err := fits("microfrontend", frames, m.Channels); err != nil {
		return v, err
	}
	out := &step.Array{Shape: []int{frames, m.Channels}}
	for i := range frames {
		for _, value := range f.frame(v.Array.Int16[i*f.step : i*f.step+f.window]) {
			if m.Integer {
				out.Int32 = append(out.Int32, int32(value))
			} else {
				out.Float32 = append(out.Float32, float32(value)*microScale)
			}
		}
	}
	return step.Value{Array: out, Rate: v.Rate}, nil
}

// The front end's fixed point. Source: the headers of tensorflow/lite/experimental/microfrontend/lib.
const (
	windowBits     = 12
	filterbankBits = 12
	noiseBits      = 14
	smoothingBits  = 10
	gainBits       = 21
	snrBits        = 12
	pcanBits       = 6
	logBits        = 16
	logScaleShift  = 6
	lnOf2          = 45426 // at 16 bits
)

// The settings of noise reduction and PCAN that all front ends of this kind share.
const (
	evenSmoothing = 0.025
	oddSmoothing  = 0.06
	leastSignal   = 0.05 // that noise reduction leaves
	pcanStrength  = 0.95
	pcanOffset    = 80
)

// maxWindow is the longest window, in samples, whose scaling down has bits left in the front end's fixed point.
const maxWindow = 1 << (gainBits - snrBits + filterbankBits/2)

// frontend has the state of one sound.
type frontend struct {
	window, step int
	pcan         bool
	taper        []int16
	spectrum     *fixedFFT
	bank         filterbank
	noise        []uint32 // estimated, a channel each, at smoothingBits
	gains        [4*32 - 3]int16
	correction   int // bits
}

func newFrontend(m Microfrontend, rate int) (*frontend, error) {
	f := &frontend{window: m.Window * rate / 1000, step: m.Step * rate / 1000, pcan: !m.NoPCAN, noise: make([]uint32, m.Channels)}
	if f.step < 1 || f.window < 4 || f.window > maxWindow {
		return nil, fmt.Errorf("a window of %d ms every %d ms isn't made at %d samples a second", m.Window, m.Step, rate)
	}
	size := 1 << bits.Len(uint(f.window-1))
	f.taper = taper(f.window)
	f.spectrum = newFixedFFT(size)
	f.correction = bits.Len(uint(size)) - 1 - filterbankBits/2
	var err error
	if f.bank, err = newFilterbank(m, rate, size/2+1); err != nil {
		return nil, err
	}
	f.fillGains()
	return f, nil
}

// frame makes one frame's features of its samples.
func (f *frontend) frame(samples []int16) []uint16 {
	input := make([]int16, 2*f.spectrum.half)
	var loudest int16
	for i, x := range samples {
		input[i] = int16(int32(x) * int32(f.taper[i]) >> windowBits)
		loudest = max(loudest, input[i], -input[i])
	}
	// The samples are scaled up as far as 16 bits allow, and the bands down again.
	shift := 15 - bits.Len16(uint16(loudest))
	for i := range input {
		input[i] <<= shift
	}
	signal := f.bank.sum(f.spectrum.transform(input), shift)
	f.reduceNoise(signal)
	if f.pcan {
		f.controlGain(signal)
	}
	return f.logarithm(signal)
}

// reduceNoise subtracts what each channel has on average, but leaves some of it.
func (f *frontend) reduceNoise(signal []uint32) {
	smoothing := [2]uint32{fixed(evenSmoothing, noiseBits), fixed(oddSmoothing, noiseBits)}
	least := uint64(fixed(leastSignal, noiseBits))
	for i, s := range signal {
		now := smoothing[i%2]
		scaled := s << smoothingBits
		estimate := uint32((uint64(scaled)*uint64(now) + uint64(f.noise[i])*uint64(1<<noiseBits-now)) >> noiseBits)
		f.noise[i] = estimate
		left := (scaled - min(estimate, scaled)) >> smoothingBits
		signal[i] = max(left, uint32(uint64(s)*least>>noiseBits))
	}
}

// fixed is a number at so many bits, in the front end's precision.
func fixed(x float32, bits int) uint32 { return uint32(x * float32(int(1)<<bits)) }

// controlGain divides each channel by a power of its noise, then compresses small values.
func (f *frontend) controlGain(signal []uint32) {
	shift := gainBits - f.correction - snrBits
	for i, s := range signal {
		gain := uint32(int32(f.gain(f.noise[i])))
		snr := uint32(uint64(s) * uint64(gain) >> shift)
		if snr < 2<<snrBits {
			signal[i] = snr * snr >> (2 + 2*snrBits - pcanBits)
		} else {
			signal[i] = snr>>(snrBits-pcanBits) - 1<<pcanBits
		}
	}
}

// logarithm is the natural one of each value, at logScaleShift bits.
func (f *frontend) logarithm(signal []uint32) []uint16 {
	out := make([]uint16, len(signal))
	for i, s := range signal {
		if f.correction < 0 {
			s >>= -f.correction
		} else {
			s <<= f.correction
		}
		if s > 1 {
			out[i] = uint16(min(naturalLog(s), 0xFFFF))
		}
	}
	return out
}
