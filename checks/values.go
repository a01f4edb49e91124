package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/script"
	"github.com/edgexray/edgexray/trace"
)

// argumentNames are those in "ms=, quantile=0.5".
func argumentNames(takes string) []string {
	var names []string
	for part := range strings.SplitSeq(takes, ",") {
		if name, _, ok := strings.Cut(strings.TrimSpace(part), "="); ok {
			names = append(names, name)
		}
	}
	return names
}

// frameValue is a frame in a check: frame["camera"] is what was marked under a key, frame.inputs and so on are in frameFields.
type frameValue struct {
	log   *frames.Log
	frame *frames.Frame
}

func (v *frameValue) String() string        { return fmt.Sprintf("frame %d", v.frame.Number) }
func (v *frameValue) Type() string          { return "frame" }
func (v *frameValue) Freeze()               {}
func (v *frameValue) Truth() starlark.Bool  { return true }
func (v *frameValue) Hash() (uint32, error) { return uint32(v.frame.Number), nil }

// Get returns what was marked last under a key. The error lists the keys that there are.
func (v *frameValue) Get(key starlark.Value) (starlark.Value, bool, error) {
	name, ok := starlark.AsString(key)
	if !ok {
		return nil, false, fmt.Errorf("a key is a text, not %s", key.Type())
	}
	m := v.frame.Marked(name)
	if m == nil {
		return nil, false, &errMissing{fmt.Sprintf("frame %d has no marker %q (it has %s)", v.frame.Number, name, orNone(v.keys()))}
	}
	value, err := v.marked(m)
	return value, err == nil, err
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (v *frameValue) keys() []string {
	var keys []string
	for _, m := range v.frame.Markers {
		if m.GetKey() != "" && !slices.Contains(keys, m.GetKey()) {
			keys = append(keys, m.GetKey())
		}
	}
	return keys
}

// marked is what a marker holds: an array, numbers, or a text.
func (v *frameValue) marked(m *trace.Marker) (starlark.Value, error) {
	switch {
	case m.GetType() != 0 || m.GetMissing() != "":
		value, err := v.log.Value(m)
		if err != nil {
			return nil, &errMissing{err.Error()}
		}
		return script.NewArray(m.GetKey(), value.Array), nil
	case len(m.GetNumbers()) > 0:
		return numbers(m.GetNumbers()), nil
	}
	return starlark.String(m.GetText()), nil
}

// numbers are one number, or a tuple of several.
func numbers(values []float64) starlark.Value {
	if len(values) == 1 {
		return starlark.Float(values[0])
	}
	t := make(starlark.Tuple, len(values))
	for i, n := range values {
		t[i] = starlark.Float(n)
	}
	return t
}

// frameFields are what a frame has.
var frameFields = map[string]func(v *frameValue) (starlark.Value, error){
	"number":  func(v *frameValue) (starlark.Value, error) { return starlark.MakeInt(v.frame.Number), nil },
	"invoke":  func(v *frameValue) (starlark.Value, error) { return starlark.MakeUint64(v.frame.Invoke), nil },
	"inputs":  func(v *frameValue) (starlark.Value, error) { return tensors(v.frame.Inputs) },
	"outputs": func(v *frameValue) (starlark.Value, error) { return tensors(v.frame.Outputs) },
	"layers":  func(v *frameValue) (starlark.Value, error) { return layers{v.frame}, nil },
	"label": func(v *frameValue) (starlark.Value, error) {
		if label, ok := v.frame.Label(); ok {
			return starlark.String(label), nil
		}
		return starlark.None, nil
	},
	"keys": func(v *frameValue) (starlark.Value, error) {
		var t starlark.Tuple
		for _, k := range v.keys() {
			t = append(t, starlark.String(k))
		}
		return t, nil
	},
	"metrics": func(v *frameValue) (starlark.Value, error) { return v.ofKind(trace.MarkerKind_METRIC) },
	"sensors": func(v *frameValue) (starlark.Value, error) { return v.ofKind(trace.MarkerKind_SENSOR) },
}

// ofKind are the numbers of markers of a kind, by key.
func (v *frameValue) ofKind(kind trace.MarkerKind) (starlark.Value, error) {
	d := starlark.NewDict(0)
	for _, m := range v.frame.Markers {
		if m.GetKind() == kind {
			if err := d.SetKey(starlark.String(m.GetKey()), numbers(m.GetNumbers())); err != nil {
				return nil, err
			}
		}
	}
	d.Freeze()
	return d, nil
}

// Attr returns a field.
func (v *frameValue) Attr(name string) (starlark.Value, error) {
	if field := frameFields[name]; field != nil {
		return field(v)
	}
	return nil, nil
}

// AttrNames lists the fields.
func (v *frameValue) AttrNames() []string { return slices.Sorted(maps.Keys(frameFields)) }

func tensors(list []*frames.Tensor) (starlark.Value, error) {
	t := make(starlark.Tuple, len(list))
	for i, tensor := range list {
		a, err := tensor.Array()
		if err != nil {
			return nil, &errMissing{err.Error()}
		}
		t[i] = script.NewArray(tensor.GetName(), a)
	}
	return t, nil
}

// layers are the tensors that ops made, by name. Going through them gives the names.
type layers struct{ frame *frames.Frame }

func (l layers) String() string        { return "layers" }
func (l layers) Type() string          { return "layers" }
func (l layers) Freeze()               {}
func (l layers) Truth() starlark.Bool  { return true }
func (l layers) Hash() (uint32, error) { return 0, fmt.Errorf("layers are no key") }

// Get returns what was made under a name.
func (l layers) Get(key starlark.Value) (starlark.Value, bool, error) {
	name, _ := starlark.AsString(key)
	t, err := l.frame.Layer(name)
	if err != nil {
		return nil, false, &errMissing{fmt.Sprintf("layer %q: %v", name, err)}
	}
	a, err := t.Array()
	if err != nil {
		return nil, false, &errMissing{err.Error()}
	}
	return script.NewArray(name, a), true, nil
}

// Iterate goes through the names.
func (l layers) Iterate() starlark.Iterator {
	var names []starlark.Value
	for _, name := range l.frame.Layers() {
		names = append(names, starlark.String(name))
	}
	return starlark.NewList(names).Iterate()
}

// traceValue is a trace in a check: its models with their ops. Times are in ms.
func traceValue(r *analyze.OpsResult) starlark.Value {
	var models starlark.Tuple
	for _, m := range r.Models {
		var ops starlark.Tuple
		for _, op := range m.Ops {
			ops = append(ops, structOf(starlark.StringDict{
				"node": starlark.MakeInt(int(op.Node)), "subgraph": starlark.MakeInt(int(op.Subgraph)), "op": starlark.String(op.Op),
				"name": starlark.String(firstName(op.Outputs)), "kernel": starlark.String(op.Kernel), "delegate": starlark.String(op.Delegate),
				"share": starlark.Float(op.Share), "ms": milliseconds(op.Wall),
			}))
		}
		memory := starlark.Value(starlark.None)
		if m.Memory != nil {
			memory = structOf(starlark.StringDict{"peak_mb": megabytes(m.Memory.Peak), "weights_mb": megabytes(m.Memory.Weights), "arena_mb": megabytes(m.Memory.Arena)})
		}
		models = append(models, structOf(starlark.StringDict{
			"name": starlark.String(m.Name), "process": starlark.String(m.Process), "invokes": starlark.MakeUint64(m.Invokes),
			"ms": milliseconds(m.InvokeWall), "ops": ops, "memory": memory,
		}))
	}
	return structOf(starlark.StringDict{"models": models})
}

func structOf(fields starlark.StringDict) starlark.Value {
	return starlarkstruct.FromStringDict(starlarkstruct.Default, fields)
}

func firstName(tensors []analyze.Tensor) string {
	if len(tensors) == 0 {
		return ""
	}
	return tensors[0].Name
}

func megabytes(n uint64) starlark.Value { return starlark.Float(float64(n) / 1e6) }

// milliseconds are a distribution's numbers; None when there is none.
func milliseconds(d *analyze.Distribution) starlark.Value {
	if d == nil || d.Count == 0 {
		return starlark.None
	}
	ms := func(ns uint64) starlark.Value { return starlark.Float(float64(ns) / 1e6) }
	return structOf(starlark.StringDict{
		"min": ms(d.Min), "median": ms(d.Quantile(0.5)), "p90": ms(d.Quantile(0.9)), "p99": ms(d.Quantile(0.99)), "max": ms(d.Max),
		"mean": starlark.Float(float64(d.Sum) / float64(d.Count) / 1e6), "count": starlark.MakeUint64(d.Count),
	})
}
