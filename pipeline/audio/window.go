package audio

import (
	"fmt"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Window multiplies each frame by a window.
type Window struct {
	Shape     string // one of WindowShapes
	Symmetric bool   // its last value equals its first; else it is one period without the next's first
	Length    int    // shorter than the frame: it is in the frame's middle, with zeros around; 0: the frame's
}

// WindowShapes are the windows there are.
var WindowShapes = []string{"hann", "hamming", "blackman", "povey", "sine"}

func makeWindow(a *step.Arguments) (step.Step, error) {
	w := Window{Symmetric: a.Flag("symmetric"), Length: a.Whole("length", 0, 1, maxElements)}
	var err error
	w.Shape, err = oneOf(a, "window", WindowShapes...)
	return w, err
}

func (w Window) String() string {
	return line{"window", w.Shape}.flag(w.Symmetric, "symmetric").key("length", float64(w.Length), 0).String()
}

// Apply returns FLOAT32.
func (w Window) Apply(v step.Value) (step.Value, error) {
	values, width, err := matrix(v)
	if err != nil {
		return v, err
	}
	length := width
	if w.Length > 0 {
		length = w.Length
	}
	if length > width {
		return v, fmt.Errorf("it takes frames of at least %d samples, not %s", length, v.Describe())
	}
	factors := make([]float64, width)
	copy(factors[(width-length)/2:], w.values(length))
	out := make([]float32, 0, len(values))
	for frame := range slices.Chunk(values, width) {
		for i, x := range frame {
			out = append(out, float32(float64(x)*factors[i]))
		}
	}
	return withReals(v, out), nil
}

// values are those of a window. Sources: scipy.signal.windows; povey is Kaldi's, Hann to the power of 0.85.
func (w Window) values(n int) []float64 {
	period := float64(n)
	if w.Symmetric {
		period--
	}
	out := make([]float64, n)
	for i := range out {
		x := 2 * math.Pi * float64(i) / max(period, 1)
		switch w.Shape {
		case "hann":
			out[i] = 0.5 - 0.5*math.Cos(x)
		case "hamming":
			out[i] = 0.54 - 0.46*math.Cos(x)
		case "blackman":
			out[i] = 0.42 - 0.5*math.Cos(x) + 0.08*math.Cos(2*x)
		case "povey":
			out[i] = math.Pow(0.5-0.5*math.Cos(x), 0.85)
		case "sine":
			out[i] = math.Sin(math.Pi * (float64(i) + 0.5) / float64(n))
		}
	}
	return out
}
