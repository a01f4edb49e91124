package audio_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/pipeline"
	"github.com/edgexray/edgexray/pipeline/audio"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/test/parts"
)

// speech is some 1.1 s like a voice: harmonics of a gliding tone that come and go, and noise.
func speech(n int, loud float64, seed uint64) []int16 {
	random := rand.New(rand.NewPCG(seed, 1))
	out := make([]int16, n)
	phase := 0.0
	for i := range out {
		t := float64(i) / 16000
		phase += 2 * math.Pi * (120 + 60*math.Sin(3*t)) / 16000
		x := 0.0
		for h := 1.0; h < 30; h++ {
			x += math.Sin(h*phase) / h
		}
		x = x*math.Abs(math.Sin(5*t)) + 0.05*random.NormFloat64()
		out[i] = int16(min(max(x*loud, -32768), 32767))
	}
	return out
}

func writeRaw(t *testing.T, dir, name string, samples []int16) {
	t.Helper()
	var b bytes.Buffer
	binary.Write(&b, binary.LittleEndian, samples)
	if err := os.WriteFile(filepath.Join(dir, name+".i16"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readReals(t *testing.T, dir, name string) []float64 {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(dir, name+".f64"))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(file)/8)
	binary.Read(bytes.NewReader(file), binary.LittleEndian, out)
	return out
}

func runPython(t *testing.T, part, program string, args ...string) {
	t.Helper()
	python := parts.Path(t, part+"/bin/python")
	command := exec.Command(python, append([]string{filepath.Join("testdata", program)}, args...)...)
	command.Env = append(os.Environ(), "TF_CPP_MIN_LOG_LEVEL=3")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("run %s: %v\n%s", program, err, output)
	}
}

// run makes a value with the steps of a text, apart by commas.
func run(t *testing.T, steps string, v step.Value) step.Value {
	t.Helper()
	p, err := pipeline.Read(strings.NewReader(strings.ReplaceAll(steps, ", ", "\n")), "test")
	if err != nil {
		t.Fatal(err)
	}
	if got := pipeline.Words(p.Inputs[0].Steps); got != steps {
		t.Errorf("steps %q say that they are %q", steps, got)
	}
	v, err = pipeline.Run(p.Inputs[0].Steps, v)
	if err != nil {
		t.Fatalf("%s: %v", steps, err)
	}
	return v
}

func mono(samples []int16) step.Value {
	return step.Value{Array: &step.Array{Shape: []int{len(samples)}, Int16: samples}, Rate: 16000}
}

// furthest is the largest difference, relative to the largest magnitude.
func furthest(t *testing.T, got []float32, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d values, want %d", len(got), len(want))
		return math.Inf(1)
	}
	worst, largest := 0.0, 0.0
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got[i])-w))
		largest = max(largest, math.Abs(w))
	}
	return worst / largest
}

type referenceCase struct {
	name, steps string
	within      float64 // of the largest magnitude; 0: exact
}

func compareAll(t *testing.T, dir string, inputs map[string]step.Value, cases []referenceCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			input := inputs["mono"]
			if strings.HasPrefix(c.steps, "mono") {
				input = inputs["stereo"]
			}
			got := run(t, c.steps, input)
			if off := furthest(t, got.Array.Reals(), readReals(t, dir, c.name)); !(off <= c.within) {
				t.Errorf("%s: off by %.2g of the largest value, want at most %.2g", c.steps, off, c.within)
			}
		})
	}
}

const rounding = 2e-6 // of single precision, through sums

func TestEqualsSciPyAndLibrosa(t *testing.T) {
	dir := t.TempDir()
	one := speech(17777, 6000, 1)
	two := speech(2*9001, 9000, 2)
	writeRaw(t, dir, "mono", one)
	writeRaw(t, dir, "stereo", two)
	runPython(t, "python-audio", "librosa_scipy.py", dir)
	inputs := map[string]step.Value{"mono": mono(one),
		"stereo": {Array: &step.Array{Shape: []int{9001, 2}, Int16: two}, Rate: 16000}}
	compareAll(t, dir, inputs, []referenceCase{
		{"mean", "mono mean", 0},
		{"librosa mono", "mono mean, float", rounding},
		{"linear 8000", "resample 8000 linear", rounding},
		{"linear 11025", "resample 11025 linear", rounding},
		{"linear 22050", "resample 22050 linear", rounding},
		{"linear int16", "resample 11025 linear truncate", 0},
		{"every second", "resample 8000 hold", 0},
		{"every second", "resample 8000 nearest", 0},
		{"polyphase 8000", "resample 8000 polyphase", rounding},
		{"polyphase 44100", "resample 44100 polyphase", rounding},
		{"polyphase 11025", "resample 11025 polyphase", rounding},
		{"fourier 8000", "resample 8000 fourier", rounding},
		{"fourier 11025", "resample 11025 fourier", rounding},
		{"fourier 22050", "resample 22050 fourier", rounding},
		{"preemphasis", "float, preemphasis 0.97", rounding},
		{"stft", "float, frame length=512 step=160 center, window hann length=400, spectrogram magnitude", rounding},
		{"stft reflect", "float, frame length=512 step=160 reflect, window hann, spectrogram magnitude", rounding},
		{"hamming", "float, frame length=400 step=160, window hamming symmetric, spectrogram magnitude fft=512", rounding},
		{"mel slaney", "float, frame length=512 step=160 center, window hann, spectrogram power, mel slaney bins=40 low=20 high=7600", rounding},
		{"mel htk", "float, frame length=512 step=160 center, window hann, spectrogram power, mel htk bins=64 low=0 high=8000", rounding},
		{"db", "float, frame length=512 step=256 center, window hann, spectrogram power, mel slaney bins=64 low=0 high=8000, log db floor=1e-10 range=80", rounding},
		{"mfcc", "float, frame length=512 step=160 center, window hann, spectrogram power, mel slaney bins=40 low=0 high=8000, log db floor=1e-10 range=80, mfcc ortho 13", rounding},
		{"peak", "float, level peak", rounding},
	})
}

func TestEqualsTensorFlow(t *testing.T) {
	dir := t.TempDir()
	samples := speech(17777, 6000, 3)
	writeRaw(t, dir, "mono", samples)
	runPython(t, "keras", "tf_signal.py", dir)
	// TensorFlow's transforms and mel weights are in single precision.
	const single = 2e-5
	compareAll(t, dir, map[string]step.Value{"mono": mono(samples)}, []referenceCase{
		// TensorFlow's periodic window of an odd length is the symmetric one.
		{"tf simple audio", "float, frame length=255 step=128, window hann symmetric, spectrogram magnitude fft=256", single},
		{"tf padded", "float, frame length=400 step=160 pad, window hann, spectrogram magnitude fft=512", single},
		{"tf hamming", "float, frame length=480 step=160, window hamming, spectrogram magnitude fft=512", single},
		{"tf mel", "float, frame length=1024 step=256, window hann, spectrogram magnitude, mel tf bins=80 low=80 high=7600", single},
		{"tf mfcc", "float, frame length=640 step=320, window hann, spectrogram magnitude fft=1024, mel tf bins=40 low=20 high=4000, log e offset=1e-06, mfcc tf 13", single},
		{"tf yamnet", "float, frame length=400 step=160, window hann, spectrogram magnitude fft=512, mel tf bins=64 low=125 high=7500, log e offset=0.001, frame length=96 step=48", single},
		{"tf op", "float, frame length=480 step=160, window hann, spectrogram power fft=512", single},
		{"tf op mfcc", "float, frame length=480 step=320, window hann, spectrogram power fft=512, mel op bins=40 low=20 high=4000, log e floor=1e-12, mfcc tf 40", single},
	})
}

func TestEqualsMicroFeatures(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(7, 7))
	sounds := map[string][]int16{
		"speech":  speech(48000, 6000, 4),
		"quiet":   speech(16000, 20, 5),
		"clipped": speech(16000, 60000, 6),
		"silence": make([]int16, 8000),
		"noise":   make([]int16, 16000),
		"square":  make([]int16, 16000),
		"short":   speech(480, 3000, 8),
	}
	for i := range sounds["noise"] {
		sounds["noise"][i] = int16(random.IntN(1 << 16))
		sounds["square"][i] = [2]int16{-32768, 32767}[i/50%2]
	}
	args := []string{dir}
	for name, samples := range sounds {
		writeRaw(t, dir, name, samples)
		args = append(args, name)
	}
	runPython(t, "python", "micro_features.py", args...)
	for name, samples := range sounds {
		t.Run(name, func(t *testing.T) {
			got := run(t, "microfrontend", mono(samples)).Array.Float32
			want := readReals(t, dir, name)
			if len(got) != len(want) || len(want) == 0 {
				t.Fatalf("%d features, want %d", len(got), len(want))
			}
			for i := range want {
				if float64(got[i]) != want[i] {
					t.Fatalf("feature %d of frame %d is %v, want %v", i%40, i/40, got[i], want[i])
				}
			}
		})
	}
}

func TestMicrofrontendRefuses(t *testing.T) {
	long := step.Value{Array: mono(make([]int16, 100000)).Array, Rate: 1 << 20} // 100 ms are more than the fixed point has bits for
	for _, v := range []step.Value{{Bytes: []byte("RIFF")}, mono(make([]int16, 100)), {Array: mono(make([]int16, 900)).Array}, long} {
		if _, err := (audio.Microfrontend{Channels: 40, Window: 100, Step: 10, Low: 125, High: 7500}).Apply(v); err == nil {
			t.Errorf("features of %s", v.Describe())
		}
	}
}

// The largest window that there is makes features.
func TestMicrofrontendWindow(t *testing.T) {
	v := step.Value{Array: mono(speech(40000, 6000, 9)).Array, Rate: 327680}
	if got := run(t, "microfrontend window=100", v).Array; got.Shape[0] != 3 || got.Shape[1] != 40 {
		t.Errorf("it makes %v", got.Shape)
	}
}

// A sound that has the rate already is made whole numbers too, as one of any other rate is.
func TestResampleWhole(t *testing.T) {
	v := step.Value{Array: &step.Array{Shape: []int{3}, Float32: []float32{1.5, -1.5, 40000}}, Rate: 16000}
	for line, want := range map[string][]int16{"resample 16000 linear truncate": {1, -1, 32767}, "resample 16000 linear round": {2, -2, 32767}} {
		if got := run(t, line, v).Array; !slices.Equal(got.Int16, want) {
			t.Errorf("%s makes %v, want %v", line, got, want)
		}
	}
}
