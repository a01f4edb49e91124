package script

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"go.starlark.net/starlark"

	"github.com/edgexray/edgexray/pipeline/step"
)

// fields are what an array has, beside methods.
var fields = map[string]func(a *Array) starlark.Value{
	"name":       func(a *Array) starlark.Value { return starlark.String(a.name) },
	"type":       func(a *Array) starlark.Value { return starlark.String(a.array.Type().String()) },
	"scale":      func(a *Array) starlark.Value { return starlark.Float(a.array.Scale) },
	"zero_point": func(a *Array) starlark.Value { return starlark.MakeInt(a.array.ZeroPoint) },
	"size":       func(a *Array) starlark.Value { return starlark.MakeInt(a.array.Len()) },
	"shape":      func(a *Array) starlark.Value { return tuple(a.array.Shape) },
	"stored":     func(a *Array) starlark.Value { return a.stored() },
}

// stored is the array without its scale: the integers that stand for real numbers.
func (a *Array) stored() starlark.Value {
	plain := *a.array
	plain.Scale, plain.ZeroPoint = 0, 0
	return NewArray(a.name, &plain)
}

func tuple(values []int) starlark.Tuple {
	t := make(starlark.Tuple, len(values))
	for i, v := range values {
		t[i] = starlark.MakeInt(v)
	}
	return t
}

// maxTop bounds how many of the largest elements are asked for.
const maxTop = 1000

// method is a method of an array, with whole numbers for arguments.
type method struct {
	least, most int // arguments; -1: any number of them
	do          func(a *Array, args []int) (starlark.Value, error)
}

// number makes a method of a number that all elements have in common.
func number(of func(s sums) float64) method {
	return method{0, 0, func(a *Array, _ []int) (starlark.Value, error) { return starlark.Float(of(a.sums())), nil }}
}

func counted(of func(s sums) int) method {
	return method{0, 0, func(a *Array, _ []int) (starlark.Value, error) { return starlark.MakeInt(of(a.sums())), nil }}
}

// moved makes a method of one that makes another array.
func moved(least, most int, move func(a *step.Array, args []int) (*step.Array, error)) method {
	return method{least, most, func(a *Array, args []int) (starlark.Value, error) {
		out, err := move(&step.Array{Shape: a.array.Shape, Float32: a.Reals()}, args)
		if err != nil {
			return nil, err
		}
		return made(out.Shape, out.Float32), nil
	}}
}

var methods = map[string]method{
	"min":    number(func(s sums) float64 { return s.min }),
	"max":    number(func(s sums) float64 { return s.max }),
	"mean":   number(func(s sums) float64 { return s.mean }),
	"std":    number(func(s sums) float64 { return s.std }),
	"nans":   counted(func(s sums) int { return s.nans }),
	"infs":   counted(func(s sums) int { return s.infs }),
	"argmax": {0, 0, func(a *Array, _ []int) (starlark.Value, error) { return first(Top(a.Reals(), 1)) }},
	"top": {1, 1, func(a *Array, args []int) (starlark.Value, error) {
		return tuple(Top(a.Reals(), min(max(args[0], 0), maxTop))), nil
	}},
	"squeeze":   moved(0, 0, func(a *step.Array, _ []int) (*step.Array, error) { a.Shape = a.Squeezed(); return a, nil }),
	"reshape":   moved(0, -1, reshape),
	"transpose": moved(0, -1, Transpose),
	"channels":  moved(1, -1, channels),
	"rotate":    moved(1, 1, rotate),
	"flip":      moved(1, 1, flip),
}

func first(list []int) (starlark.Value, error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("an array without elements has no largest one")
	}
	return starlark.MakeInt(list[0]), nil
}

// Attr returns a field or a method.
func (a *Array) Attr(name string) (starlark.Value, error) {
	if field := fields[name]; field != nil {
		return field(a), nil
	}
	m, ok := methods[name]
	if !ok {
		return nil, nil
	}
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if len(args) < m.least || m.most >= 0 && len(args) > m.most || len(kwargs) > 0 {
			return nil, fmt.Errorf("%s: it takes %s", name, m.takes())
		}
		numbers := make([]int, len(args))
		for i, arg := range args {
			n, err := starlark.AsInt32(arg)
			if err != nil {
				return nil, fmt.Errorf("%s: it takes whole numbers, not %s", name, arg.Type())
			}
			numbers[i] = n
		}
		v, err := m.do(a, numbers)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return v, nil
	}), nil
}

func (m method) takes() string {
	switch {
	case m.most < 0:
		return "whole numbers"
	case m.most == 0:
		return "no arguments"
	}
	return "one whole number"
}

// AttrNames lists fields and methods.
func (a *Array) AttrNames() []string {
	return slices.Sorted(maps.Keys(methodsAndFields))
}

var methodsAndFields = func() map[string]bool {
	all := make(map[string]bool)
	for name := range methods {
		all[name] = true
	}
	for name := range fields {
		all[name] = true
	}
	return all
}()

// Top returns the indices of the n largest numbers, the largest first, of equal ones the first. NaN is smaller than all.
func Top(values []float32, n int) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	number := func(i int) float64 {
		if v := float64(values[i]); v == v {
			return v
		}
		return math.Inf(-1)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(number(b), number(a)) })
	return order[:min(n, len(order))]
}
