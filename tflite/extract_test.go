package tflite

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everywhere returns all places of a model's operators.
func everywhere(m *Model) []Place {
	var places []Place
	for i := range m.Subgraphs {
		for n := range m.Subgraphs[i].Operators {
			places = append(places, Place{i, n})
		}
	}
	return places
}

// ones stands for the real values of constants.
func ones(t *Tensor, data []byte) ([]float32, error) {
	values := make([]float32, len(data))
	for i := range values {
		values[i] = 1
	}
	return values, nil
}

func extract(t *testing.T, m *Model, file []byte, real func(*Tensor, []byte) ([]float32, error), places ...Place) (*Extract, *Model) {
	t.Helper()
	x, err := m.Extract(file, places, real)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseModel(x.File)
	if err != nil {
		t.Fatal(err)
	}
	return x, got
}

func TestExtractRunsOpsApart(t *testing.T) {
	m := example()
	m.Subgraphs[0].Tensors[1].Quantization.ZeroPoint[0] = 7
	file := build(t, m, false)
	m, err := ParseModel(file)
	if err != nil {
		t.Fatal(err)
	}
	x, got := extract(t, m, file, nil, Place{0, 0}, Place{0, 1}, Place{1, 0}, Place{0, 0})
	wantEnds := []Ends{{[]int32{0}, []int32{2}}, {[]int32{2}, []int32{3}}, {[]int32{0}, []int32{0}}, {[]int32{0}, []int32{2}}}
	if diff := cmp.Diff(wantEnds, x.Ops); diff != "" {
		t.Errorf("ends (-want +got):\n%s", diff)
	}
	main, body := m.Subgraphs[0].Tensors, m.Subgraphs[1].Tensors
	params := m.Subgraphs[0].Operators[0].Params
	want := Subgraph{
		Name:    "ops",
		Tensors: []Tensor{main[0], main[1], main[2], main[2], main[3], body[0], main[0], main[1], main[2]},
		Inputs:  []int32{0, 3, 5, 6}, Outputs: []int32{2, 4, 5, 8},
		Operators: []Operator{
			{Opcode: 0, Inputs: []int32{0, 1, -1}, Outputs: []int32{2}, Params: params},
			{Opcode: 1, Inputs: []int32{3}, Outputs: []int32{4}, Intermediates: []int32{3}},
			{Opcode: 2, Inputs: []int32{5}, Outputs: []int32{5}},
			{Opcode: 0, Inputs: []int32{6, 7, -1}, Outputs: []int32{8}, Params: params},
		},
	}
	if diff := cmp.Diff([]Subgraph{want}, got.Subgraphs); diff != "" {
		t.Errorf("subgraphs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(m.OperatorCodes[:3], got.OperatorCodes); diff != "" { // a runtime may not know the one that no op has
		t.Error(diff)
	}
	for i, b := range got.Buffers {
		old := m.Buffers[i]
		if b.Size != old.Size || !bytes.Equal(x.File[b.Offset:b.Offset+b.Size], file[old.Offset:old.Offset+old.Size]) {
			t.Errorf("buffer %d is %+v, was %+v", i, b, old)
		}
		if (b.Offset-old.Offset)%64 != 0 {
			t.Errorf("buffer %d moved by %d bytes: its alignment is lost", i, b.Offset-old.Offset)
		}
	}
}

func TestExtractInFloat(t *testing.T) {
	file := build(t, example(), false)
	m, err := ParseModel(file)
	if err != nil {
		t.Fatal(err)
	}
	x, got := extract(t, m, file, ones, Place{0, 0}, Place{0, 0})
	filter := got.Subgraphs[0].Tensors[1]
	want := Tensor{Name: "filter", Type: Float32, Shape: m.Subgraphs[0].Tensors[1].Shape, Buffer: 3}
	if diff := cmp.Diff(want, filter); diff != "" {
		t.Errorf("quantized constant (-want +got):\n%s", diff)
	}
	if len(got.Buffers) != 4 || got.Buffers[3].Size != 4*64 || got.Buffers[3].Offset%16 != 0 {
		t.Errorf("buffers are %+v, want a fourth one, of 256 bytes, that both operators share", got.Buffers)
	}
	if one := x.File[got.Buffers[3].Offset:][:4]; !bytes.Equal(one, []byte{0, 0, 0x80, 0x3f}) {
		t.Errorf("real values begin with %x", one)
	}
	if got.Subgraphs[0].Tensors[0].Type != UInt8 {
		t.Error("a tensor that isn't quantized got another type")
	}
}

func TestExtractRefuses(t *testing.T) {
	external := example()
	external.Buffers[1] = Buffer{Offset: 4, Size: 64}
	state := example()
	state.Subgraphs[0].Tensors[4] = Tensor{Type: Int8, IsVariable: true, Quantization: Quantization{Kind: Affine, Scale: []float32{1}}}
	for _, c := range []struct {
		name     string
		model    *Model
		external bool
		place    Place
		real     func(*Tensor, []byte) ([]float32, error)
		want     string
	}{
		{"no such node", example(), false, Place{0, 3}, nil, "node 3 of subgraph 0"},
		{"no such subgraph", example(), false, Place{2, 0}, nil, "node 0 of subgraph 2"},
		{"negative", example(), false, Place{-1, 0}, nil, "subgraph -1"},
		{"weights behind", external, true, Place{0, 0}, nil, "behind its tables"},
		{"quantized state", state, false, Place{0, 2}, ones, "its state is quantized"},
		{"no real values", example(), false, Place{0, 0}, func(*Tensor, []byte) ([]float32, error) { return nil, errors.New("none") }, "none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := build(t, c.model, c.external)
			m, err := ParseModel(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = m.Extract(file, []Place{c.place}, c.real)
			var refused *ExtractError
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want an ExtractError with %q", err, c.want)
			}
		})
	}
}

func FuzzExtract(f *testing.F) {
	for _, m := range []*Model{example(), {}} {
		data := build(f, m, false)
		f.Add(data, false)
		f.Add(data, true)
		f.Add(data[:len(data)/2], false)
	}
	f.Fuzz(func(t *testing.T, data []byte, float bool) {
		m, err := ParseModel(data)
		if err != nil {
			return
		}
		real := ones
		if !float {
			real = nil
		}
		places := everywhere(m)
		x, err := m.Extract(data, places, real)
		if err != nil {
			return
		}
		got, err := ParseModel(x.File)
		if err != nil {
			t.Fatalf("the extract isn't a model: %v", err)
		}
		if len(got.Subgraphs) != 1 || len(got.Subgraphs[0].Operators) != len(places) || len(x.Ops) != len(places) {
			t.Errorf("%d operators of %d in %d subgraphs", len(x.Ops), len(places), len(got.Subgraphs))
		}
	})
}
