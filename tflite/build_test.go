package tflite

import (
	"slices"
	"strings"
	"testing"

	flatbuffers "github.com/google/flatbuffers/go"
)

// build writes m as a .tflite file, with the flatbuffers library that other writers use. Buffers get bytes of their
// own unless external, in which case they are only described.
func build(tb testing.TB, m *Model, external bool) []byte {
	tb.Helper()
	w := writer{flatbuffers.NewBuilder(1024)}
	codes := w.tables(len(m.OperatorCodes), func(i int) flatbuffers.UOffsetT {
		c := m.OperatorCodes[i]
		name := w.text(c.CustomName)
		w.StartObject(4)
		w.PrependInt8Slot(0, int8(min(c.Code, 127)), 0)
		w.PrependUOffsetTSlot(1, name, 0)
		w.PrependInt32Slot(2, c.Version, 1)
		w.PrependInt32Slot(3, int32(c.Code), 0)
		return w.EndObject()
	})
	subgraphs := w.tables(len(m.Subgraphs), func(i int) flatbuffers.UOffsetT { return w.subgraph(m.Subgraphs[i]) })
	buffers := w.tables(len(m.Buffers), func(i int) flatbuffers.UOffsetT { return w.buffer(m.Buffers[i], external) })
	signatures := w.tables(len(m.Signatures), func(i int) flatbuffers.UOffsetT {
		key := w.text(m.Signatures[i].Key)
		w.StartObject(5)
		w.PrependUOffsetTSlot(2, key, 0)
		w.PrependUint32Slot(4, m.Signatures[i].Subgraph, 0)
		return w.EndObject()
	})
	description := w.text(m.Description)
	w.StartObject(8)
	w.PrependUint32Slot(0, m.Version, 0)
	w.PrependUOffsetTSlot(1, codes, 0)
	w.PrependUOffsetTSlot(2, subgraphs, 0)
	w.PrependUOffsetTSlot(3, description, 0)
	w.PrependUOffsetTSlot(4, buffers, 0)
	w.PrependUOffsetTSlot(7, signatures, 0)
	w.FinishWithFileIdentifier(w.EndObject(), []byte(identifier))
	return w.FinishedBytes()
}

type writer struct{ *flatbuffers.Builder }

func (w writer) subgraph(s Subgraph) flatbuffers.UOffsetT {
	tensors := w.tables(len(s.Tensors), func(i int) flatbuffers.UOffsetT { return w.tensor(s.Tensors[i]) })
	operators := w.tables(len(s.Operators), func(i int) flatbuffers.UOffsetT { return w.operator(s.Operators[i]) })
	inputs, outputs, name := w.ints(s.Inputs), w.ints(s.Outputs), w.text(s.Name)
	w.StartObject(5)
	w.PrependUOffsetTSlot(0, tensors, 0)
	w.PrependUOffsetTSlot(1, inputs, 0)
	w.PrependUOffsetTSlot(2, outputs, 0)
	w.PrependUOffsetTSlot(3, operators, 0)
	w.PrependUOffsetTSlot(4, name, 0)
	return w.EndObject()
}

func (w writer) tensor(t Tensor) flatbuffers.UOffsetT {
	shape, signature, name := w.ints(t.Shape), w.ints(t.ShapeSignature), w.text(t.Name)
	quantization := w.quantization(t.Quantization)
	w.StartObject(8)
	w.PrependUOffsetTSlot(0, shape, 0)
	w.PrependByteSlot(1, byte(slices.Index(schemaTypes[:], t.Type)), 0)
	w.PrependUint32Slot(2, t.Buffer, 0)
	w.PrependUOffsetTSlot(3, name, 0)
	w.PrependUOffsetTSlot(4, quantization, 0)
	w.PrependBoolSlot(5, t.IsVariable, false)
	w.PrependUOffsetTSlot(7, signature, 0)
	return w.EndObject()
}

func (w writer) quantization(q Quantization) flatbuffers.UOffsetT {
	if q.Kind == NotQuantized {
		return 0
	}
	scale := w.vector(4, len(q.Scale), func(i int) { w.PrependFloat32(q.Scale[i]) })
	zeroPoint := w.vector(8, len(q.ZeroPoint), func(i int) { w.PrependInt64(q.ZeroPoint[i]) })
	w.StartObject(7)
	w.PrependUOffsetTSlot(2, scale, 0)
	w.PrependUOffsetTSlot(3, zeroPoint, 0)
	w.PrependByteSlot(4, map[QuantizationKind]byte{Blockwise: 2, MultiAxis: 3}[q.Kind], 0)
	w.PrependInt32Slot(6, q.Dimension, 0)
	return w.EndObject()
}

func (w writer) operator(o Operator) flatbuffers.UOffsetT {
	inputs, outputs, intermediates := w.ints(o.Inputs), w.ints(o.Outputs), w.ints(o.Intermediates)
	var options flatbuffers.UOffsetT
	if container, name, ok := strings.Cut(o.Variable, "/"); ok {
		ofContainer, ofName := w.text(container), w.text(name)
		w.StartObject(2)
		w.PrependUOffsetTSlot(0, ofContainer, 0)
		w.PrependUOffsetTSlot(1, ofName, 0)
		options = w.EndObject()
	}
	kind := byte(varHandleOptions)
	if len(o.Params) > 0 {
		kind, options = w.options(o.Params)
	}
	w.StartObject(9)
	w.PrependUint32Slot(0, o.Opcode, 0)
	w.PrependUOffsetTSlot(1, inputs, 0)
	w.PrependUOffsetTSlot(2, outputs, 0)
	if options != 0 {
		w.PrependByteSlot(3, kind, 0)
		w.PrependUOffsetTSlot(4, options, 0)
	}
	w.PrependUOffsetTSlot(8, intermediates, 0)
	return w.EndObject()
}

// options writes the first table that has the parameters.
func (w writer) options(params []Param) (kind byte, at flatbuffers.UOffsetT) {
	for ; len(options[kind]) == 0 || !slices.EqualFunc(named(options[kind]), params, func(o option, p Param) bool { return o.name == p.Name }); kind++ {
	}
	w.StartObject(len(options[kind]))
	for id, o := range options[kind] {
		i := slices.IndexFunc(params, func(p Param) bool { return p.Name == o.name })
		switch {
		case i < 0:
		case o.wide:
			w.PrependInt32Slot(id, int32(params[i].Value), int32(o.byDefault))
		default:
			w.PrependInt8Slot(id, int8(params[i].Value), int8(o.byDefault))
		}
	}
	return kind, w.EndObject()
}

func named(list []option) []option {
	return slices.DeleteFunc(slices.Clone(list), func(o option) bool { return o.name == "" })
}

func (w writer) buffer(b Buffer, external bool) flatbuffers.UOffsetT {
	var data flatbuffers.UOffsetT
	if b.Size > 0 && !external {
		data = w.CreateByteVector(make([]byte, b.Size))
	}
	w.StartObject(3)
	w.PrependUOffsetTSlot(0, data, 0)
	if external {
		w.PrependUint64Slot(1, uint64(b.Offset), 0)
		w.PrependUint64Slot(2, uint64(b.Size), 0)
	}
	return w.EndObject()
}

func (w writer) text(s string) flatbuffers.UOffsetT {
	if s == "" {
		return 0
	}
	return w.CreateString(s)
}

func (w writer) ints(values []int32) flatbuffers.UOffsetT {
	return w.vector(4, len(values), func(i int) { w.PrependInt32(values[i]) })
}

func (w writer) tables(n int, write func(i int) flatbuffers.UOffsetT) flatbuffers.UOffsetT {
	offsets := make([]flatbuffers.UOffsetT, n)
	for i := range offsets {
		offsets[i] = write(i)
	}
	return w.vector(4, n, func(i int) { w.PrependUOffsetT(offsets[i]) })
}

// vector writes n elements; a builder works backwards.
func (w writer) vector(size, n int, prepend func(i int)) flatbuffers.UOffsetT {
	if n == 0 {
		return 0
	}
	w.StartVector(size, n, size)
	for i := range n {
		prepend(n - 1 - i)
	}
	return w.EndVector(n)
}
