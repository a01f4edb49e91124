// Package tensorexport turns a snapshot into files of arrays that other programs read. What it writes streams from the
// mapped snapshot: its own memory doesn't grow with the data.
package tensorexport

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"

	"github.com/edgexray/edgexray/analyze/tensors"
	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// element is what a type's elements are in the formats.
type element struct {
	npy         string // a type string of NumPy
	safetensors string
	unpack      bool // a byte for each, in place of half of one
}

// elements are the types that are arrays in the formats.
// Sources: https://numpy.org/doc/stable/reference/arrays.interface.html, https://huggingface.co/docs/safetensors.
// NumPy has no bfloat16: its bits are given as integers.
var elements = map[tflite.Type]element{
	tflite.Float32:  {npy: "<f4", safetensors: "F32"},
	tflite.Float16:  {npy: "<f2", safetensors: "F16"},
	tflite.BFloat16: {npy: "<u2", safetensors: "BF16"},
	tflite.Float64:  {npy: "<f8", safetensors: "F64"},
	tflite.Int8:     {npy: "|i1", safetensors: "I8"},
	tflite.UInt8:    {npy: "|u1", safetensors: "U8"},
	tflite.Int16:    {npy: "<i2", safetensors: "I16"},
	tflite.UInt16:   {npy: "<u2", safetensors: "U16"},
	tflite.Int32:    {npy: "<i4", safetensors: "I32"},
	tflite.UInt32:   {npy: "<u4", safetensors: "U32"},
	tflite.Int64:    {npy: "<i8", safetensors: "I64"},
	tflite.UInt64:   {npy: "<u8", safetensors: "U64"},
	tflite.Bool:     {npy: "|b1", safetensors: "BOOL"},
	tflite.Int4:     {npy: "|i1", safetensors: "I8", unpack: true},
}

// bytesOnly is what the data of other types is given as, and data that doesn't fit its tensor's shape.
var bytesOnly = element{npy: "|u1", safetensors: "U8"}

// maxDimensions is how many NumPy took before version 2.
const maxDimensions = 32

// array is one captured tensor as it is written.
type array struct {
	key     string
	about   about
	element element
	shape   []int64
	bytes   uint64 // as written
	data    []byte
	values  snapshot.Values // of what is unpacked
}

// about is what the formats say of an array beside its elements.
type about struct {
	tensors.Described
	PID         int32            `json:"pid"`
	Process     string           `json:"process"`
	Model       string           `json:"model"`
	Subgraph    int32            `json:"subgraph"`
	Interpreter uint32           `json:"interpreter"`
	Invoke      uint64           `json:"invoke"`
	Scales      []tensors.Number `json:"scales"` // one for each channel; empty when they are quantized alike
	ZeroPoints  []int64          `json:"zero_points"`
	Bytes       bool             `json:"bytes_only"` // the array is the data's bytes, not its elements
}

func (a *about) json() ([]byte, error) { return json.Marshal(a) }

// arrays yields the captures that have data, of all invokes for 0, or of the one with that number in its subgraph.
func arrays(f *snapshot.File, invoke uint64) iter.Seq[*array] {
	return func(yield func(*array) bool) {
		names := make(map[string]int)
		for c := range f.All() {
			if c.Data == nil || invoke != 0 && c.Invoke != invoke {
				continue
			}
			if !yield(newArray(f, c, names)) {
				return
			}
		}
	}
}

// Count returns how many captures have data to export, and how many have none.
func Count(f *snapshot.File, invoke uint64) (with, without int) {
	for _, c := range f.Captures {
		switch {
		case invoke != 0 && c.Invoke != invoke:
		case c.Data == nil:
			without++
		default:
			with++
		}
	}
	return with, without
}

func newArray(f *snapshot.File, c snapshot.Captured, names map[string]int) *array {
	t := f.Tensor(c.Capture)
	a := &array{key: key(f, c.Capture, names), about: describe(f, c, t), data: c.Data}
	a.element, a.shape = elements[tflite.Type(t.GetType())], make([]int64, len(t.GetShape()))
	for i, d := range t.GetShape() {
		a.shape[i] = int64(d)
	}
	var err error
	a.values, err = snapshot.NewValues(t, c.Data)
	if a.element.npy == "" || err != nil || len(a.shape) > maxDimensions {
		a.element, a.shape, a.about.Bytes = bytesOnly, []int64{int64(len(c.Data))}, true
	}
	a.bytes = uint64(len(c.Data))
	if a.element.unpack {
		a.bytes = uint64(a.values.Len)
	}
	return a
}

// key names an array: s1/n12/t45/i3 is the output tensor 45 of node 12 in subgraph 1 (its number in the snapshot, which
// no other interpreter's has), invoke 3. Other roles follow: s1/n0/t0/i3/input. So does a number, from 2 on, for a
// capture that would have the name of one before.
func key(f *snapshot.File, c *snapshot.Capture, names map[string]int) string {
	n := f.Nodes[c.Node]
	index := int32(-1)
	if n != nil {
		index = n.Index
	}
	name := fmt.Sprintf("s%d/n%d/t%d/i%d", n.GetSubgraph(), index, c.Tensor, c.Invoke)
	if c.Role != snapshot.Role_OUTPUT {
		name += "/" + tensors.Role(c.Role)
	}
	names[name]++
	if times := names[name]; times > 1 {
		name = fmt.Sprintf("%s/%d", name, times)
	}
	return name
}

func describe(f *snapshot.File, c snapshot.Captured, t *trace.Tensor) about {
	s := f.Subgraphs[f.Nodes[c.Node].GetSubgraph()]
	p := f.Processes[s.GetProcess()]
	a := about{
		Described: tensors.Describe(f, c.Capture), PID: p.GetPid(), Process: p.GetName(), Model: f.Models[s.GetModel()].GetPath(),
		Subgraph: s.GetIndex(), Interpreter: s.GetInterpreter(), Invoke: c.Invoke,
		Scales: make([]tensors.Number, len(t.GetScales())), ZeroPoints: append([]int64{}, t.GetZeroPoints()...),
	}
	for i, scale := range t.GetScales() {
		a.Scales[i] = tensors.Number(scale)
	}
	return a
}

// writeData writes the array's elements.
func (a *array) writeData(w io.Writer) error {
	if !a.element.unpack {
		_, err := w.Write(a.data)
		return err
	}
	var values [4096]float64
	var unpacked [len(values)]byte
	for first := 0; first < a.values.Len; first += len(values) {
		part := a.values.Read(values[:], first)
		for i, v := range part {
			unpacked[i] = byte(int8(v))
		}
		if _, err := w.Write(unpacked[:len(part)]); err != nil {
			return err
		}
	}
	return nil
}
