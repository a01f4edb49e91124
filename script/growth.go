package script

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// A script is stopped between two steps of its interpreter. So no step may make much more than what it is given: what could is
// asked first, here. What grows slowly is seen by watch.
const (
	// maxElements bounds what one step makes: characters of a text, elements of a list.
	maxElements = 1 << 20
	// maxRange bounds ranges, which are loops mostly and take no memory.
	maxRange = 1 << 22
	// maxBits bounds integers: their products would double with each step.
	maxBits = 1 << 16
)

// tooLarge is the error of a step that would make n elements.
func tooLarge(n int) error {
	return fmt.Errorf("this makes %d elements or more, over the limit of %d", n, maxElements)
}

// The names that bound puts into scripts. They are none that a script could have.
const (
	factorName = "(factor)"
	termName   = "(term)"
	shownName  = "(shown)"
	ownerName  = "(owner)"
)

// operands are the functions that look at the right side of an operator before it is applied.
var operands = map[syntax.Token]string{
	syntax.STAR: factorName, syntax.STAR_EQ: factorName,
	syntax.PLUS: termName, syntax.PLUS_EQ: termName,
	syntax.PERCENT: shownName, syntax.PERCENT_EQ: shownName,
}

// bound makes a script ask before it makes something large.
func bound(file *syntax.File) {
	call := func(name string, x syntax.Expr) syntax.Expr {
		start, end := x.Span()
		return &syntax.CallExpr{Fn: &syntax.Ident{NamePos: start, Name: name}, Lparen: start, Args: []syntax.Expr{x}, Rparen: end}
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.BinaryExpr:
			if name := operands[n.Op]; name != "" {
				n.Y = call(name, n.Y)
			}
		case *syntax.AssignStmt:
			if name := operands[n.Op]; name != "" {
				n.RHS = call(name, n.RHS)
			}
		case *syntax.DotExpr:
			if growing[n.Name.Name] != nil {
				n.X = call(ownerName, n.X)
			}
		}
		return true
	})
}

// bounded takes the place of functions of Starlark's that know no bounds.
var bounded = starlark.StringDict{
	factorName: one("*", func(v starlark.Value) (starlark.Value, error) {
		switch v.(type) {
		case starlark.Float, *Array:
			return v, nil // they make nothing large
		}
		return factor{v}, nil
	}),
	termName: one("+", func(v starlark.Value) (starlark.Value, error) {
		if _, ok := v.(*Array); !ok && starlark.Len(v) > maxElements {
			return nil, tooLarge(starlark.Len(v))
		}
		return v, nil
	}),
	shownName: one("%", func(v starlark.Value) (starlark.Value, error) { return v, shows(v) }),
	ownerName: one(".", func(v starlark.Value) (starlark.Value, error) {
		switch v.(type) {
		case starlark.String, *starlark.List:
			return owner{v}, nil
		}
		return v, nil
	}),
	"range": before("range", func(starlark.Tuple, []starlark.Tuple) error { return nil }),
	"zip": before("zip", func(args starlark.Tuple, _ []starlark.Tuple) error {
		shortest := 0
		for i, arg := range args {
			if n := starlark.Len(arg); i == 0 || n < shortest {
				shortest = n
			}
		}
		if shortest > maxElements/max(len(args), 1) {
			return tooLarge(shortest * len(args))
		}
		return nil
	}),
	"int": before("int", func(args starlark.Tuple, kwargs []starlark.Tuple) error {
		for _, kv := range kwargs {
			args = append(args[:len(args):len(args)], kv[1])
		}
		for _, arg := range args {
			if text, ok := starlark.AsString(arg); ok && len(text) > maxBits/3 {
				return fmt.Errorf("a number of %d digits, over the limit of %d", len(text), maxBits/3)
			}
		}
		return nil
	}),
	"str":  before("str", showsAll),
	"repr": before("repr", showsAll),
	"print": before("print", func(args starlark.Tuple, kwargs []starlark.Tuple) error {
		for _, kv := range kwargs { // sep is between all of them
			if n := starlark.Len(kv[1]); n > 0 && len(args) > maxElements/n {
				return tooLarge(maxElements)
			}
		}
		return showsAll(args, kwargs)
	}),
	"getattr": one("getattr", func(starlark.Value) (starlark.Value, error) {
		return nil, fmt.Errorf("there is no getattr here (write x.name)")
	}),
}

// one makes a function of one that looks at its first argument.
func one(name string, f func(starlark.Value) (starlark.Value, error)) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
		if len(args) == 0 {
			return nil, fmt.Errorf("%s: it takes an argument", name)
		}
		return f(args[0])
	})
}

// before is a function of Starlark's, of whose arguments something is asked first.
func before(name string, asked func(args starlark.Tuple, kwargs []starlark.Tuple) error) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if err := asked(args, kwargs); err != nil {
			return nil, err
		}
		made, err := starlark.Call(thread, starlark.Universe[name], args, kwargs)
		if n := starlark.Len(made); err == nil && name == "range" && n > maxRange {
			return nil, fmt.Errorf("a range of %d, over the limit of %d", n, maxRange)
		}
		return made, err
	})
}

// showsAll refuses arguments whose text together would be too long.
func showsAll(args starlark.Tuple, kwargs []starlark.Tuple) error {
	all := args[:len(args):len(args)]
	for _, kv := range kwargs {
		all = append(all, kv)
	}
	return shows(all)
}

func shows(v starlark.Value) error {
	if left := shown(v, maxElements); left < 0 {
		return tooLarge(maxElements)
	}
	return nil
}

// shown returns what is left of a number of characters when a value is shown; below 0 when they don't suffice.
func shown(v starlark.Value, left int) int {
	switch v := v.(type) {
	case starlark.String:
		return left - len(v) - 2
	case starlark.Bytes:
		return left - len(v) - 2
	case *starlark.Dict:
		for _, item := range v.Items() {
			if left = shown(item, left-4); left < 0 {
				return left
			}
		}
		return left - 2
	case *Array:
		return left - 100
	case starlark.Int:
		if _, small := v.Int64(); !small {
			return left - v.BigInt().BitLen()/3 - 2
		}
	case starlark.Iterable:
		if starlark.Len(v) > left {
			return -1
		}
		it := v.Iterate()
		defer it.Done()
		var element starlark.Value
		for it.Next(&element) {
			if left = shown(element, left-2); left < 0 {
				return left
			}
		}
		return left - 2
	}
	return left - 20
}

// factor is the right side of a product. It sees the left side before the product is made.
type factor struct{ starlark.Value }

// Binary makes the product when it is small enough.
func (f factor) Binary(op syntax.Token, x starlark.Value, side starlark.Side) (starlark.Value, error) {
	if side == starlark.Left {
		return nil, nil
	}
	a, isA := x.(starlark.Int)
	b, isB := f.Value.(starlark.Int)
	switch {
	case isA && isB && a.BigInt().BitLen()+b.BigInt().BitLen() > maxBits:
		return nil, fmt.Errorf("a product of more than %d bits", maxBits)
	case isA != isB:
		times, what := b, x
		if isA {
			times, what = a, f.Value
		}
		if n, ok := times.Int64(); starlark.Len(what) > 0 && (!ok || n > maxElements/int64(starlark.Len(what))) {
			return nil, fmt.Errorf("%d elements, %v times, are over the limit of %d", starlark.Len(what), times, maxElements)
		}
	}
	return starlark.Binary(op, x, f.Value)
}

// growing are the methods of texts and lists that make something larger than what they are given. Each says how large at the most.
var growing = map[string]func(of starlark.Value, args starlark.Tuple) int{
	"replace": func(of starlark.Value, args starlark.Tuple) int {
		if len(args) < 2 {
			return 0
		}
		return (starlark.Len(of) + 1) * max(starlark.Len(args[1]), 1)
	},
	"join": func(of starlark.Value, args starlark.Tuple) int {
		if len(args) == 0 {
			return 0
		}
		return max(starlark.Len(args[0]), 0)*max(starlark.Len(of), 0) + maxElements - shown(args[0], maxElements)
	},
	"format": func(of starlark.Value, args starlark.Tuple) int {
		text, _ := starlark.AsString(of) // which can show each argument many times
		return len(text) + strings.Count(text, "{")*(maxElements-shown(args, maxElements))
	},
	"extend": func(of starlark.Value, args starlark.Tuple) int {
		if len(args) == 0 {
			return 0
		}
		return starlark.Len(of) + max(starlark.Len(args[0]), 0)
	},
}

// owner is a text or list one of whose growing methods is meant.
type owner struct{ starlark.Value }

// AttrNames lists them.
func (o owner) AttrNames() []string { return o.Value.(starlark.HasAttrs).AttrNames() }

// Attr returns a growing method, which asks first.
func (o owner) Attr(name string) (starlark.Value, error) {
	method, err := o.Value.(starlark.HasAttrs).Attr(name)
	if method == nil || err != nil {
		return nil, err
	}
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		given := args[:len(args):len(args)]
		for _, kv := range kwargs {
			given = append(given, kv[1])
		}
		if n := growing[name](o.Value, given); n > maxElements {
			return nil, tooLarge(n)
		}
		return starlark.Call(thread, method, args, kwargs)
	}), nil
}
