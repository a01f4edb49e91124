package audio

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline/step"
)

// wavFile is a file with a format and samples' bytes.
func wavFile(tag, channels, bits int, data []byte) []byte {
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			binary.Write(&b, binary.LittleEndian, v)
		}
	}
	frame := channels * bits / 8
	put([]byte("RIFF"), uint32(36+len(data)), []byte("WAVEfmt "), uint32(16), uint16(tag), uint16(channels), uint32(16000),
		uint32(16000*frame), uint16(frame), uint16(bits), []byte("junk"), uint32(3), []byte("odd\x00data"), uint32(len(data)), data)
	return b.Bytes()
}

func TestDecodeWAV(t *testing.T) {
	float := func(x float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)) }
	for _, c := range []struct {
		name  string
		file  []byte
		shape []int
		want  []float32
	}{
		{"16 bits", wavFile(tagPCM, 1, 16, []byte{1, 0, 0xFF, 0x7F, 0, 0x80}), []int{3}, []float32{1, 32767, -32768}},
		{"two channels", wavFile(tagPCM, 2, 16, []byte{1, 0, 2, 0, 3, 0, 4, 0}), []int{2, 2}, []float32{1, 2, 3, 4}},
		{"8 bits", wavFile(tagPCM, 1, 8, []byte{0, 128, 255}), []int{3}, []float32{-32768, 0, 32512}},
		{"24 bits", wavFile(tagPCM, 1, 24, []byte{0, 1, 0, 0, 0, 0x80}), []int{2}, []float32{1, -32768}},
		{"32 bits", wavFile(tagPCM, 1, 32, []byte{0, 0, 1, 0, 0, 0, 0, 0x80}), []int{2}, []float32{1, -32768}},
		{"floats", wavFile(tagFloat, 1, 32, append(float(0.5), float(-1)...)), []int{2}, []float32{16384, -32768}},
		{"longer than the file", wavFile(tagPCM, 1, 16, []byte{1, 0, 2, 0, 3})[:len(wavFile(tagPCM, 1, 16, nil))+5], []int{2}, []float32{1, 2}},
	} {
		v, err := DecodeWAV(c.file)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !slices.Equal(v.Array.Shape, c.shape) || !slices.Equal(v.Array.Reals(), c.want) || v.Rate != 16000 {
			t.Errorf("%s: %v %v at %d, want %v %v", c.name, v.Array.Shape, v.Array.Reals(), v.Rate, c.shape, c.want)
		}
	}
}

func TestDecodeWAVRefuses(t *testing.T) {
	good := wavFile(tagPCM, 1, 16, []byte{1, 0})
	for _, c := range []struct {
		name, says string
		file       []byte
	}{
		{"a JPEG", "no WAV file", []byte("\xFF\xD8\xFF\xE0 and so on, for a while")},
		{"nothing", "no WAV file", nil},
		{"no data", "no samples", good[:len(good)-10]},
		{"an empty one", "at least one", wavFile(tagPCM, 1, 16, nil)},
		{"mu-law", "format 7", wavFile(7, 1, 8, []byte{1})},
		{"half floats", "format 3 with 16", wavFile(tagFloat, 1, 16, []byte{1, 0})},
		{"0 channels", "0 channels", wavFile(tagPCM, 0, 16, []byte{1, 0})},
		{"data before format", "before their format", []byte("RIFF\x00\x00\x00\x00WAVEdata\x02\x00\x00\x00\x01\x00")},
	} {
		if _, err := DecodeWAV(c.file); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.says)
		}
	}
}

func FuzzDecodeWAV(f *testing.F) {
	f.Add(wavFile(tagPCM, 1, 16, []byte{1, 0, 2, 0}))
	f.Add(wavFile(tagFloat, 2, 64, make([]byte, 32)))
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := DecodeWAV(file)
		if err == nil && v.Array.Len() != len(v.Array.Reals()) {
			t.Errorf("%d elements of shape %v", len(v.Array.Reals()), v.Array.Shape)
		}
	})
}

// Each step refuses what it can't take, and never panics.
func TestStepsRefuse(t *testing.T) {
	values := map[string]step.Value{
		"nothing":                   {},
		"an array without elements": {Array: &step.Array{Shape: []int{0}, Float32: []float32{}}},
		"bytes":                     {Bytes: []byte("RIFF")},
		"a number":                  {Array: &step.Array{Float32: []float32{1}}},
		"a sample":                  {Array: &step.Array{Shape: []int{1}, Float32: []float32{1}}},
		"an image":                  {Array: &step.Array{Shape: []int{2, 2, 3}, Uint8: make([]uint8, 12)}, Rate: 16000},
		"a picture":                 {Array: &step.Array{Shape: []int{1, 1}, Float32: []float32{float32(math.NaN())}}, Rate: 8000},
	}
	lines := map[string]string{
		"mono": "right", "assume-rate": "8000", "resample": "44100 polyphase", "gain": "0.5", "int16": "wrap", "clip": "-1 1", "level": "standard",
		"preemphasis": "0.97", "skip": "1", "length": "5 both value=1", "frame": "length=4 step=2 reflect", "window": "hann length=7",
		"spectrogram": "power", "mel": "slaney bins=4 low=0 high=4000", "log": "db range=80", "mfcc": "tf 2",
	}
	for _, m := range Makers {
		args, err := step.Split(strings.Fields(lines[m.Name]))
		if err != nil {
			t.Fatal(err)
		}
		s, err := m.Make(args)
		if err == nil {
			err = args.Err()
		}
		if err != nil {
			t.Errorf("%s %s: %v", m.Name, lines[m.Name], err)
			continue
		}
		for name, v := range values {
			out, err := s.Apply(v)
			if err == nil && out.Array != nil && out.Array.Len() != len(out.Array.Reals()) {
				t.Errorf("%v of %s: %d elements of shape %v", s, name, len(out.Array.Reals()), out.Array.Shape)
			}
		}
	}
}

func TestSkipAndLength(t *testing.T) {
	v := step.Value{Array: &step.Array{Shape: []int{3}, Int16: []int16{1, 2, 3}}}
	for _, c := range []struct {
		step step.Step
		want []int16
	}{
		{Skip{1}, []int16{2, 3}},
		{Skip{-2}, []int16{0, 0, 1, 2, 3}},
		{Length{N: 5}, []int16{1, 2, 3, 0, 0}},
		{Length{N: 5, At: "front", Value: 9}, []int16{9, 9, 1, 2, 3}},
		{Length{N: 6, At: "both"}, []int16{0, 1, 2, 3, 0, 0}},
		{Length{N: 2}, []int16{1, 2}},
		{Length{N: 2, At: "front"}, []int16{2, 3}},
		{Int16{Multiply: 0.5, Rounding: "truncate"}, []int16{0, 1, 1}},
		{Int16{Multiply: 20000, Wrap: true}, []int16{20000, -25536, -5536}},
		{Int16{Multiply: 20000}, []int16{20000, 32767, 32767}},
		{SwapBytes{}, []int16{256, 512, 768}},
	} {
		out, err := c.step.Apply(v)
		if err != nil || !slices.Equal(out.Array.Int16, c.want) {
			t.Errorf("%v: %v, %v, want %v", c.step, out.Array, err, c.want)
		}
	}
	for _, value := range []float64{0.5, 40000, math.NaN()} {
		if out, err := (Length{N: 5, Value: value}).Apply(v); err == nil {
			t.Errorf("padded with %v: %v", value, out.Array.Int16)
		}
	}
}

// A marker's samples aren't decoded; floats are brought to the scale that files have.
func TestWAVOfSamples(t *testing.T) {
	whole := step.Value{Array: &step.Array{Shape: []int{1}, Int16: []int16{7}}, Rate: 8000}
	if v, err := (WAV{}).Apply(whole); err != nil || v.Array != whole.Array {
		t.Errorf("16-bit samples become %v, %v", v.Array, err)
	}
	for _, c := range []struct{ given, want []float32 }{
		{[]float32{0.5, -1}, []float32{16384, -32768}},
		{[]float32{0.5, -700}, []float32{0.5, -700}},
	} {
		v, err := WAV{}.Apply(step.Value{Array: &step.Array{Shape: []int{2}, Float32: c.given}, Rate: 8000})
		if err != nil || !slices.Equal(v.Array.Float32, c.want) {
			t.Errorf("%v becomes %v, %v, want %v", c.given, v.Array.Float32, err, c.want)
		}
	}
}
