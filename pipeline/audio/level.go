package audio

import (
	"fmt"
	"math"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Gain multiplies the samples.
type Gain struct{ Factor float64 }

func makeGain(a *step.Arguments) (step.Step, error) {
	if db := a.Number("db", math.NaN()); !math.IsNaN(db) {
		return Gain{math.Pow(10, db/20)}, nil
	}
	return Gain{a.NumberWord("a factor")}, nil
}

func (g Gain) String() string { return "gain " + number(g.Factor) }

// Apply returns FLOAT32.
func (g Gain) Apply(v step.Value) (step.Value, error) {
	return mapped(v, func(x float64) float64 { return x * g.Factor })
}

// Float divides whole numbers to FLOAT32: by 32768, as TensorFlow's decode_wav, soundfile and librosa, or by 32767.
type Float struct{ Divide float64 }

func makeFloat(a *step.Arguments) (step.Step, error) {
	f := Float{a.Number("divide", 32768)}
	if f.Divide == 0 || math.IsNaN(f.Divide) {
		return nil, fmt.Errorf("divide= takes a number other than 0")
	}
	return f, nil
}

func (f Float) String() string { return line{"float"}.key("divide", f.Divide, 32768).String() }

// Apply returns FLOAT32.
func (f Float) Apply(v step.Value) (step.Value, error) {
	return mapped(v, func(x float64) float64 { return x / f.Divide })
}

// Int16 makes whole numbers of 16 bits.
type Int16 struct {
	Multiply float64
	Rounding string // "": half to even; "truncate": towards zero, as a cast does; "floor": down, as a shift does
	Wrap     bool   // what is too large keeps its low 16 bits; else it is the largest there is
}

func makeInt16(a *step.Arguments) (step.Step, error) {
	return Int16{a.Number("multiply", 1), a.Choice("truncate", "floor"), a.Flag("wrap")}, nil
}

func (s Int16) String() string {
	return line{"int16"}.key("multiply", s.Multiply, 1).flag(s.Rounding != "", s.Rounding).flag(s.Wrap, "wrap").String()
}

// Apply returns INT16. NaN becomes 0.
func (s Int16) Apply(v step.Value) (step.Value, error) {
	values, err := reals(v)
	if err != nil {
		return v, err
	}
	out := make([]int16, len(values))
	for i, x := range values {
		out[i] = s.of(float64(x) * s.Multiply)
	}
	return step.Value{Array: &step.Array{Shape: v.Array.Shape, Int16: out}, Rate: v.Rate}, nil
}

func (s Int16) of(x float64) int16 {
	switch {
	case math.IsNaN(x):
		return 0
	case s.Rounding == "truncate":
		x = math.Trunc(x)
	case s.Rounding == "floor":
		x = math.Floor(x)
	default:
		x = math.RoundToEven(x)
	}
	if s.Wrap && math.Abs(x) < 1<<62 {
		return int16(int64(x))
	}
	return int16(min(max(x, math.MinInt16), math.MaxInt16))
}

// Clip limits each value.
type Clip struct{ Low, High float64 }

func makeClip(a *step.Arguments) (step.Step, error) {
	return Clip{a.NumberWord("the lowest value"), a.NumberWord("the highest value")}, nil
}

func (c Clip) String() string { return fmt.Sprintf("clip %s %s", number(c.Low), number(c.High)) }

// Apply returns FLOAT32.
func (c Clip) Apply(v step.Value) (step.Value, error) {
	return mapped(v, func(x float64) float64 { return min(max(x, c.Low), c.High) })
}

// Level sets how loud the whole is. To is "peak", "rms" or "standard".
type Level struct{ To string }

func makeLevel(a *step.Arguments) (step.Step, error) {
	to, err := oneOf(a, "level", "peak", "rms", "standard")
	return Level{to}, err
}

func (l Level) String() string { return "level " + l.To }

// Apply returns FLOAT32. Silence stays silence.
func (l Level) Apply(v step.Value) (step.Value, error) {
	values, err := reals(v)
	if err != nil {
		return v, err
	}
	sum, squares, peak := 0.0, 0.0, 0.0
	for _, x := range values {
		sum += float64(x)
		squares += float64(x) * float64(x)
		peak = max(peak, math.Abs(float64(x)))
	}
	n := float64(len(values))
	offset, by := 0.0, peak
	switch l.To {
	case "rms":
		by = math.Sqrt(squares / n)
	case "standard":
		offset = sum / n
		by = math.Sqrt(max(0, squares/n-offset*offset))
	}
	if by == 0 {
		by = 1
	}
	return mapped(v, func(x float64) float64 { return (x - offset) / by })
}

// Preemphasis is y[i] = x[i] - Coefficient*x[i-1], with nothing before the first.
type Preemphasis struct{ Coefficient float64 }

func makePreemphasis(a *step.Arguments) (step.Step, error) {
	return Preemphasis{a.NumberWord("a coefficient")}, nil
}

func (p Preemphasis) String() string {
	return "preemphasis " + number(p.Coefficient)
}

// Apply takes samples [n].
func (p Preemphasis) Apply(v step.Value) (step.Value, error) {
	values, err := reals(v)
	if err != nil {
		return v, err
	}
	if len(v.Array.Shape) != 1 {
		return v, fmt.Errorf("it takes samples [n], not %s", v.Describe())
	}
	out := make([]float32, len(values))
	before := 0.0
	for i, x := range values {
		out[i] = float32(float64(x) - p.Coefficient*before)
		before = float64(x)
	}
	return withReals(v, out), nil
}
