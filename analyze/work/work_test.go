package work

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/tflite"
)

var lastIndex int32

// tensor makes a tensor of its own.
func tensor(kind string, shape ...int32) analyze.Tensor {
	lastIndex++
	return analyze.Tensor{Index: lastIndex, Type: kind, Shape: shape}
}

func float(shape ...int32) analyze.Tensor { return tensor("FLOAT32", shape...) }
func int8s(shape ...int32) analyze.Tensor { return tensor("INT8", shape...) }

func constant(t analyze.Tensor) analyze.Tensor {
	t.Constant = true
	return t
}

func variable(t analyze.Tensor) analyze.Tensor {
	t.Variable = true
	return t
}

var absent = analyze.Tensor{Index: -1}

type (
	tensors = []analyze.Tensor
	params  = map[string]int64
)

func TestOf(t *testing.T) {
	// The numbers are worked out by hand.
	cases := []struct {
		name            string
		op              string
		custom          bool
		inputs, outputs tensors
		params          params
		want            Work
	}{
		{
			name: "the first convolution of MobileNet, without the model's file", op: "CONV_2D",
			inputs:  tensors{float(1, 224, 224, 3), constant(float(32, 3, 3, 3)), constant(float(32))},
			outputs: tensors{float(1, 112, 112, 32)},
			want: Work{MACs: 112 * 112 * 32 * 27, Ops: 112 * 112 * 32,
				Read: 4 * (224*224*3 + 32*27 + 32), Written: 4 * 112 * 112 * 32, Weights: 4 * (32*27 + 32)},
		},
		{
			name: "with an activation, int8", op: "CONV_2D", params: params{"fused_activation_function": 3},
			inputs:  tensors{int8s(1, 8, 8, 16), constant(int8s(4, 1, 1, 16)), constant(tensor("INT32", 4))},
			outputs: tensors{int8s(1, 8, 8, 4)},
			want:    Work{MACs: 8 * 8 * 4 * 16, Ops: 2 * 8 * 8 * 4, Read: 8*8*16 + 4*16 + 4*4, Written: 8 * 8 * 4, Weights: 4*16 + 4*4},
		},
		{
			name: "in two groups, without a bias", op: "CONV_2D",
			inputs:  tensors{int8s(1, 8, 8, 16), constant(int8s(4, 1, 1, 8)), absent},
			outputs: tensors{int8s(1, 8, 8, 4)},
			want:    Work{MACs: 8 * 8 * 4 * 8, Read: 8*8*16 + 4*8, Written: 8 * 8 * 4, Weights: 4 * 8},
		},
		{
			name: "int4 weights, rounded up to bytes", op: "FULLY_CONNECTED",
			inputs:  tensors{int8s(1, 3), constant(tensor("INT4", 5, 3))},
			outputs: tensors{int8s(1, 5)},
			want:    Work{MACs: 15, Read: 3 + 8, Written: 5, Weights: 8},
		},
		{
			name: "depthwise", op: "DEPTHWISE_CONV_2D",
			inputs:  tensors{float(1, 10, 10, 6), constant(float(1, 3, 3, 6)), constant(float(6))},
			outputs: tensors{float(1, 5, 5, 6)},
			want:    Work{MACs: 5 * 5 * 6 * 9, Ops: 150, Read: 4 * (600 + 54 + 6), Written: 600, Weights: 240},
		},
		{
			name: "transposed", op: "TRANSPOSE_CONV",
			inputs:  tensors{constant(tensor("INT32", 4)), constant(float(8, 2, 2, 16)), float(1, 4, 4, 16)},
			outputs: tensors{float(1, 8, 8, 8)},
			want:    Work{MACs: 4 * 4 * 16 * 2 * 2 * 8, Read: 4 * (512 + 256), Written: 4 * 512, Weights: 4 * 512},
		},
		{
			name: "MediaPipe's transposed", op: "Convolution2DTransposeBias", custom: true,
			inputs:  tensors{float(1, 4, 4, 16), constant(float(8, 2, 2, 16)), constant(float(8))},
			outputs: tensors{float(1, 8, 8, 8)},
			want:    Work{MACs: 4 * 4 * 16 * 2 * 2 * 8, Ops: 512, Read: 4 * (256 + 512 + 8), Written: 2048, Weights: 4 * 520},
		},
		{
			name: "3D", op: "CONV_3D",
			inputs:  tensors{float(1, 4, 4, 4, 2), constant(float(3, 3, 3, 2, 5))},
			outputs: tensors{float(1, 2, 2, 2, 5)},
			want:    Work{MACs: 40 * 54, Read: 4 * (128 + 270), Written: 160, Weights: 1080},
		},
		{
			name: "3D transposed", op: "CONV_3D_TRANSPOSE",
			inputs:  tensors{constant(tensor("INT32", 5)), constant(float(3, 3, 3, 5, 2)), float(1, 2, 2, 2, 2)},
			outputs: tensors{float(1, 4, 4, 4, 5)},
			want:    Work{MACs: 16 * 27 * 5, Read: 4 * (270 + 16), Written: 4 * 320, Weights: 1080},
		},
		{
			name: "matrices, the first one transposed", op: "BATCH_MATMUL", params: params{"adj_x": 1},
			inputs:  tensors{float(2, 7, 3), float(2, 7, 5)},
			outputs: tensors{float(2, 3, 5)},
			want:    Work{MACs: 2 * 3 * 5 * 7, Read: 4 * (42 + 70), Written: 120},
		},
		{
			name: "a pool", op: "AVERAGE_POOL_2D", params: params{"filter_height": 3, "filter_width": 2},
			inputs: tensors{float(1, 9, 9, 2)}, outputs: tensors{float(1, 4, 4, 2)},
			want: Work{Ops: 32*6 + 32, Read: 648, Written: 128},
		},
		{
			name: "a pool without the model's file", op: "MAX_POOL_2D",
			inputs: tensors{float(1, 9, 9, 2)}, outputs: tensors{float(1, 4, 4, 2)},
			want: Work{Ops: 32 * 9, Read: 648, Written: 128, Assumed: []string{"window taken from shapes: as if windows touched but didn't overlap"}},
		},
		{
			name: "the same input twice", op: "MUL",
			inputs:  func() tensors { t := float(10); return tensors{t, t} }(),
			outputs: tensors{float(10)},
			want:    Work{Ops: 10, Read: 40, Written: 40},
		},
		{
			name: "mean", op: "MEAN",
			inputs: tensors{int8s(1, 7, 7, 64), constant(tensor("INT32", 2))}, outputs: tensors{int8s(1, 64)},
			want: Work{Ops: 49*64 + 64, Read: 49 * 64, Written: 64},
		},
		{
			name: "rows of a table", op: "GATHER",
			inputs: tensors{constant(int8s(1000, 16)), tensor("INT32", 3)}, outputs: tensors{int8s(3, 16)},
			want: Work{Read: 48 + 12, Written: 48, Weights: 48},
		},
		{
			name: "a scalar", op: "ADD",
			inputs: tensors{float(), constant(float())}, outputs: tensors{float()},
			want: Work{Ops: 1, Read: 8, Written: 4, Weights: 4},
		},
		{
			name: "a spectrum", op: "RFFT2D",
			inputs: tensors{float(3, 1, 512), constant(tensor("INT32", 2))}, outputs: tensors{tensor("COMPLEX64", 3, 1, 257)},
			want: Work{Ops: 3 * 5 * 512 * 9 / 2, Read: 4 * 3 * 512, Written: 8 * 3 * 257},
		},
		{
			name: "a variable", op: "SVDF",
			inputs: tensors{int8s(1, 40), constant(int8s(32, 40)), constant(tensor("INT16", 32, 10)), constant(tensor("INT32", 16)),
				variable(tensor("INT16", 1, 320))},
			outputs: tensors{int8s(1, 16)},
			want: Work{MACs: 32*40 + 32*10, Ops: 32 + 16, Read: 40 + 32*40 + 2*320 + 64 + 640, Written: 16 + 640,
				Weights: 32*40 + 640 + 64},
		},
		{
			name: "a resource", op: "ASSIGN_VARIABLE",
			inputs: tensors{tensor("RESOURCE"), int8s(1, 4, 8)},
			want:   Work{Read: 32, Written: 32},
		},
		{
			name: "a sequence", op: "UNIDIRECTIONAL_SEQUENCE_LSTM",
			inputs: slices.Concat(tensors{float(5, 1, 3)}, // 5 steps
				tensors{absent, float(4, 3), float(4, 3), float(4, 3)}, tensors{absent, float(4, 4), float(4, 4), float(4, 4)},
				tensors{absent, absent, absent}, tensors{absent, float(4), float(4), float(4)}, tensors{absent, absent},
				tensors{variable(float(1, 4)), variable(float(1, 4))}),
			outputs: tensors{float(5, 1, 4)},
			want:    Work{MACs: 5 * (3*12 + 3*16), Ops: 5 * 12 * 4, Read: 4 * (15 + 36 + 48 + 12 + 8), Written: 4 * (20 + 8)},
		},
		{
			name: "the simplest LSTM", op: "LSTM",
			inputs: tensors{float(1, 3), float(1, 4), float(16, 7), float(16), float(1, 4)}, outputs: tensors{float(1, 4)},
			want: Work{MACs: 16 * 7, Ops: 12 * 4, Read: 4 * (3 + 4 + 112 + 16 + 4), Written: 16},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, known := Of(&analyze.Op{Op: c.op, Custom: c.custom, Inputs: c.inputs, Outputs: c.outputs, Params: c.params})
			if !known {
				t.Fatal("unknown work")
			}
			if got.Formula == "" {
				t.Error("no formula")
			}
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(Work{}, "Formula")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnknown(t *testing.T) {
	unshaped := float()
	unshaped.Unshaped = true
	conv := tensors{float(1, 8, 8, 4), float(4, 1, 1, 4)}
	cases := []struct {
		name string
		op   analyze.Op
	}{
		{"no row", analyze.Op{Op: "WHILE", Inputs: conv, Outputs: conv}},
		{"a custom op with a built-in one's name", analyze.Op{Op: "CONV_2D", Custom: true, Inputs: conv, Outputs: conv[:1]}},
		{"not described", analyze.Op{Op: "CONV_2D"}},
		{"no filter", analyze.Op{Op: "CONV_2D", Inputs: conv[:1], Outputs: conv[:1]}},
		{"a filter of another rank", analyze.Op{Op: "CONV_2D", Inputs: tensors{conv[0], float(4, 4)}, Outputs: conv[:1]}},
		{"a negative dimension", analyze.Op{Op: "ADD", Inputs: tensors{float(-1), float(1)}, Outputs: tensors{float(1)}}},
		{"dimensions that no memory holds", analyze.Op{Op: "ADD", Inputs: conv, Outputs: tensors{float(math.MaxInt32, math.MaxInt32, math.MaxInt32)}}},
		{"a shape that isn't known", analyze.Op{Op: "ADD", Inputs: conv, Outputs: tensors{unshaped}}},
		{"a type that isn't known", analyze.Op{Op: "ADD", Inputs: conv, Outputs: tensors{tensor("TYPE_99", 1)}}},
		{"strings", analyze.Op{Op: "GATHER", Inputs: tensors{tensor("STRING", 4), float(1)}, Outputs: tensors{tensor("STRING", 1)}}},
		{"a radius in the file only", analyze.Op{Op: "LOCAL_RESPONSE_NORMALIZATION", Inputs: conv[:1], Outputs: conv[:1]}},
		{"a delegate node without operators", analyze.Op{Op: "TfLiteGpuDelegateV2", Delegate: "TfLiteGpuDelegateV2", Replaced: []uint32{1, 2}}},
		{"an operator that may stand for any node", analyze.Op{Op: "Convolution (NHWC, F32)", Mapping: "unknown"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if w, known := Of(&c.op); known {
				t.Errorf("work is %+v", w)
			}
		})
	}
}

// An operator that does the work of PAD, CONV_2D and RELU reads what PAD reads and writes what RELU writes.
func TestFused(t *testing.T) {
	input, filter := float(1, 8, 8, 4), constant(float(6, 3, 3, 4))
	padded, sums, output := float(1, 10, 10, 4), float(1, 8, 8, 6), float(1, 8, 8, 6)
	conv := &analyze.Op{Op: "CONV_2D", Mapping: "fused", Delegate: "xnnpack", Parts: []analyze.Part{
		{Node: 1, Op: "CONV_2D", Inputs: tensors{padded, filter}, Outputs: tensors{sums}},
		{Node: 0, Op: "PAD", Inputs: tensors{input, constant(tensor("INT32", 4, 2))}, Outputs: tensors{padded}},
		{Node: 2, Op: "RELU", Inputs: tensors{sums}, Outputs: tensors{output}},
	}}
	// Two operators do a SOFTMAX together; of a FULLY_CONNECTED one moves what goes in or comes out; two copy parts.
	softmax := func() *analyze.Op {
		return &analyze.Op{Op: "SOFTMAX", Mapping: "inferred", Delegate: "xnnpack", Parts: []analyze.Part{
			{Node: 3, Op: "SOFTMAX", Inputs: tensors{output}, Outputs: tensors{float(1, 8, 8, 6)}, Sharing: 2},
		}}
	}
	help := func(when analyze.Help) *analyze.Op {
		return &analyze.Op{Op: "FULLY_CONNECTED", Mapping: "exact", Delegate: "xnnpack", Parts: []analyze.Part{{
			Node: 4, Op: "FULLY_CONNECTED", Inputs: tensors{float(2, 3), constant(float(5, 3))}, Outputs: tensors{float(2, 5)},
			Helps: when, Sharing: 1,
		}}}
	}
	half := &analyze.Op{Op: "CONCATENATION", Mapping: "exact", Delegate: "xnnpack", Parts: []analyze.Part{
		{Node: 5, Op: "CONCATENATION", Inputs: tensors{float(2), float(4)}, Outputs: tensors{float(6)}, Sharing: 2},
	}}
	shared := "all data but an equal share of the arithmetic of SOFTMAX (node 3), which 2 operators do together"
	ofConv := Work{MACs: 8 * 8 * 6 * 36, Ops: 384, Read: 4 * (256 + 216 + 8), Written: 4 * 384, Weights: 4 * (216 + 8)}
	ofSoftmax := Work{Ops: 5 * 384 / 2, Read: 4 * 384, Written: 4 * 384, Assumed: []string{shared}}
	whole := Work{MACs: ofConv.MACs, Ops: 384 + 5*384, Read: ofConv.Read + 8*384, Written: 12 * 384, Weights: ofConv.Weights, Assumed: []string{
		"without 1 of 4 operators, whose work is unknown", "what 2 of 4 operators rest on",
	}}
	cases := []struct {
		op   *analyze.Op
		want Work
	}{
		{conv, ofConv},
		{softmax(), ofSoftmax},
		{help(analyze.Before), Work{Read: 24, Written: 24, Assumed: []string{
			"only the inputs of FULLY_CONNECTED (node 4) are moved: another operator computes it",
		}}},
		{help(analyze.After), Work{Read: 40, Written: 40, Assumed: []string{
			"only what FULLY_CONNECTED (node 4) makes is moved: another operator computes it",
		}}},
		{half, Work{Read: 12, Written: 12, Assumed: []string{
			"an equal share of CONCATENATION (node 5), which 2 operators do together",
		}}},
		{&analyze.Op{Op: "xnnpack", Delegate: "xnnpack", Operators: []*analyze.Op{conv, softmax(), softmax(), {Op: "?", Mapping: "unknown"}}}, whole},
	}
	for _, c := range cases {
		got, known := Of(c.op)
		if !known {
			t.Errorf("%s: unknown work", c.op.Op)
		}
		if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(Work{}, "Formula")); diff != "" {
			t.Errorf("%s: %s", c.op.Op, diff)
		}
	}
}

// A delegate node that shows no operators has the work of the nodes that the model's file says it replaced.
func TestReplaced(t *testing.T) {
	op := &analyze.Op{Op: "gpu", Delegate: "gpu", Replaced: []uint32{0, 1, 2}, Parts: []analyze.Part{
		{Node: 0, Op: "RELU", Inputs: tensors{float(8)}, Outputs: tensors{float(8)}, Resized: true},
		{Node: 1, Op: "FancyOp", Custom: true, Inputs: tensors{float(8)}, Outputs: tensors{float(8)}},
		{Node: 2},
	}}
	got, known := Of(op)
	want := Work{Ops: 8, Read: 32, Written: 32, Formula: "1 operation an output element", Assumed: []string{
		"without 2 of 3 nodes, whose work is unknown",
		"1 of 3 nodes have the shapes of the model's file, although the app resized it",
	}}
	if diff := cmp.Diff(want, got); !known || diff != "" {
		t.Errorf("known: %v, %s", known, diff)
	}
}

// Every row is one that a trace can name.
func TestRowsAreOps(t *testing.T) {
	for name, r := range rows {
		if code, ok := tflite.ParseOpCode(name); !ok || strings.HasPrefix(name, "OP_") {
			t.Errorf("%s is no built-in op (%v)", name, code)
		}
		if r.formula == "" {
			t.Errorf("%s has no formula", name)
		}
	}
}

// FuzzOf gives every row shapes that make no sense.
func FuzzOf(f *testing.F) {
	var names []string
	for name := range rows {
		names = append(names, name)
	}
	for name := range customRows {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range names {
		f.Add(i, []byte{2, 4, 1, 8, 8, 3, 4, 2, 3, 3, 3, 1, 4, 1, 4, 4, 2}, int64(3))
	}
	f.Add(0, []byte{1, 4, 0xff, 0xfe, 0xff, 0xfe, 4, 0, 0x80, 0xff, 0xff}, int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, which int, shapes []byte, param int64) {
		name := names[uint(which)%uint(len(names))]
		next := func() int32 {
			if len(shapes) == 0 {
				return 0
			}
			b := shapes[0]
			shapes = shapes[1:]
			switch {
			case b >= 0xf0:
				return math.MaxInt32 - int32(b-0xf0)
			case b >= 0x80:
				return -int32(b)
			}
			return int32(b)
		}
		list := func() tensors {
			list := make(tensors, min(uint32(next()), 50))
			for i := range list {
				list[i] = tensor(tflite.Type(next()).String(), make([]int32, min(uint32(next()), 6))...)
				for j := range list[i].Shape {
					list[i].Shape[j] = next()
				}
			}
			return list
		}
		_, custom := customRows[name]
		op := &analyze.Op{Op: name, Custom: custom, Inputs: list(), Outputs: list(), Params: params{
			"filter_height": param, "filter_width": param, "radius": param, "fused_activation_function": param,
		}}
		w, known := Of(op)
		if known && max(w.MACs, w.Ops, w.Read, w.Written, w.Weights) >= limit || w.Weights > w.Read {
			t.Errorf("%s: %+v", name, w)
		}
	})
}
