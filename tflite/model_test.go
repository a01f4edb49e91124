package tflite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// example uses every field.
func example() *Model {
	return &Model{
		Version:     3,
		Description: "example",
		OperatorCodes: []OperatorCode{
			{Code: 3, Version: 5}, {Code: OpCustom, CustomName: "MyOp", Version: 1}, {Code: 150, Version: 2},
			{Code: OpWhile, Version: 1},
		},
		Buffers: []Buffer{{}, {Size: 64}, {}},
		Subgraphs: []Subgraph{
			{
				Name: "main",
				Tensors: []Tensor{
					{Name: "input", Type: UInt8, Shape: []int32{1, 8, 8, 3}, ShapeSignature: []int32{-1, 8, 8, 3}},
					{
						Name: "filter", Type: Int8, Shape: []int32{2, 1, 1, 3}, Buffer: 1,
						Quantization: Quantization{Kind: Affine, Scale: []float32{0.5, 0.25}, ZeroPoint: []int64{0, -3}, Dimension: 3},
					},
					{Name: "scratch", Type: Int16, Shape: []int32{4}},
					{Name: "out", Type: Int4, Shape: []int32{1, 2}, Quantization: Quantization{Kind: Blockwise}},
					{Name: "état", Type: Resource, IsVariable: true, Buffer: 2},
				},
				Inputs: []int32{0}, Outputs: []int32{3},
				Operators: []Operator{
					{Opcode: 0, Inputs: []int32{0, 1, -1}, Outputs: []int32{2}, Params: []Param{
						{"padding", 1}, {"stride_w", 2}, {"stride_h", 3}, {"fused_activation_function", 3},
						{"dilation_w_factor", 1}, {"dilation_h_factor", 4}, // 1 is the default, and not written
					}},
					{Opcode: 1, Inputs: []int32{2}, Outputs: []int32{3}, Intermediates: []int32{2}},
					{Opcode: 3, Inputs: []int32{4}},
				},
			},
			{Name: "body", Tensors: []Tensor{{Name: "x", Type: Float32}}, Operators: []Operator{{Opcode: 2, Inputs: []int32{0}, Outputs: []int32{0}}}},
		},
		Signatures: []Signature{{Key: "serving_default", Subgraph: 0}, {Key: "other", Subgraph: 1}},
	}
}

func TestModelReadsWhatWasWritten(t *testing.T) {
	want := example()
	data := build(t, want, false)
	got, err := ParseModel(data)
	if err != nil {
		t.Fatal(err)
	}
	if at := got.Buffers[1].Offset; at < 8 || at+64 > int64(len(data)) || binary.LittleEndian.Uint32(data[at-4:]) != 64 {
		t.Errorf("buffer 1 at offset %d of %d, want 64 bytes after their length", at, len(data))
	}
	want.Buffers[1].Offset = got.Buffers[1].Offset
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read is not what was written (-want +got):\n%s", diff)
	}
	var names []string
	for _, o := range got.Subgraphs[0].Operators {
		names = append(names, got.OperatorCodes[o.Opcode].String())
	}
	if diff := cmp.Diff([]string{"CONV_2D", "MyOp", "WHILE"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestModelVariable(t *testing.T) {
	want := &Model{
		OperatorCodes: []OperatorCode{{Code: OpVarHandle, Version: 1}}, Buffers: []Buffer{{}}, Signatures: []Signature{},
		Subgraphs: []Subgraph{{Tensors: []Tensor{{Type: Resource}}, Operators: []Operator{
			{Outputs: []int32{0}, Variable: "/state"}, {Outputs: []int32{0}, Variable: "container/state"},
		}}},
	}
	got, err := ParseModel(build(t, want, false))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Subgraphs[0].Operators, got.Subgraphs[0].Operators, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("read is not what was written (-want +got):\n%s", diff)
	}
}

// A model above 2 GB keeps its weights behind the flatbuffer.
func TestModelExternalBuffers(t *testing.T) {
	m := example()
	m.Buffers[1] = Buffer{Offset: 3 << 30, Size: 64}
	data := build(t, m, true)
	path := filepath.Join(t.TempDir(), "large.tflite")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	const size = 3<<30 + 64
	if err := os.Truncate(path, size); err != nil { // a sparse file
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := OpenModel(file, size)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Buffers, got.Buffers); diff != "" {
		t.Error(diff)
	}
	if _, err := ParseModel(data); !errors.Is(err, errTruncated) {
		t.Errorf("data missing: %v, want %v", err, errTruncated)
	}
}

func TestModelOldOperatorCodes(t *testing.T) {
	m := example()
	data := build(t, m, false)
	// Code 3 as files had it before builtin_code was added: the new field is the default.
	field := bytes.LastIndex(data, []byte{3, 0, 0, 0, 5, 0, 0, 0}) // builtin_code and version of operator code 0
	if field < 0 {
		t.Fatal("layout of the written operator code has changed")
	}
	data[field] = 0
	got, err := ParseModel(data)
	if err != nil {
		t.Fatal(err)
	}
	if got.OperatorCodes[0] != m.OperatorCodes[0] {
		t.Errorf("operator code is %+v, want %+v", got.OperatorCodes[0], m.OperatorCodes[0])
	}
}

func TestModelRefusesWhatContradictsItself(t *testing.T) {
	tests := []struct {
		name   string
		damage func(*Model)
		want   string
	}{
		{"operator code", func(m *Model) { m.Subgraphs[0].Operators[1].Opcode = 4 }, "subgraph 0: operator 1: operator code 4 of 4"},
		{"input", func(m *Model) { m.Subgraphs[0].Operators[0].Inputs[2] = 5 }, "operator 0: inputs: tensor 5 of 5"},
		{"output", func(m *Model) { m.Subgraphs[0].Operators[0].Outputs[0] = -2 }, "operator 0: outputs: tensor -2 of 5"},
		{"intermediate", func(m *Model) { m.Subgraphs[0].Operators[1].Intermediates[0] = 9 }, "intermediates: tensor 9"},
		{"graph output", func(m *Model) { m.Subgraphs[0].Outputs[0] = 7 }, "subgraph 0: outputs: tensor 7"},
		{"buffer", func(m *Model) { m.Subgraphs[0].Tensors[1].Buffer = 3 }, "tensor 1: buffer 3 of 3"},
		{"signature", func(m *Model) { m.Signatures[1].Subgraph = 2 }, "signature 1: subgraph 2 of 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := example()
			test.damage(m)
			got, err := ParseModel(build(t, m, false))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v, want an error with %q", got, err, test.want)
			}
		})
	}
}

func TestModelTruncated(t *testing.T) {
	data := build(t, example(), false)
	whole, err := ParseModel(data)
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		got, err := ParseModel(data[:n])
		if err == nil && !cmp.Equal(got, whole) { // the last bytes may be padding
			t.Errorf("the first %d of %d bytes read as another model", n, len(data))
		}
		if err != nil && n < 8 && IsModel(data[:n]) {
			t.Errorf("%d bytes are taken for a model", n)
		}
	}
	if _, err := ParseModel(data[:len(data)/2]); !errors.Is(err, errTruncated) {
		t.Errorf("half a file: %v, want %v", err, errTruncated)
	}
	if _, err := ParseModel([]byte("PK\x03\x04 an archive")); err == nil || !strings.Contains(err.Error(), "not a .tflite file") {
		t.Errorf("another file: %v", err)
	}
}

// Operators of a hostile file share one table with a long list.
func TestModelMemoryIsBounded(t *testing.T) {
	const operators, inputs = 10_000, 20_000
	m := example()
	m.Subgraphs[0].Operators = []Operator{{Inputs: make([]int32, inputs)}}
	for range operators - 1 {
		m.Subgraphs[0].Operators = append(m.Subgraphs[0].Operators, Operator{})
	}
	data := build(t, m, false)
	shareFirst(t, data, operators)

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := ParseModel(data)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, errTooLarge) {
		t.Errorf("error is %v, want %v", err, errTooLarge)
	}
	allocated, limit := after.TotalAlloc-before.TotalAlloc, uint64(3*decodeFactor*len(data)+pageSize*pageSlots)
	if allocated > limit {
		t.Errorf("a file of %d bytes took %d bytes, want at most %d", len(data), allocated, limit)
	}
}

// shareFirst makes all elements of the only vector of n tables refer to the first one's table.
func shareFirst(t *testing.T, data []byte, n int) {
	t.Helper()
	vector := bytes.Index(data, binary.LittleEndian.AppendUint32(nil, uint32(n))) + 4
	if vector < 4 {
		t.Fatal("no vector of that length")
	}
	first := uint32(vector) + binary.LittleEndian.Uint32(data[vector:])
	for i := range n {
		at := vector + 4*i
		binary.LittleEndian.PutUint32(data[at:], first-uint32(at))
	}
}

type failingReader struct{ io.ReaderAt }

var errDisk = errors.New("disk failed")

func (r failingReader) ReadAt(b []byte, at int64) (int, error) {
	if at > 0 {
		return 0, errDisk
	}
	return r.ReaderAt.ReadAt(b, at)
}

func TestModelReadError(t *testing.T) {
	m := example()
	m.Buffers[1].Size = 3 * pageSize
	data := build(t, m, false)
	if _, err := OpenModel(failingReader{bytes.NewReader(data)}, int64(len(data))); !errors.Is(err, errDisk) {
		t.Errorf("error is %v, want %v", err, errDisk)
	}
}
