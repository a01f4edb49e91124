// Package snapshottest makes snapshots for tests.
package snapshottest

import (
	"encoding/binary"
	"math"
	"os"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// Types are the element types of the tensors that node 2 of the sample puts out, one a type, with their data: each is a
// 2x3 tensor.
var Types = []struct {
	Type tflite.Type
	Data any // as encoding/binary writes it
}{
	{tflite.Float32, []float32{1, -2.5, float32(math.NaN()), float32(math.Inf(1)), 0, 1e-3}},
	{tflite.Float16, []uint16{0x3c00, 0xc100, 0, 1, 0x7bff, 0x3555}},
	{tflite.BFloat16, []uint16{0x3f80, 0xc020, 0, 1, 0x4000, 0x3eab}},
	{tflite.Float64, []float64{1, -2.5, 1e300, 0, 3, 4}},
	{tflite.Int8, []int8{-128, -1, 0, 1, 126, 127}},
	{tflite.UInt8, []uint8{0, 1, 2, 3, 254, 255}},
	{tflite.Int16, []int16{-32768, -1, 0, 1, 2, 32767}},
	{tflite.UInt16, []uint16{0, 1, 2, 3, 4, 65535}},
	{tflite.Int32, []int32{math.MinInt32, -1, 0, 1, 2, math.MaxInt32}},
	{tflite.UInt32, []uint32{0, 1, 2, 3, 4, math.MaxUint32}},
	{tflite.Int64, []int64{math.MinInt64, -1, 0, 1, 2, math.MaxInt64}},
	{tflite.UInt64, []uint64{0, 1, 2, 3, 4, math.MaxUint64}},
	{tflite.Bool, []uint8{0, 1, 1, 0, 0, 1}},
	{tflite.Int4, []uint8{0x87, 0x1f, 0x20}}, // 7 -8 -1 1 0 2
	{tflite.String, []int32{1, 12, 14, 0x6968}},
}

// Sample writes a small snapshot to an empty file that has one of everything:
//
//   - detector (pid 100) runs ssd.tflite through two interpreters: a model input, a quantized convolution, a node with
//     outputs of each type (see Types), and one in subgraph 1 that was captured twice. Two invokes of the first
//     interpreter, one of the second.
//   - keyword (pid 200) runs a model for which no file was found; only statistics of it were captured.
//
// Of one capture there is no data, captures were dropped, and there is a note.
func Sample(out *os.File) error {
	w, err := snapshot.NewWriter(out, &snapshot.Beginning{
		Header:    &trace.Header{Recorder: "edgexray 0.1.0", CommandLine: []string{"edgexray", "snapshot", "--", "detector"}, Linux: "6.1.0", Architecture: "arm64", Hostname: "board"},
		Selection: []string{"nodes 0-9"}, WhenFull: "block", Kernels: "builtin",
	})
	if err != nil {
		return err
	}
	s := sampler{w: w}
	s.describe()
	for _, of := range []struct {
		subgraph uint32
		invoke   uint64
	}{{1, 1}, {1, 2}, {2, 1}} {
		s.detect(of.subgraph, of.invoke)
	}
	s.keyword()
	s.do(w.Close([]*trace.Loss{{Cause: "dropped", Count: 5}, {Cause: "never", Count: 0}},
		&trace.End{DurationNs: 1_500_000_000, Reason: "command exited", HasExitStatus: true}))
	return s.err
}

// sampler writes until the first error.
type sampler struct {
	w   *snapshot.Writer
	err error
}

func (s *sampler) do(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *sampler) add(c *snapshot.Capture, elements any) {
	if elements == nil {
		s.do(s.w.Add(c, nil))
		return
	}
	data, err := binary.Append(nil, binary.LittleEndian, elements)
	s.do(err)
	s.do(s.w.Add(c, data))
}

func (s *sampler) describe() {
	for _, d := range []trace.Description{
		&trace.Process{Id: 1, Pid: 100, Name: "detector"},
		&trace.Process{Id: 2, Pid: 200, Name: "keyword"},
		&trace.Thread{Id: 1, Process: 1, Tid: 101},
		&trace.Runtime{Id: 1, Path: "/usr/lib/libtensorflowlite_c.so", BuildId: "c0ffee"},
		&trace.Model{Id: 1, Path: "/data/ssd.tflite"},
		&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Model: 1, Runtime: 1, Nodes: 3, Tensors: 30},
		&trace.Subgraph{Id: 2, Process: 1, Interpreter: 2, Model: 1, Runtime: 1, Nodes: 3, Tensors: 30},
		&trace.Subgraph{Id: 3, Process: 1, Interpreter: 1, Model: 1, Runtime: 1, Index: 1, Name: "body", Nodes: 1, Tensors: 2},
		&trace.Subgraph{Id: 4, Process: 2, Interpreter: 3, Runtime: 1, Nodes: 1, Tensors: 2},
		&trace.Node{Id: 31, Subgraph: 3, Op: "TANH", Outputs: []*trace.Tensor{{Index: 1, Name: "tanh", Type: int32(tflite.Float32), Shape: []int32{2}}}},
		&trace.Node{Id: 41, Subgraph: 4, Op: "LOGISTIC", Outputs: []*trace.Tensor{{Index: 1, Name: "probability", Type: int32(tflite.UInt8), Shape: []int32{1, 4}, Scale: 1. / 256}}},
		&trace.Note{Kind: "process", Text: "an interpreter existed before the shim was loaded"},
	} {
		s.do(s.w.Describe(d))
	}
	for _, subgraph := range []uint32{1, 2} {
		for _, n := range nodes(subgraph) {
			s.do(s.w.Describe(n))
		}
	}
}

// nodes are those of the detector's primary subgraph, 10 times the subgraph's number and their index as ids.
func nodes(subgraph uint32) []*trace.Node {
	every := &trace.Node{Id: 10*subgraph + 2, Subgraph: subgraph, Index: 2, Op: "EveryType", Custom: true}
	for i, t := range Types {
		every.Outputs = append(every.Outputs, &trace.Tensor{Index: int32(10 + i), Name: t.Type.String(), Type: int32(t.Type), Shape: []int32{2, 3}})
	}
	return []*trace.Node{
		{Id: 10 * subgraph, Subgraph: subgraph, Index: 0, Op: "CONV_2D",
			Inputs:  []*trace.Tensor{{Index: 0, Name: "image", Type: int32(tflite.UInt8), Shape: []int32{1, 2, 2, 1}, Scale: 1. / 255}},
			Outputs: []*trace.Tensor{{Index: 1, Name: "conv", Type: int32(tflite.Int8), Shape: []int32{1, 2, 2, 1}, Scale: 0.5, ZeroPoint: -10}}},
		{Id: 10*subgraph + 1, Subgraph: subgraph, Index: 1, Op: "DEQUANTIZE",
			Outputs: []*trace.Tensor{{Index: 2, Name: "by channel", Type: int32(tflite.Int8), Shape: []int32{2, 2}, Scale: 0.5, Channels: 2,
				QuantizedDimension: 1, Scales: []float32{0.5, 2}, ZeroPoints: []int64{0, 1}}}},
		every,
	}
}

func (s *sampler) detect(subgraph uint32, invoke uint64) {
	capture := func(node uint32, tensor int32) *snapshot.Capture {
		return &snapshot.Capture{Node: node, Tensor: tensor, Invoke: invoke, Thread: 1, StartNs: 1_000_000 * invoke, DurationNs: 430_000}
	}
	input := capture(10*subgraph, 0)
	input.Role = snapshot.Role_INPUT
	s.add(input, []uint8{0, 10, 20, 255})
	s.add(capture(10*subgraph, 1), []int8{-128, -10, 0, int8(invoke)})
	s.add(capture(10*subgraph+1, 2), []int8{1, 2, 3, 4})
	for i, t := range Types {
		s.add(capture(10*subgraph+2, int32(10+i)), t.Data)
	}
	if subgraph == 1 && invoke == 2 {
		s.add(capture(31, 1), []float32{1, 2})
		twice := capture(31, 1)
		twice.Described = &snapshot.Tensor{Type: int32(tflite.Float32), Shape: []int32{3}}
		s.add(twice, []float32{3, 4, 5})
		gone := capture(31, 1)
		gone.Status, gone.Missing = 1, "its memory isn't readable"
		s.add(gone, nil)
	}
}

func (s *sampler) keyword() {
	s.add(&snapshot.Capture{Node: 41, Tensor: 1, Invoke: 7, Statistics: &snapshot.Statistics{
		Elements: 4, Max: 255, Mean: 65.5, Rms: math.Sqrt(65050 / 4.), Histogram: append([]uint32{2, 1}, append(make([]uint32, 61), 1)...),
		HistogramElements: 4, HistogramWidth: 4,
	}}, nil)
}
