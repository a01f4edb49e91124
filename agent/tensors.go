package agent

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// maxListed bounds how many tensors of one node are described: what is in an app's memory may be anything.
const maxListed = 4096

// tensor decodes a tensor that BPF sent. What BPF could not read, because a page was not there, is read from the process
// while it lives.
func (g *subgraph) tensor(r *bpf.TensorRecord) *trace.Tensor {
	if r.Index < 0 {
		return &trace.Tensor{Index: -1} // an optional one that is left out
	}
	raw, _ := tflite.DecodeTensor(r.Raw[:min(r.RawBytes, uint32(len(r.Raw)))])
	t := describeTensor(r.Index, raw)
	if r.DimsCount >= 0 && r.DimsCount <= bpf.MaxDims {
		t.Shape = append([]int32{}, r.Dims[:r.DimsCount]...)
	} else {
		t.Shape = g.process.ints(raw.Dims)
	}
	switch {
	case r.Channels > 0:
		t.Scale, t.ZeroPoint = float64(math.Float32frombits(r.Scale)), int64(r.ZeroPoint)
		t.Channels, t.QuantizedDimension = uint32(r.Channels), r.QuantizedDimension
	case r.Channels < 0:
		g.process.quantization(t, raw)
	}
	// A name that fills the record was cut.
	if r.NameBytes > 0 && int(r.NameBytes) < len(r.Name) {
		t.Name = cString(r.Name[:])
	} else if name, ok := g.process.readString(raw.Name, 64<<10); ok {
		t.Name = name
	} else if r.NameBytes > 0 {
		t.Name = cString(r.Name[:])
	}
	t.Name = strings.Clone(t.Name)
	return t
}

func describeTensor(index int32, raw tflite.RawTensor) *trace.Tensor {
	t := &trace.Tensor{
		Index:      index,
		Type:       int32(raw.Type),
		Scale:      float64(raw.Scale),
		ZeroPoint:  int64(raw.ZeroPoint),
		Allocation: int32(raw.Allocation),
		Bytes:      raw.Bytes,
		Variable:   raw.IsVariable,
	}
	// Where the others are changes from invoke to invoke: each time would be another description.
	switch raw.Allocation {
	case tflite.MmapRo, tflite.ArenaRw, tflite.ArenaRwPersistent:
		t.Address = raw.Data
	}
	return t
}

// lists are the addresses of a node's lists of tensors, as BPF numbers them.
func lists(raw tflite.RawNode) [bpf.Lists]uint64 {
	return [bpf.Lists]uint64{bpf.ListInputs: raw.Inputs, bpf.ListOutputs: raw.Outputs, bpf.ListTemporaries: raw.Temporaries}
}

// fill completes a node's lists of tensors: those past BPF's limits, and those of which it could not even tell.
func (p *process) fill(n *pieces, raw tflite.RawNode) {
	for list, array := range lists(raw) {
		p.fillList(n, array, n.tensors[list])
	}
}

func (p *process) fillList(n *pieces, array uint64, list []*trace.Tensor) {
	var indices []int32
	for slot, t := range list {
		if t != nil {
			continue
		}
		if indices == nil {
			indices = p.ints(array)
		}
		list[slot] = &trace.Tensor{Index: -1}
		switch {
		case slot >= len(indices):
			n.missing = true
		case indices[slot] >= 0:
			if t, ok := p.readTensor(n.raw.Context, indices[slot]); ok {
				list[slot] = t
			} else {
				list[slot].Index = indices[slot]
				n.missing = true
			}
		}
	}
}

// readBeyond reads the tensors that BPF leaves out of long lists, as soon as the node is known: a process that was
// launched stands still until we have them, any other may end soon. What fails here fill tries again.
func (n *node) readBeyond() {
	p := n.subgraph.process
	raw, _ := tflite.DecodeNode(n.pieces.raw.Raw[:])
	for list, array := range lists(raw) {
		tensors := n.pieces.tensors[list]
		if len(tensors) <= bpf.MaxTensors {
			continue
		}
		indices := p.ints(array)
		for slot := bpf.MaxTensors; slot < min(len(indices), len(tensors)); slot++ {
			if indices[slot] < 0 {
				tensors[slot] = &trace.Tensor{Index: -1}
			} else if t, ok := p.readTensor(n.pieces.raw.Context, indices[slot]); ok {
				tensors[slot] = t
			}
		}
	}
}

// readTensor describes a tensor from a live process.
func (p *process) readTensor(context uint64, index int32) (*trace.Tensor, bool) {
	var pointer [8]byte
	if p.read(context+tflite.ContextTensors, pointer[:]) != nil {
		return nil, false
	}
	var memory [tflite.TensorSize]byte
	address := binary.LittleEndian.Uint64(pointer[:]) + uint64(index)*tflite.TensorSize
	if p.read(address, memory[:]) != nil {
		return nil, false
	}
	raw, _ := tflite.DecodeTensor(memory[:])
	return p.completeTensor(index, raw), true
}

// completeTensor describes a tensor with what it points to in a live process.
func (p *process) completeTensor(index int32, raw tflite.RawTensor) *trace.Tensor {
	t := describeTensor(index, raw)
	t.Shape = p.ints(raw.Dims)
	p.quantization(t, raw)
	t.Name, _ = p.readString(raw.Name, 64<<10)
	return t
}

func (p *process) quantization(t *trace.Tensor, raw tflite.RawTensor) {
	var memory [tflite.AffineSize]byte
	if raw.Quantization != tflite.Affine || p.read(raw.QuantizationParams, memory[:]) != nil {
		return
	}
	affine, _ := tflite.DecodeAffine(memory[:])
	scales := p.ints(affine.Scale) // a TfLiteFloatArray has the same shape
	if len(scales) == 0 {
		return
	}
	t.Scale = float64(math.Float32frombits(uint32(scales[0])))
	t.Channels, t.QuantizedDimension = uint32(len(scales)), affine.Dimension
	if zeroPoints := p.ints(affine.ZeroPoint); len(zeroPoints) > 0 {
		t.ZeroPoint = int64(zeroPoints[0])
	}
}

// ints reads a TfLiteIntArray of a live process; nil when it can't be read or is longer than any real one.
func (p *process) ints(array uint64) []int32 {
	var size [4]byte
	if array == 0 || p.read(array, size[:]) != nil {
		return nil
	}
	n := int32(binary.LittleEndian.Uint32(size[:]))
	if n < 0 || n > 1<<20 {
		return nil
	}
	memory := make([]byte, 4*n)
	if p.read(array+4, memory) != nil {
		return nil
	}
	return int32s(memory)
}

func int32s(memory []byte) []int32 {
	values := make([]int32, len(memory)/4)
	for i := range values {
		values[i] = int32(binary.LittleEndian.Uint32(memory[4*i:]))
	}
	return values
}
