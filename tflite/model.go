package tflite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
)

// Model is what a .tflite file says, without its weights. Its indices are valid: an operator's op code and tensors, a
// tensor's buffer and a signature's subgraph exist.
type Model struct {
	Version       uint32 // of the schema: 3
	Description   string
	OperatorCodes []OperatorCode
	Subgraphs     []Subgraph // the first one is the main one
	Buffers       []Buffer
	Signatures    []Signature
}

// OperatorCode is a kind of op that the model uses.
type OperatorCode struct {
	Code       OpCode
	CustomName string // of an OpCustom
	Version    int32
}

// String returns the op's name.
func (c OperatorCode) String() string { return OpName(c.Code, c.CustomName) }

// Subgraph is a graph of operators, in the order they run; an operator's index is its node's index at run time.
type Subgraph struct {
	Name            string
	Tensors         []Tensor
	Inputs, Outputs []int32 // indices of Tensors; -1 for none
	Operators       []Operator
}

// Tensor is a value of a subgraph.
type Tensor struct {
	Name           string
	Type           Type // NoType when the file has a type newer than this package
	Shape          []int32
	ShapeSignature []int32 // Shape with -1 for dimensions that the app may choose; nil when there is none
	Buffer         uint32  // index of its constant data in Buffers; that buffer is empty when it has none
	IsVariable     bool
	Quantization   Quantization
}

// Quantization says what real value an integer of a tensor stands for: Scale * (value - ZeroPoint).
type Quantization struct {
	Kind      QuantizationKind
	Scale     []float32 // one, or one for each index of Dimension
	ZeroPoint []int64
	Dimension int32
}

// Operator is a node.
type Operator struct {
	Opcode                         uint32  // index of OperatorCodes
	Inputs, Outputs, Intermediates []int32 // indices of Tensors; -1 for an optional one that is left out
	Variable                       string  // of VAR_HANDLE: container and name of what its output refers to, "/x"; otherwise empty
	Params                         []Param // options, as far as this package knows them
}

// Buffer is a range of the file, in bytes. Size is 0 for data that isn't there.
type Buffer struct {
	Offset, Size int64
}

// Signature is an entry point of the model.
type Signature struct {
	Key      string
	Subgraph uint32 // index of Subgraphs
}

const identifier = "TFL3" // of the flatbuffers format, at offset 4

// IsModel reports whether a file that begins with head is a .tflite file. It needs 8 bytes.
func IsModel(head []byte) bool { return len(head) >= 8 && string(head[4:8]) == identifier }

// ParseModel reads a .tflite file that is in memory. See OpenModel.
func ParseModel(data []byte) (*Model, error) {
	return OpenModel(bytes.NewReader(data), int64(len(data)))
}

// OpenModel reads what a .tflite file of size bytes says; r stays the caller's. The file may be damaged or hostile: then
// an error says where. Besides the model, which takes at most a small multiple of the file's size, it needs 256 KiB.
func OpenModel(r io.ReaderAt, size int64) (*Model, error) {
	f := newFlatbuffer(r, size)
	var head [8]byte
	f.read(0, head[:])
	if f.err == nil && !IsModel(head[:]) {
		f.fail(errors.New("no \"TFL3\" at offset 4 (not a .tflite file?)"))
	}
	model := f.model()
	if f.err != nil {
		return nil, fmt.Errorf("parse model: %w", f.err)
	}
	return model, nil
}

// Field numbers below are the order of fields in the tables of LiteRT's tflite/converter/schema/schema.fbs; a union
// counts as two.

func (f *flatbuffer) model() *Model {
	t := f.table(f.follow(0))
	m := &Model{
		Version:       t.uint32(0),
		Description:   t.string(3),
		OperatorCodes: tables(t, 1, "operator code", operatorCode),
		Buffers:       tables(t, 4, "buffer", buffer),
	}
	m.Subgraphs = tables(t, 2, "subgraph", m.subgraph)
	m.Signatures = tables(t, 7, "signature", m.signature)
	return m
}

func operatorCode(t table) OperatorCode {
	return OperatorCode{
		// The old field is a byte and holds 127 for codes beyond; files older than the new field have 0 there.
		Code:       OpCode(max(int32(int8(t.byte(0))), t.int32(3, 0))),
		CustomName: t.string(1),
		Version:    t.int32(2, 1),
	}
}

func buffer(t table) Buffer {
	if at, n := t.vector(0, 1); n > 0 {
		return Buffer{at, n}
	}
	// A file above 2 GB keeps data behind the flatbuffer. Offset 1 is a placeholder.
	offset, size := t.uint64(1), t.uint64(2)
	if offset <= 1 || size == 0 {
		return Buffer{}
	}
	if offset > math.MaxInt64 || size > math.MaxInt64 || int64(offset) > t.size-int64(size) {
		t.fail(fmt.Errorf("%d bytes at offset %d: %w", size, offset, errTruncated))
	}
	return Buffer{int64(offset), int64(size)}
}

func (m *Model) subgraph(t table) Subgraph {
	s := Subgraph{
		Name:    t.string(4),
		Tensors: tables(t, 0, "tensor", m.tensor),
		Inputs:  numbers[int32](t, 1),
		Outputs: numbers[int32](t, 2),
	}
	s.check(t, "inputs", s.Inputs)
	s.check(t, "outputs", s.Outputs)
	s.Operators = tables(t, 3, "operator", func(t table) Operator { return m.operator(&s, t) })
	return s
}

func (m *Model) tensor(t table) Tensor {
	tensor := Tensor{
		Name:           t.string(3),
		Shape:          numbers[int32](t, 0),
		ShapeSignature: numbers[int32](t, 7),
		Buffer:         t.uint32(2),
		IsVariable:     t.bool(5),
	}
	if code := int(t.byte(1)); code < len(schemaTypes) {
		tensor.Type = schemaTypes[code]
	}
	if q, ok := t.child(4); ok {
		tensor.Quantization = quantization(q)
	}
	if tensor.Buffer != 0 && int64(tensor.Buffer) >= int64(len(m.Buffers)) {
		t.fail(fmt.Errorf("buffer %d of %d does not exist (a damaged file)", tensor.Buffer, len(m.Buffers)))
	}
	return tensor
}

// The schema's union QuantizationDetails: which kinds it may hold; the others are none that the runtime knows.
var quantizationDetails = map[uint8]QuantizationKind{2: Blockwise, 3: MultiAxis}

func quantization(t table) Quantization {
	if kind := quantizationDetails[t.byte(4)]; kind != NotQuantized {
		return Quantization{Kind: kind}
	}
	q := Quantization{Scale: numbers[float32](t, 2)}
	if len(q.Scale) == 0 { // minimum and maximum alone are left over from training
		return q
	}
	q.Kind = Affine
	q.ZeroPoint = numbers[int64](t, 3)
	q.Dimension = t.int32(6, 0)
	return q
}

// varHandleOptions is the member of the schema's union BuiltinOptions that holds texts.
const varHandleOptions = 111

func (m *Model) operator(s *Subgraph, t table) Operator {
	op := Operator{
		Opcode:        t.uint32(0),
		Inputs:        numbers[int32](t, 1),
		Outputs:       numbers[int32](t, 2),
		Intermediates: numbers[int32](t, 8),
		Params:        t.params(),
	}
	if int64(op.Opcode) >= int64(len(m.OperatorCodes)) {
		t.fail(fmt.Errorf("operator code %d of %d does not exist (a damaged file)", op.Opcode, len(m.OperatorCodes)))
	}
	if options, ok := t.child(4); ok && t.byte(3) == varHandleOptions {
		op.Variable = options.string(0) + "/" + options.string(1)
	}
	s.check(t, "inputs", op.Inputs)
	s.check(t, "outputs", op.Outputs)
	s.check(t, "intermediates", op.Intermediates)
	return op
}

// check fails unless every index is that of a tensor, or -1.
func (s *Subgraph) check(t table, noun string, indices []int32) {
	for _, i := range indices {
		if i < -1 || int(i) >= len(s.Tensors) {
			t.fail(fmt.Errorf("%s: tensor %d of %d does not exist (a damaged file)", noun, i, len(s.Tensors)))
			return
		}
	}
}

func (m *Model) signature(t table) Signature {
	s := Signature{Key: t.string(2), Subgraph: t.uint32(4)}
	if int64(s.Subgraph) >= int64(len(m.Subgraphs)) {
		t.fail(fmt.Errorf("subgraph %d of %d does not exist (a damaged file)", s.Subgraph, len(m.Subgraphs)))
	}
	return s
}
