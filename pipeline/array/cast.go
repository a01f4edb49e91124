package array

import (
	"fmt"
	"math"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/tflite"
)

// cast makes the real numbers that an array stands for elements of a type.
type cast struct {
	typeName string
	round    bool // half to even, as numpy.round and tf.round do
	wrap     bool // what is too large begins again from the least: the bits of a byte as they are
}

func makeCast(args *step.Arguments) (step.Step, error) {
	c := cast{args.Text("type", ""), args.Flag("round"), args.Flag("wrap")}
	if _, ok := typeNames[c.typeName]; !ok {
		return nil, fmt.Errorf("type=%s: it takes float32, uint8, int8, int16 or int32", c.typeName)
	}
	if c.typeName == "float32" && c.round {
		return nil, fmt.Errorf("to float32 there is nothing to round")
	}
	if c.wrap && c.typeName != "int8" && c.typeName != "uint8" {
		return nil, fmt.Errorf("wrap is for bytes: int8 or uint8")
	}
	return c, nil
}

func (c cast) Apply(v step.Value) (step.Value, error) {
	a, err := taken(v)
	if err != nil {
		return v, err
	}
	t := typeNames[c.typeName]
	if a.Type() == t && a.Scale == 0 {
		return v, nil
	}
	if t == tflite.Float32 {
		v.Array = &step.Array{Shape: a.Shape, Float32: a.Reals()}
		return v, nil
	}
	whole := make([]float64, a.Len())
	for i, x := range a.Reals() {
		whole[i] = c.whole(float64(x))
	}
	v.Array = made(a.Shape, t, whole)
	return v, nil
}

// whole is a number without what is behind the point, wrapped if that is wanted. What has more bits than any whole number of a
// processor is saturated in any case, and NaN stays.
func (c cast) whole(x float64) float64 {
	if c.round {
		x = math.RoundToEven(x)
	} else {
		x = math.Trunc(x)
	}
	switch {
	case !c.wrap || !(math.Abs(x) < 1<<62):
		return x
	case c.typeName == "int8":
		return float64(int8(int64(x)))
	}
	return float64(uint8(int64(x)))
}

func (c cast) String() string {
	words := "cast type=" + c.typeName
	if c.round {
		words += " round"
	}
	if c.wrap {
		words += " wrap"
	}
	return words
}
