package work

import (
	"math/bits"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/tflite"
)

// limit is what no count reaches: 2^53, beyond which a float64, as in JSON, isn't exact. Arithmetic saturates above it.
const limit = 1 << 53

// node is what rows of the tables ask about a node. What can't be answered makes its work unknown.
type node struct {
	op              string
	custom          bool
	inputs, outputs []analyze.Tensor
	params          map[string]int64
	within          map[int32]bool // indices of tensors that stay within the operator

	unknown bool
	assumed []string
}

// in returns the shape of an input that has to be there.
func (n *node) in(i int) shape { return n.shape(n.inputs, i) }

// out returns the shape of an output that has to be there.
func (n *node) out(i int) shape { return n.shape(n.outputs, i) }

// has tells whether an optional input is there.
func (n *node) has(i int) bool { return i < len(n.inputs) && n.inputs[i].Index >= 0 }

func (n *node) shape(of []analyze.Tensor, i int) shape {
	if i >= len(of) || of[i].Index < 0 || of[i].Unshaped {
		n.unknown = true
		return shape{node: n}
	}
	for _, d := range of[i].Shape {
		n.unknown = n.unknown || d < 0
	}
	return shape{n, of[i].Shape}
}

// param returns a parameter. Without the model's file it isn't known.
func (n *node) param(name string) (uint64, bool) {
	v, ok := n.params[name]
	return uint64(v), ok && v >= 0
}

func (n *node) assume(what string) { n.assumed = append(n.assumed, what) }

// shape is the dimensions of a tensor.
type shape struct {
	node *node
	dims []int32
}

// dim returns a dimension, counted from the end when i is negative.
func (s shape) dim(i int) uint64 {
	if i < 0 {
		i += len(s.dims)
	}
	if i < 0 || i >= len(s.dims) {
		s.node.unknown = true
		return 0
	}
	return uint64(max(s.dims[i], 0))
}

// elements returns how many the tensor has; a scalar has one.
func (s shape) elements() uint64 {
	n := uint64(1)
	for _, d := range s.dims {
		n = times(n, uint64(max(d, 0)))
	}
	return n
}

// bytes returns the size of a tensor, 0 when it is absent or stays within the operator. A resource is only a handle.
func (n *node) bytes(t analyze.Tensor) uint64 {
	if t.Index < 0 || n.within[t.Index] {
		return 0
	}
	return n.size(t)
}

func (n *node) size(t analyze.Tensor) uint64 {
	if t.Type == tflite.Resource.String() {
		return 0
	}
	bits := typeBits[t.Type]
	n.unknown = n.unknown || bits == 0
	return sum(times(n.shape([]analyze.Tensor{t}, 0).elements(), bits), 7) / 8
}

// inputBytes returns the size of an input that has to be there.
func (n *node) inputBytes(i int) uint64 {
	n.in(i)
	if n.unknown {
		return 0
	}
	return n.bytes(n.inputs[i])
}

// made returns the size of all outputs, whether they stay within the operator or not.
func (n *node) made() uint64 {
	total := uint64(0)
	for _, t := range n.outputs {
		if t.Index >= 0 {
			total = sum(total, n.size(t))
		}
	}
	return total
}

// typeBits is the size of an element, by the type's name.
var typeBits = func() map[string]uint64 {
	sizes := make(map[string]uint64)
	for t := tflite.NoType; t <= tflite.Float8E5M2; t++ {
		sizes[t.String()] = uint64(t.Bits())
	}
	return sizes
}()

// times multiplies, and sum adds: numbers beyond the limit stay there.
func times(factors ...uint64) uint64 {
	product := uint64(1)
	for _, f := range factors {
		high, low := bits.Mul64(product, f)
		if high != 0 {
			low = limit
		}
		product = min(low, limit)
	}
	return product
}

func sum(terms ...uint64) uint64 {
	total := uint64(0)
	for _, t := range terms {
		total = min(total+min(t, limit), limit)
	}
	return total
}
