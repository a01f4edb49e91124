package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// WAV decodes a RIFF WAVE file. A value that is samples already, as a marker's are, stays as it is, but for FLOAT32 from -1
// to 1: as that is how programs keep it, it is brought to the scale of 16 bits.
type WAV struct{}

func makeWAV(*step.Arguments) (step.Step, error) { return WAV{}, nil }

func (WAV) String() string { return "wav" }

// Apply returns INT16 [n] or [n, channels] of a file with 16 bits, FLOAT32 of others, exactly on the scale of 16 bits: a file
// of floats has 32768 times its values.
func (WAV) Apply(v step.Value) (step.Value, error) {
	if v.Array == nil {
		return DecodeWAV(v.Bytes)
	}
	// Overshoot goes beyond 1, but on the scale of 16 bits nothing but silence stays within 2.
	if v.Array.Float32 == nil || slices.ContainsFunc(v.Array.Float32, func(x float32) bool { return x > 2 || x < -2 }) {
		return v, nil
	}
	return mapped(v, func(x float64) float64 { return x * (1 << 15) })
}

// The format tags and limits of a WAVE file. Source: Multimedia Programming Interface and Data Specifications 1.0, and
// mmreg.h for the extensible tag, whose real one begins the sub-format at byte 24.
const (
	tagPCM        = 1
	tagFloat      = 3
	tagExtensible = 0xFFFE

	maxChannels = 64
	maxRate     = 1 << 20
)

// wavFormat is what a file's "fmt " chunk says.
type wavFormat struct {
	tag, channels, bits, rate int
}

// DecodeWAV reads a WAVE file. A data chunk that says that it is longer than the file, as of a stream, ends with the file.
func DecodeWAV(file []byte) (step.Value, error) {
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return step.Value{}, errors.New("it is no WAV file: it doesn't begin with RIFF and WAVE (convert it to WAV first)")
	}
	var format *wavFormat
	for rest := file[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		rest = rest[8:]
		body := rest[:min(size, int64(len(rest)))]
		switch name {
		case "fmt ":
			f, err := readFormat(body)
			if err != nil {
				return step.Value{}, fmt.Errorf("WAV file: %w", err)
			}
			format = &f
		case "data":
			if format == nil {
				return step.Value{}, errors.New("WAV file: its samples come before their format (the file is damaged)")
			}
			return format.samples(body)
		}
		rest = rest[min(size+size%2, int64(len(rest))):]
	}
	return step.Value{}, errors.New("WAV file: it has no samples (no data chunk: the file is damaged or cut off)")
}

func readFormat(b []byte) (wavFormat, error) {
	if len(b) < 16 {
		return wavFormat{}, fmt.Errorf("its format has %d bytes (at least 16)", len(b))
	}
	half := func(at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }
	f := wavFormat{tag: half(0), channels: half(2), rate: int(binary.LittleEndian.Uint32(b[4:])), bits: half(14)}
	if f.tag == tagExtensible && len(b) >= 26 {
		f.tag = half(24)
	}
	switch {
	case f.channels < 1 || f.channels > maxChannels:
		return f, fmt.Errorf("it says that it has %d channels (1 to %d)", f.channels, maxChannels)
	case f.rate < 1 || f.rate > maxRate:
		return f, fmt.Errorf("it says that it has %d samples a second (1 to %d)", f.rate, maxRate)
	case f.read() == nil && f.bits != 16:
		return f, fmt.Errorf("it has format %d with %d bits (known: PCM with 8, 16, 24 or 32 bits, float with 32 or 64: convert it)", f.tag, f.bits)
	case f.bits == 16 && f.tag != tagPCM:
		return f, fmt.Errorf("it has format %d with 16 bits (known: PCM: convert it)", f.tag)
	}
	return f, nil
}

// read returns how a sample is read that isn't 16 bits, nil when it isn't known.
func (f wavFormat) read() func([]byte) float32 {
	le := binary.LittleEndian
	switch [2]int{f.tag, f.bits} {
	case [2]int{tagPCM, 8}:
		return func(b []byte) float32 { return (float32(b[0]) - 128) * 256 }
	case [2]int{tagPCM, 24}:
		return func(b []byte) float32 {
			return float32(int32(uint32(b[0])<<8|uint32(b[1])<<16|uint32(b[2])<<24)>>8) / (1 << 8)
		}
	case [2]int{tagPCM, 32}:
		return func(b []byte) float32 { return float32(float64(int32(le.Uint32(b))) / (1 << 16)) }
	case [2]int{tagFloat, 32}:
		return func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) * (1 << 15) }
	case [2]int{tagFloat, 64}:
		return func(b []byte) float32 { return float32(math.Float64frombits(le.Uint64(b)) * (1 << 15)) }
	}
	return nil
}

func (f wavFormat) samples(data []byte) (step.Value, error) {
	size := f.bits / 8
	n := len(data) / (size * f.channels)
	if err := fits("WAV file", n, f.channels); err != nil {
		return step.Value{}, err
	}
	a := &step.Array{Shape: []int{n}}
	if f.channels > 1 {
		a.Shape = []int{n, f.channels}
	}
	if f.bits == 16 {
		a.Int16 = make([]int16, n*f.channels)
		for i := range a.Int16 {
			a.Int16[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
		}
	} else {
		a.Float32 = make([]float32, n*f.channels)
		for i, read := 0, f.read(); i < len(a.Float32); i++ {
			a.Float32[i] = read(data[i*size:])
		}
	}
	return step.Value{Array: a, Rate: f.rate}, nil
}
