package accuracy

import (
	"fmt"

	"go.starlark.net/starlark"

	"github.com/edgexray/edgexray/analyze/frames"
	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/script"
)

// The functions that a user's file may have.
const (
	metric     = "metric"     // metric(outputs, label) is how right a sample is: True and False, or a number, larger is better
	detections = "detections" // detections(outputs) lists (class, score, top, left, bottom, right)
)

// Script is a user's file of functions.
type Script struct{ program *script.Program }

// OpenScript reads such a file.
func OpenScript(path string) (*Script, error) {
	p, err := script.Open(path, nil, script.Limits{})
	if err != nil {
		return nil, err
	}
	s := &Script{p}
	if !s.has(metric) && !s.has(detections) {
		return nil, fmt.Errorf("%s: it has neither a function %s(outputs, label) nor %s(outputs)", path, metric, detections)
	}
	return s, nil
}

// HasMetric tells whether the file has a metric of its own.
func (s *Script) HasMetric() bool { return s.has(metric) }

func (s *Script) has(function string) bool {
	return s != nil && s.program.Parameters(function) != nil
}

func arrays(f *frames.Frame, outputs []*step.Array) starlark.Tuple {
	t := make(starlark.Tuple, len(outputs))
	for i, a := range outputs {
		t[i] = script.NewArray(f.Outputs[i].GetName(), a)
	}
	return t
}

func (s *Script) detections(f *frames.Frame, outputs []*step.Array, names []string) ([]Box, error) {
	v, err := s.program.Call(detections, starlark.StringDict{"outputs": arrays(f, outputs)})
	if err != nil {
		return nil, err
	}
	list, ok := v.(starlark.Iterable)
	if !ok {
		return nil, fmt.Errorf("%s: %s returned %s, not a list", s.program.Name, detections, v.Type())
	}
	var boxes []Box
	it := list.Iterate()
	defer it.Done()
	for it.Next(&v) {
		b, err := boxOf(v, names)
		if err != nil {
			return nil, fmt.Errorf("%s: %s returned %s: %w", s.program.Name, detections, script.Text(v), err)
		}
		boxes = append(boxes, b)
	}
	return boxes, nil
}

func boxOf(v starlark.Value, names []string) (Box, error) {
	fields, ok := v.(starlark.Indexable)
	if !ok || fields.Len() != 6 {
		return Box{}, fmt.Errorf("a detection is (class, score, top, left, bottom, right)")
	}
	var b Box
	if name, ok := starlark.AsString(fields.Index(0)); ok {
		b.Class = name
	} else if number, ok := starlark.AsFloat(fields.Index(0)); ok {
		b.Class = className(names, int(number))
	} else {
		return b, fmt.Errorf("a class is a name or a number")
	}
	for i, into := range []*float64{&b.Score, &b.Top, &b.Left, &b.Bottom, &b.End} {
		if *into, ok = starlark.AsFloat(fields.Index(i + 1)); !ok || *into-*into != 0 {
			return b, fmt.Errorf("field %d is no finite number", i+1)
		}
	}
	return b, nil
}

// score is how right a user's metric says that a frame is.
func (s *Script) score(f *frames.Frame, label string) (float64, error) {
	outputs := make([]*step.Array, len(f.Outputs))
	for i, t := range f.Outputs {
		var err error
		if outputs[i], err = t.Array(); err != nil {
			return 0, err
		}
	}
	v, err := s.program.Call(metric, starlark.StringDict{"outputs": arrays(f, outputs), "label": starlark.String(label)})
	if err != nil {
		return 0, err
	}
	if right, ok := v.(starlark.Bool); ok {
		return float64(number(bool(right))), nil
	}
	if n, ok := starlark.AsFloat(v); ok && n-n == 0 {
		return n, nil
	}
	return 0, fmt.Errorf("%s: %s returned %s, neither a finite number nor True or False", s.program.Name, metric, script.Text(v))
}

// custom measures with a user's metric.
func (m *measurement) custom() error {
	if !m.options.Script.has(metric) {
		return fmt.Errorf("there is no function %s(outputs, label) (name a file with --metric)", metric)
	}
	var edge, reference []float64
	labelled := 0
	for _, p := range m.pairs {
		label, ok := m.options.Truth.Label(p.Edge)
		if !ok {
			continue
		}
		labelled++
		if !m.usable(p) {
			continue
		}
		e, err := m.options.Script.score(p.Edge, label)
		r := 0.0
		if err == nil && p.Reference != nil {
			r, err = m.options.Script.score(p.Reference, label)
		}
		if err != nil {
			return fmt.Errorf("frame %d: %w", p.Edge.Number, err)
		}
		edge, reference = append(edge, e), append(reference, r)
		if e != r && m.result.Reference {
			m.result.flip(Flip{p.Edge.Number, nameOf(p.Edge), label, fmt.Sprintf("%.4g", e), fmt.Sprintf("%.4g", r), e < r})
		}
	}
	switch {
	case labelled == 0:
		return fmt.Errorf("%w (mark labels in the app, or name a file with --labels)", ErrNoTruth)
	case len(edge) == 0:
		return fmt.Errorf("no labelled frame has one of the reference")
	}
	m.result.Samples = len(edge)
	all := weights(len(edge))
	x := Metric{Name: metric, Edge: mean(edge, all), Reference: mean(reference, all), P: 1}
	x.Difference = x.Edge - x.Reference
	x.Low, x.High = bootstrap(len(edge), func(drawn []int) float64 { return mean(edge, drawn) - mean(reference, drawn) })
	m.add(x)
	return nil
}

func mean(values []float64, drawn []int) float64 {
	sum, n := 0.0, 0
	for i, v := range values {
		sum += float64(drawn[i]) * v
		n += drawn[i]
	}
	return sum / max(float64(n), 1)
}
