package frames

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/edgexray/edgexray/pipeline/step"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// Tensor is a tensor in one invoke.
type Tensor struct {
	*trace.Tensor
	Missing string // why there is no data
	data    []byte
}

func (t *Tensor) lacks() bool { return t.data == nil }

// Data is its elements as they are stored, in the file; nil when they are missing.
func (t *Tensor) Data() []byte { return t.data }

// Array returns its elements, which refer to the file where a step.Array has their type. Integers of other types become
// INT32 when they fit, everything else FLOAT32.
func (t *Tensor) Array() (*step.Array, error) {
	if t.data == nil {
		return nil, fmt.Errorf("tensor %q has no data: %s", t.GetName(), t.Missing)
	}
	a, err := NewArray(t.Tensor, t.data)
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.GetName(), err)
	}
	return a, nil
}

// NewArray returns a tensor's elements; see Tensor.Array. The error says why they can't be read.
func NewArray(t *trace.Tensor, data []byte) (*step.Array, error) {
	values, err := snapshot.NewValues(t, data)
	if err != nil {
		return nil, err
	}
	a := &step.Array{Shape: make([]int, len(t.GetShape()))}
	for i, d := range t.GetShape() {
		a.Shape[i] = int(d)
	}
	if t.GetChannels() <= 1 {
		a.Scale, a.ZeroPoint = t.GetScale(), int(t.GetZeroPoint())
	}
	switch tflite.Type(t.GetType()) {
	case tflite.UInt8:
		a.Uint8 = full(snapshot.Cast[uint8](data))
	case tflite.Int8:
		a.Int8 = full(snapshot.Cast[int8](data))
	case tflite.Int16:
		a.Int16 = full(snapshot.Cast[int16](data))
	case tflite.Int32:
		a.Int32 = full(snapshot.Cast[int32](data))
	case tflite.Float32:
		a.Float32 = full(snapshot.Cast[float32](data))
	default:
		other(a, values.Read(make([]float64, values.Len), 0))
	}
	return a, nil
}

// full is never nil, so that an array without elements has a type, too.
func full[E any](elements []E) []E {
	if elements == nil {
		return []E{}
	}
	return elements
}

// other keeps numbers of a type that an array doesn't have.
func other(a *step.Array, values []float64) {
	whole := !slices.ContainsFunc(values, func(v float64) bool { return v != math.Trunc(v) || v < math.MinInt32 || v > math.MaxInt32 })
	if whole {
		a.Int32 = make([]int32, len(values))
		for i, v := range values {
			a.Int32[i] = int32(v)
		}
		return
	}
	a.Float32 = make([]float32, len(values))
	for i, v := range values {
		a.Float32[i] = float32(v)
	}
}

// ends finds the frame's inputs and outputs among its captures.
func (f *Frame) ends() {
	s := f.subgraph
	inputs, outputs := s.GetInputs(), s.GetOutputs()
	if !s.GetEndsKnown() {
		inputs, outputs = f.guessEnds()
	}
	f.Inputs, f.Outputs = f.tensors(inputs, snapshot.Role_INPUT), f.tensors(outputs, snapshot.Role_OUTPUT)
}

// guessEnds takes for inputs what was captured as such, and for outputs what no node takes in.
func (f *Frame) guessEnds() (inputs, outputs []int32) {
	taken, made := make(map[int32]bool), make(map[int32]bool)
	for _, c := range f.captures {
		if c.Role == snapshot.Role_INPUT {
			inputs = append(inputs, c.Tensor)
		}
	}
	for _, n := range f.log.File.Nodes {
		if n.GetSubgraph() != f.subgraph.GetId() {
			continue
		}
		for _, t := range n.GetInputs() {
			taken[t.GetIndex()] = true
		}
		for _, t := range n.GetOutputs() {
			made[t.GetIndex()] = true
		}
	}
	slices.Sort(inputs)
	for _, t := range slices.Sorted(maps.Keys(made)) {
		if !taken[t] && t >= 0 {
			outputs = append(outputs, t)
		}
	}
	return slices.Compact(inputs), outputs
}

func (f *Frame) tensors(indices []int32, role snapshot.Role) []*Tensor {
	var list []*Tensor
	for _, index := range indices {
		if index >= 0 {
			list = append(list, f.tensor(index, role))
		}
	}
	return list
}

// tensor returns what was captured last of a tensor in a role; an output that is an input as well was captured as that.
func (f *Frame) tensor(index int32, role snapshot.Role) *Tensor {
	for _, r := range []snapshot.Role{role, snapshot.Role_INPUT} {
		for _, c := range slices.Backward(f.captures) {
			if c.Tensor == index && c.Role == r {
				return f.captured(c)
			}
		}
	}
	return &Tensor{Tensor: &trace.Tensor{Index: index}, Missing: "it was not captured"}
}

func (f *Frame) captured(c snapshot.Captured) *Tensor {
	t := &Tensor{Tensor: f.log.File.Tensor(c.Capture), data: c.Data, Missing: c.Missing}
	if t.data == nil && t.Missing == "" {
		t.Missing = "only its statistics were captured"
	}
	return t
}

// Layer returns what the op that makes the tensor with a name made. There is an error when there is none.
func (f *Frame) Layer(name string) (*Tensor, error) {
	for _, c := range f.captures {
		if t := f.log.File.Tensor(c.Capture); c.Role == snapshot.Role_OUTPUT && t.GetName() == name {
			return f.captured(c), nil
		}
	}
	return nil, errors.New("no layer has that name")
}

// Layers are the names of the tensors that ops made, in the order in which they ran.
func (f *Frame) Layers() []string {
	var names []string
	seen := make(map[string]bool)
	for _, c := range f.captures {
		if name := f.log.File.Tensor(c.Capture).GetName(); c.Role == snapshot.Role_OUTPUT && name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}
