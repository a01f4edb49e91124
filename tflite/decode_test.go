package tflite

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// words returns memory of n bytes in which the 64-bit word at each offset holds 0x1000 + its offset, except for those
// given.
func words(n int, except map[int]uint64) []byte {
	b := make([]byte, n)
	for at := 0; at+8 <= n; at += 8 {
		word, ok := except[at]
		if !ok {
			word = 0x1000 + uint64(at)
		}
		le.PutUint64(b[at:], word)
	}
	return b
}

// The offsets are those that a C compiler gives the structs on LP64, as numbers, so that a slip in a constant shows.
func TestDecode(t *testing.T) {
	tests := []struct {
		name   string
		raw    []byte
		decode func([]byte) (any, bool)
		want   any
	}{
		{
			"tensor",
			words(112, map[int]uint64{
				0: 9, 24: 5<<32 | uint64(math.Float32bits(0.25)), 32: 2, 40: 768, 72: 0x01_00<<32 | 7, 80: 1,
			}),
			func(b []byte) (any, bool) { return DecodeTensor(b) },
			RawTensor{
				Type: Int8, Data: 0x1008, Dims: 0x1010, Scale: 0.25, ZeroPoint: 5, Allocation: ArenaRw, Bytes: 768,
				Name: 0x1038, Delegate: 0x1040, BufferHandle: 7, DataIsStale: false, IsVariable: true, Quantization: Affine,
				QuantizationParams: 0x1058, Sparsity: 0x1060, DimsSignature: 0x1068,
			},
		},
		{
			"node",
			words(72, map[int]uint64{56: 12}),
			func(b []byte) (any, bool) { return DecodeNode(b) },
			RawNode{
				Inputs: 0x1000, Outputs: 0x1008, Intermediates: 0x1010, Temporaries: 0x1018, UserData: 0x1020,
				BuiltinData: 0x1028, CustomInitialData: 0x1030, CustomInitialDataSize: 12, Delegate: 0x1040,
			},
		},
		{
			"registration",
			words(64, map[int]uint64{40: 32, 56: 2}),
			func(b []byte) (any, bool) { return DecodeRegistration(b) },
			RawRegistration{
				Init: 0x1000, Free: 0x1008, Prepare: 0x1010, Invoke: 0x1018, ProfilingString: 0x1020,
				BuiltinCode: OpCustom, CustomName: 0x1030, Version: 2,
			},
		},
		{
			"context",
			words(32, nil),
			func(b []byte) (any, bool) { return DecodeContext(b) },
			RawContext{TensorsSize: 0x1000, Tensors: 0x1010, Impl: 0x1018},
		},
		{
			"affine quantization",
			words(24, map[int]uint64{16: 3}),
			func(b []byte) (any, bool) { return DecodeAffine(b) },
			RawAffine{Scale: 0x1000, ZeroPoint: 0x1008, Dimension: 3},
		},
		{
			"delegate parameters",
			words(32, nil),
			func(b []byte) (any, bool) { return DecodeDelegateParams(b, false) },
			RawDelegateParams{Delegate: 0x1000, Nodes: 0x1008, Inputs: 0x1010, Outputs: 0x1018},
		},
		{
			"opaque delegate parameters",
			words(40, nil),
			func(b []byte) (any, bool) { return DecodeDelegateParams(b, true) },
			RawDelegateParams{Delegate: 0x1000, Nodes: 0x1010, Inputs: 0x1018, Outputs: 0x1020},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := test.decode(test.raw)
			if !ok {
				t.Fatal("not decoded")
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for n := range test.raw {
				if got, ok := test.decode(test.raw[:n]); ok {
					t.Errorf("%d of %d bytes decoded to %+v", n, len(test.raw), got)
				}
			}
		})
	}
}

func TestDecodeInts(t *testing.T) {
	tests := []struct {
		name   string
		raw    []byte
		values []int32
		size   int
		ok     bool
	}{
		{"two", []byte{2, 0, 0, 0, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, []int32{5, -1}, 2, true},
		{"more follows", []byte{1, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0}, []int32{5}, 1, true},
		{"empty", []byte{0, 0, 0, 0}, []int32{}, 0, true},
		{"cut", []byte{0, 0, 0, 0x10, 5, 0, 0, 0, 6, 0}, []int32{5}, 0x1000_0000, true},
		{"negative", []byte{0xff, 0xff, 0xff, 0xff, 5, 0, 0, 0}, nil, 0, false},
		{"no size", []byte{1, 0, 0}, nil, 0, false},
	}
	for _, test := range tests {
		values, size, ok := DecodeInts(test.raw)
		if size != test.size || ok != test.ok || !cmp.Equal(values, test.values) {
			t.Errorf("%s: got %v, %d, %v; want %v, %d, %v", test.name, values, size, ok, test.values, test.size, test.ok)
		}
	}
}

func TestContextAndSubgraphValid(t *testing.T) {
	const address = 0x7f00_0000_1000
	valid := func() []byte { return subgraphBytes(address, 264, 0x5000, 0x6000) }
	tests := []struct {
		name              string
		damage            func(raw []byte)
		context, subgraph bool
	}{
		{"valid", func([]byte) {}, true, true},
		{"points elsewhere", func(b []byte) { le.PutUint64(b[64:], address+8) }, false, false},
		{"other tensors", func(b []byte) { le.PutUint64(b[56:], 0x7f00_0000_9000) }, true, false},
		{"fewer tensors", func(b []byte) { le.PutUint64(b[40:], 6) }, true, false},
		{"no tensors", func(b []byte) { clear(b[8:32]); clear(b[40:64]) }, true, false},
	}
	for _, test := range tests {
		raw := valid()
		test.damage(raw)
		if got := ContextValid(address+40, raw[40:]); got != test.context {
			t.Errorf("%s: ContextValid is %v, want %v", test.name, got, test.context)
		}
		if got := SubgraphValid(address, raw); got != test.subgraph {
			t.Errorf("%s: SubgraphValid is %v, want %v", test.name, got, test.subgraph)
		}
	}
}

func TestNames(t *testing.T) {
	tests := []struct{ got, want string }{
		{OpCode(0).String(), "ADD"},
		{OpCode(3).String(), "CONV_2D"},
		{OpDelegate.String(), "DELEGATE"},
		{OpComposite.String(), "STABLEHLO_COMPOSITE"},
		{OpCode(209).String(), "STABLEHLO_CASE"},
		{OpCode(217).String(), "OP_217"},
		{OpCode(-7).String(), "OP_-7"},
		{OpUnknown.String(), "UNKNOWN"},
		{OpName(OpCustom, "MyOp"), "MyOp"},
		{OpName(OpCustom, ""), "CUSTOM"},
		{OpName(OpDelegate, "TfLiteXNNPackDelegate"), "TfLiteXNNPackDelegate"},
		{OpName(3, "MyOp"), "CONV_2D"},
		{Float8E5M2.String(), "FLOAT8_E5M2"},
		{Type(40).String(), "TYPE_40"},
		{Type(-1).String(), "TYPE_-1"},
		{ArenaRw.String(), "ARENA_RW"},
		{NonCPU.String(), "NON_CPU"},
		{MultiAxis.String(), "MULTI_AXIS"},
		{QuantizationKind(9).String(), "QUANTIZATION_9"},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("got %s, want %s", test.got, test.want)
		}
	}
	for ty, bits := range map[Type]int{NoType: 0, Float32: 32, Int4: 4, Int2: 2, Complex128: 128, String: 0, Type(99): 0} {
		if got := ty.Bits(); got != bits {
			t.Errorf("%s has %d bits, want %d", ty, got, bits)
		}
	}
}
