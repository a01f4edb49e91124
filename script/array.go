package script

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/edgexray/edgexray/pipeline/step"
)

// Array is an array of a log in a script: real numbers, row-major. It never changes.
type Array struct {
	name  string
	array *step.Array
	reals []float32 // made when asked for
}

// NewArray returns an array under its name, to whose elements it refers.
func NewArray(name string, a *step.Array) *Array { return &Array{name: name, array: a} }

// Step returns what a script's array is made of.
func (a *Array) Step() *step.Array { return a.array }

// Reals returns the real numbers that its elements stand for.
func (a *Array) Reals() []float32 {
	if a.reals == nil {
		a.reals = a.array.Reals()
	}
	return a.reals
}

// made is an array that a script computed.
func made(shape []int, values []float32) *Array {
	return &Array{array: &step.Array{Shape: shape, Float32: values}, reals: values}
}

// String is what a failure shows: type, shape, and what its values are like.
func (a *Array) String() string {
	if a.Len() == 0 && len(a.array.Shape) > 0 {
		return fmt.Sprintf("[%v %s, empty]", a.array.Type(), shapeText(a.array.Shape))
	}
	if n := a.array.Len(); n <= 8 {
		texts := make([]string, n)
		for i, v := range a.Reals() {
			texts[i] = fmt.Sprintf("%.4g", v)
		}
		return fmt.Sprintf("[%v %s: %s]", a.array.Type(), shapeText(a.array.Shape), strings.Join(texts, " "))
	}
	s := a.sums()
	text := fmt.Sprintf("[%v %s: %.4g to %.4g, mean %.4g", a.array.Type(), shapeText(a.array.Shape), s.min, s.max, s.mean)
	if s.nans+s.infs > 0 {
		text += fmt.Sprintf(", %d NaN, %d infinite", s.nans, s.infs)
	}
	return text + "]"
}

func shapeText(shape []int) string {
	texts := make([]string, len(shape))
	for i, d := range shape {
		texts[i] = fmt.Sprint(d)
	}
	return strings.Join(texts, "x")
}

// Type, Freeze, Truth and Hash are what every value of Starlark has.
func (a *Array) Type() string          { return "array" }
func (a *Array) Freeze()               {}
func (a *Array) Truth() starlark.Bool  { return a.array.Len() > 0 }
func (a *Array) Hash() (uint32, error) { return 0, fmt.Errorf("an array is no key") }

// Len is its first dimension; 0 of a scalar.
func (a *Array) Len() int {
	if len(a.array.Shape) == 0 {
		return 0
	}
	return a.array.Shape[0]
}

// at returns the part of an array at an index of its first dimension: a number when it has no other.
func (a *Array) at(i int) starlark.Value {
	rest := a.array.Shape[1:]
	size := 1
	for _, d := range rest {
		size *= d
	}
	values := a.Reals()[i*size : (i+1)*size]
	if len(rest) == 0 {
		return starlark.Float(values[0])
	}
	return made(rest, values)
}

// Iterate goes through the first dimension.
func (a *Array) Iterate() starlark.Iterator { return &iterator{a, 0} }

type iterator struct {
	array *Array
	next  int
}

func (i *iterator) Next(v *starlark.Value) bool {
	if i.next >= i.array.Len() {
		return false
	}
	*v = i.array.at(i.next)
	i.next++
	return true
}

func (i *iterator) Done() {}

// Get is a[i] and a[i, j, ...]. Negative indices count from the end.
func (a *Array) Get(key starlark.Value) (starlark.Value, bool, error) {
	indices, ok := key.(starlark.Tuple)
	if !ok {
		indices = starlark.Tuple{key}
	}
	var v starlark.Value = a
	for n, k := range indices {
		part, ok := v.(*Array)
		if !ok {
			return nil, false, fmt.Errorf("%d indices are more than %s has dimensions", len(indices), shapeText(a.array.Shape))
		}
		i, err := starlark.AsInt32(k)
		if err != nil {
			return nil, false, fmt.Errorf("an index of an array is a whole number, not %s", k.Type())
		}
		if i < 0 {
			i += part.Len()
		}
		if i < 0 || i >= part.Len() {
			return nil, false, fmt.Errorf("index %v is out of range: dimension %d of %s", k, n, shapeText(a.array.Shape))
		}
		v = part.at(i)
	}
	return v, true, nil
}

// sums are what there is to say of all elements.
type sums struct {
	min, max, mean, std float64
	nans, infs          int
}

func (a *Array) sums() sums {
	s := sums{min: math.Inf(1), max: math.Inf(-1)}
	n, sum, squares := 0.0, 0.0, 0.0
	for _, f := range a.Reals() {
		v := float64(f)
		if v-v != 0 {
			if v != v {
				s.nans++
			} else {
				s.infs++
			}
			continue
		}
		n++
		sum += v
		squares += v * v
		s.min, s.max = min(s.min, v), max(s.max, v)
	}
	if n > 0 {
		s.mean = sum / n
		s.std = math.Sqrt(max(0, squares/n-s.mean*s.mean))
	}
	return s
}

// operations are what two arrays of the same shape, or an array and a number, make.
var operations = map[syntax.Token]func(x, y float32) float32{
	syntax.PLUS:  func(x, y float32) float32 { return x + y },
	syntax.MINUS: func(x, y float32) float32 { return x - y },
	syntax.STAR:  func(x, y float32) float32 { return x * y },
	syntax.SLASH: func(x, y float32) float32 { return x / y },
}

// Binary is +, -, * and / with a number or an array of the same shape. Shapes are never stretched to fit.
func (a *Array) Binary(op syntax.Token, y starlark.Value, side starlark.Side) (starlark.Value, error) {
	operation := operations[op]
	if operation == nil {
		return nil, nil
	}
	if f, ok := y.(factor); ok {
		y = f.Value
	}
	x, out := a.Reals(), make([]float32, a.array.Len())
	switch y := y.(type) {
	case *Array:
		if !slices.Equal(a.array.Shape, y.array.Shape) {
			return nil, fmt.Errorf("%s %v %s: the shapes differ", shapeText(a.array.Shape), op, shapeText(y.array.Shape))
		}
		for i, v := range y.Reals() {
			out[i] = operation(x[i], v)
		}
	case starlark.Int, starlark.Float:
		number, _ := starlark.AsFloat(y)
		for i, v := range x {
			if side == starlark.Left {
				out[i] = operation(v, float32(number))
			} else {
				out[i] = operation(float32(number), v)
			}
		}
	default:
		return nil, nil
	}
	return made(a.array.Shape, out), nil
}

// CompareSameType is == and !=: of shapes and real numbers, to the last bit.
func (a *Array) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	b := y.(*Array)
	equal := slices.Equal(a.array.Shape, b.array.Shape) && slices.Equal(a.Reals(), b.Reals())
	switch op {
	case syntax.EQL:
		return equal, nil
	case syntax.NEQ:
		return !equal, nil
	}
	return false, fmt.Errorf("arrays have no order: compare a.min(), a.max() or a.mean()")
}
