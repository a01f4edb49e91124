package script

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	starmath "go.starlark.net/lib/math"
	"go.starlark.net/starlark"

	"github.com/edgexray/edgexray/pipeline/step"
)

// functions are what scripts have beside Starlark's own.
var functions = starlark.StringDict{
	"fail":       starlark.NewBuiltin("fail", fail),
	"close":      starlark.NewBuiltin("close", isClose),
	"difference": starlark.NewBuiltin("difference", difference),
	"nrmse":      starlark.NewBuiltin("nrmse", nrmse),
	"array":      starlark.NewBuiltin("array", array),
	"math":       starmath.Module,
}

// maxReason bounds what a failure says, in bytes.
const maxReason = 1000

// fail ends a check: what is wrong, with the values that show it.
func fail(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := showsAll(args, kwargs); err != nil {
		return nil, err
	}
	var words []string
	for _, arg := range args {
		words = append(words, Text(arg))
	}
	for _, kv := range kwargs {
		words = append(words, fmt.Sprintf("%s=%s", Text(kv[0]), Text(kv[1])))
	}
	text := strings.Join(words, " ")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "") + "..."
	}
	return nil, &Failure{Reason: text}
}

// Text shows a value: strings without quotes, numbers with six digits, and only the type of what is too large to show.
func Text(v starlark.Value) string {
	switch v := v.(type) {
	case starlark.String:
		return string(v)
	case starlark.Float:
		return fmt.Sprintf("%.6g", float64(v))
	}
	if shows(v) != nil {
		return "a large " + v.Type()
	}
	return v.String()
}

// isClose tells whether two arrays have the same shape, dimensions of one aside, and no element that is off by more than tol. Without
// tol it is the coarser quantization step of both, or 1e-5 of the largest magnitude.
func isClose(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var x, y starlark.Value
	var tol starlark.Value = starlark.None
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "a", &x, "b", &y, "tol?", &tol); err != nil {
		return nil, err
	}
	p, q, err := pairOf(x, y)
	if err != nil {
		return nil, err
	}
	limit, ok := starlark.AsFloat(tol)
	if !ok && tol != starlark.None {
		return nil, fmt.Errorf("%s: tol is a number, not %s", b.Name(), tol.Type())
	}
	if !slices.Equal(p.array.Squeezed(), q.array.Squeezed()) {
		return starlark.False, nil
	}
	if !ok {
		limit = max(p.array.Scale, q.array.Scale, 1e-5*largest(p.Reals()), 1e-5*largest(q.Reals())) * (1 + 1e-6)
	}
	return starlark.Bool(off(p.Reals(), q.Reals()) <= limit), nil
}

// pairOf takes arrays, or numbers as such.
func pairOf(x, y starlark.Value) (p, q *Array, err error) {
	as := func(v starlark.Value) (*Array, error) {
		if a, ok := v.(*Array); ok {
			return a, nil
		}
		if f, ok := starlark.AsFloat(v); ok {
			return made([]int{}, []float32{float32(f)}), nil
		}
		return nil, fmt.Errorf("it takes arrays or numbers, not %s", v.Type())
	}
	if p, err = as(x); err != nil {
		return
	}
	q, err = as(y)
	return
}

func largest(values []float32) float64 {
	m := 0.0
	for _, v := range values {
		if a := math.Abs(float64(v)); a > m && !math.IsInf(a, 0) {
			m = a
		}
	}
	return m
}

// off is the largest difference; infinite where one is no finite number and the other isn't the same.
func off(x, y []float32) float64 {
	m := 0.0
	for i, v := range x {
		d := math.Abs(float64(v) - float64(y[i]))
		switch {
		case v == y[i] || v != v && y[i] != y[i]:
			continue
		case d != d:
			return math.Inf(1)
		}
		m = max(m, d)
	}
	return m
}

// sameShape takes two arrays whose elements belong together.
func sameShape(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (p, q *Array, err error) {
	var x, y starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "a", &x, "b", &y); err != nil {
		return nil, nil, err
	}
	if p, q, err = pairOf(x, y); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", b.Name(), err)
	}
	if !slices.Equal(p.array.Squeezed(), q.array.Squeezed()) {
		return nil, nil, fmt.Errorf("%s: %s and %s: the shapes differ", b.Name(), shapeText(p.array.Shape), shapeText(q.array.Shape))
	}
	return p, q, nil
}

// difference is the largest one of two arrays' elements.
func difference(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	p, q, err := sameShape(b, args, kwargs)
	if err != nil {
		return nil, err
	}
	return starlark.Float(off(p.Reals(), q.Reals())), nil
}

// nrmse is the root mean square of the difference over the larger range of the two, as `edgexray compare` has it.
func nrmse(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	p, q, err := sameShape(b, args, kwargs)
	if err != nil {
		return nil, err
	}
	x, y, squares := p.Reals(), q.Reals(), 0.0
	for i, v := range x {
		d := float64(v) - float64(y[i])
		squares += d * d
	}
	s, r := p.sums(), q.sums()
	span := max(s.max-s.min, r.max-r.min)
	if span == 0 {
		span = max(math.Abs(s.max), math.Abs(r.max))
	}
	if squares == 0 || len(x) == 0 {
		return starlark.Float(0), nil
	}
	return starlark.Float(math.Sqrt(squares/float64(len(x))) / span), nil
}

// array makes an array of a list of numbers, or of lists of the same length.
func array(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var list starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "values", &list); err != nil {
		return nil, err
	}
	out := &step.Array{Float32: []float32{}}
	if err := fill(out, list, 0); err != nil {
		return nil, err
	}
	return NewArray("", out), nil
}

// maxRank bounds how deep lists in lists are an array.
const maxRank = 8

func fill(a *step.Array, v starlark.Value, depth int) error {
	list, ok := v.(starlark.Sequence)
	if !ok {
		f, ok := starlark.AsFloat(v)
		if !ok {
			return fmt.Errorf("array: it takes numbers, not %s", v.Type())
		}
		if depth != len(a.Shape) {
			return errors.New("array: some of its lists are deeper than others")
		}
		a.Float32 = append(a.Float32, float32(f))
		return nil
	}
	switch {
	case depth == maxRank:
		return fmt.Errorf("array: more than %d dimensions", maxRank)
	case len(a.Shape) == depth && len(a.Float32) > 0:
		return errors.New("array: some of its lists are deeper than others")
	case len(a.Shape) == depth:
		a.Shape = append(a.Shape, list.Len())
		if n := visited(a.Shape); n > maxElements {
			return tooLarge(n)
		}
	case a.Shape[depth] != list.Len():
		return fmt.Errorf("array: lists of %d and of %d", a.Shape[depth], list.Len())
	}
	it := list.Iterate()
	defer it.Done()
	var element starlark.Value
	for it.Next(&element) {
		if err := fill(a, element, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// visited is how many lists and numbers it takes to fill a shape: those of an empty list, too, come again and again.
func visited(shape []int) int {
	n := 1
	for _, d := range shape {
		n = min(n, maxElements+1) * max(d, 1) // lists have less than 2^40 elements
	}
	return n
}
