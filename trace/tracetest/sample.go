// Package tracetest makes traces for tests.
package tracetest

import (
	"io"

	"github.com/edgexray/edgexray/trace"
)

// Element types by their TfLiteType.
const (
	float32Type = 1
	int8Type    = 9
)

// Allocation types by their TfLiteAllocationType.
const (
	mmapped    = 1
	arena      = 2
	persistent = 3
)

// Sample writes a small trace that has one of everything:
//
//   - detector (pid 100) runs ssd.tflite, which is identified: a convolution, a delegate node that replaced nodes 1 and
//     2, an IF whose body (subgraph 1) runs two ops, one of them custom, and an op too short to trust. Four invokes on
//     one thread, then one on another through a second interpreter. In the last one the input is larger. Tensors have
//     places in memory, some the same one.
//   - keyword (pid 200) runs a model for which no file was found. The recording starts in the middle of its invoke. Of
//     one of its tensors it isn't known where it is.
//
// Ops were lost, and the recorder left notes.
func Sample(out io.Writer) error {
	w, err := trace.NewWriter(out, &trace.Header{
		Recorder:     "edgexray 0.1.0",
		CommandLine:  []string{"edgexray", "record", "-d", "1s"},
		Linux:        "6.1.0",
		Architecture: "arm64",
		Hostname:     "board",
		StartNs:      1_000_000,
		StartUnixNs:  1_700_000_000_000_000_000,
		AttachMethod: "perf-cookie",
		Cpus:         4,
		ProbeCosts: []*trace.ProbeCost{
			{InstructionClass: "emulated", TotalNs: 1400, InsideNs: 600},
			{InstructionClass: "single-stepped", TotalNs: 11500, InsideNs: 2000},
		},
	})
	if err != nil {
		return err
	}
	s := &sampler{w: w, now: 2_000_000}
	s.describe(descriptions...)
	for range 4 {
		s.detect(1, 0, 1000_000)
	}
	s.w.SetLosses([]*trace.Loss{{Cause: "ring full", Count: 2}, {Cause: "op never returned", Count: 0}})
	s.flush()

	// A second interpreter, its input twice as high.
	s.describe(
		&trace.Thread{Id: 2, Process: 1, Tid: 101, Name: "worker"},
		&trace.Subgraph{Id: 4, Process: 1, Interpreter: 3, Index: 0, Model: 1, Name: "main", Nodes: 5, Runtime: 1, EndsKnown: true, Inputs: []int32{0}, Outputs: []int32{7}},
		&trace.Subgraph{Id: 5, Process: 1, Interpreter: 3, Index: 1, Model: 1, Name: "then", Nodes: 2, Runtime: 1, EndsKnown: true, Outputs: []int32{6}})
	s.describe(detectorNodes(20, 4, 5, 64)...)
	s.detect(2, 20, 2000_000)

	s.op(3, 12, 0, 900, 0) // the end of an invoke
	for range 3 {
		s.op(3, 11, 400, 700, 0)
		s.op(3, 12, 300, 900, 0)
	}
	s.op(3, 99, 10, 10, 0) // not described
	s.describe(&trace.Process{Id: 2, Pid: 200, Name: "keyword", Exited: true, Received: 7,
		LastWords: "died in SOFTMAX (node 1)"})
	s.w.SetLosses([]*trace.Loss{{Cause: "ring full", Count: 5}, {Cause: "op never returned", Count: 0}})
	s.check(s.w.Close(&trace.End{DurationNs: 1_000_000_000, Reason: "duration"}))
	return s.err
}

var descriptions = append([]trace.Description{
	&trace.Runtime{Id: 1, Path: "/data/app/base.apk", Entry: "lib/arm64-v8a/libtensorflowlite_jni.so", BuildId: "c0ffee",
		TextStart: 0x10000, TextEnd: 0x200000, TextOffset: 0x8000},
	&trace.Runtime{Id: 2, Path: "/usr/lib/libtensorflowlite_c.so", Sha256: "feed", TextStart: 0x1000, TextEnd: 0x90000, TextOffset: 0x1000},
	&trace.Kernel{Id: 1, Runtime: 1, FileOffset: 0x9000, Address: 0x11000, SiteClass: "emulated",
		Symbol: "tflite::ops::builtin::conv::Eval<(tflite::ops::builtin::conv::KernelType)2>(TfLiteContext*, TfLiteNode*)"},
	&trace.Kernel{Id: 2, Runtime: 1, FileOffset: 0xa000, Address: 0x12000, SiteClass: "emulated"},
	&trace.Kernel{Id: 3, Runtime: 1, FileOffset: 0xb000, Address: 0x13000, SiteClass: "emulated"},
	&trace.Kernel{Id: 4, Runtime: 1, FileOffset: 0xc000, Address: 0x14000, SiteClass: "single-stepped"},
	&trace.Kernel{Id: 5, Runtime: 2, FileOffset: 0x2000, Address: 0x2000, SiteClass: "emulated"},
	&trace.Process{Id: 1, Pid: 100, Name: "detector", CommandLine: []string{"/bin/detector", "--fast"}},
	&trace.Process{Id: 2, Pid: 200, Name: "keyword"},
	&trace.Thread{Id: 1, Process: 1, Tid: 100, Name: "main"},
	&trace.Thread{Id: 3, Process: 2, Tid: 200, Name: "audio"},
	&trace.Model{Id: 1, Path: "/data/ssd.tflite", Sha256: "abcd", Size: 4096, Description: "MLIR Converted."},
	&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Index: 0, Model: 1, Name: "main", Nodes: 5, Runtime: 1, EndsKnown: true, Inputs: []int32{0}, Outputs: []int32{7}},
	&trace.Subgraph{Id: 2, Process: 1, Interpreter: 1, Index: 1, Model: 1, Name: "then", Nodes: 2, Runtime: 1, EndsKnown: true, Outputs: []int32{6}},
	&trace.Subgraph{Id: 3, Process: 2, Interpreter: 2, Index: 0, Nodes: 2, Runtime: 2},
	&trace.Node{Id: 11, Subgraph: 3, Index: 0, Op: "FULLY_CONNECTED", Kernel: 5, Outputs: []*trace.Tensor{
		{Index: 1, Name: "logits", Type: int8Type, Shape: []int32{1, 4}, Scale: 0.25, ZeroPoint: -3, Channels: 1,
			Allocation: arena, Bytes: 4}}},
	&trace.Node{Id: 12, Subgraph: 3, Index: 1, Op: "SOFTMAX", Kernel: 5, OpGuessed: true, Incomplete: true, Inputs: []*trace.Tensor{{Index: 1}}, Outputs: []*trace.Tensor{
		{Index: 2, Name: "evil\x1b[2J|name", Type: int8Type, Shape: []int32{1, 4}, Allocation: arena, Bytes: 4, Address: 0x9000}}},
	&trace.Note{Kind: "attach", Text: "uprobe_multi needs Linux 6.6: used perf-cookie"},
}, detectorNodes(0, 1, 2, 32)...)

// detectorNodes describes the nodes of ssd.tflite under the ids from id+1 to id+7, for an input of the given height.
func detectorNodes(id, primary, then uint32, height int32) []trace.Description {
	base := uint64(height) << 20
	place := func(t *trace.Tensor, address uint64) *trace.Tensor {
		t.Type, t.Allocation, t.Address, t.Bytes = float32Type, arena, base+address, 4
		for _, d := range t.Shape {
			t.Bytes *= uint64(d)
		}
		return t
	}
	image := place(&trace.Tensor{Index: 0, Name: "image", Shape: []int32{1, height, 32, 3}}, 0)
	weights := &trace.Tensor{Index: 1, Name: "features/weights", Type: float32Type, Shape: []int32{8, 3, 3, 3},
		Allocation: mmapped, Address: 0x7000, Bytes: 864}
	patches := place(&trace.Tensor{Index: 8, Shape: []int32{height / 2, 16, 27}}, 0x20000)
	features := place(&trace.Tensor{Index: 2, Name: "features/Relu6", Shape: []int32{1, height / 2, 16, 8}}, 0x10000)
	absent := &trace.Tensor{Index: -1}
	boxes := place(&trace.Tensor{Index: 5, Name: "boxes", Shape: []int32{1, 10, 4}}, 0x20000)
	answer := place(&trace.Tensor{Index: 6, Name: "answer", Shape: []int32{1}}, 0x20100)
	out := place(&trace.Tensor{Index: 7, Name: "out", Shape: []int32{}}, 0x20100) // in place
	inner := place(&trace.Tensor{Index: 6, Name: "answer", Shape: []int32{1}}, 0x30000)
	state := place(&trace.Tensor{Index: 3, Name: "state", Shape: []int32{10}, Variable: true}, 0x40000)
	state.Allocation = persistent
	return []trace.Description{
		&trace.Node{Id: id + 1, Subgraph: primary, Index: 0, OpCode: 3, Op: "CONV_2D", Version: 1, Kernel: 1,
			Inputs: []*trace.Tensor{image, weights, absent}, Outputs: []*trace.Tensor{features}, Temporaries: []*trace.Tensor{patches}},
		&trace.Node{Id: id + 2, Subgraph: primary, Index: 4, OpCode: 51, Op: "TfLiteXNNPackDelegate", Custom: true, Kernel: 2,
			Delegate: "TfLiteXNNPackDelegate", Replaced: []uint32{1, 2}, Inputs: []*trace.Tensor{features}, Outputs: []*trace.Tensor{boxes}},
		&trace.Node{Id: id + 3, Subgraph: primary, Index: 3, OpCode: 118, Op: "IF", Kernel: 3,
			Inputs: []*trace.Tensor{boxes}, Outputs: []*trace.Tensor{answer}},
		&trace.Node{Id: id + 4, Subgraph: primary, Index: 5, OpCode: 22, Op: "RESHAPE", Kernel: 4,
			Inputs: []*trace.Tensor{answer}, Outputs: []*trace.Tensor{out}},
		&trace.Node{Id: id + 5, Subgraph: then, Index: 0, OpCode: 0, Op: "ADD", Kernel: 4,
			Inputs: []*trace.Tensor{state}, Outputs: []*trace.Tensor{inner}},
		&trace.Node{Id: id + 6, Subgraph: then, Index: 1, OpCode: 32, Op: "MyCustomOp", Custom: true, Kernel: 4,
			Inputs: []*trace.Tensor{inner}, Outputs: []*trace.Tensor{inner}},
	}
}

// sampler keeps the time of the trace and the first error.
type sampler struct {
	w   *trace.Writer
	now uint64
	err error
}

func (s *sampler) check(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *sampler) describe(all ...trace.Description) {
	for _, d := range all {
		s.check(s.w.Describe(d))
	}
}

func (s *sampler) flush() { s.check(s.w.Flush(s.now)) }

// op adds an op that starts gap ns after the last time.
func (s *sampler) op(thread, node uint32, gap, duration uint64, depth uint32) {
	s.now += gap
	s.check(s.w.AddOp(trace.Op{Thread: thread, Node: node, Start: s.now, Duration: duration, Depth: depth}))
	s.now += duration
}

// detect adds an invoke of ssd.tflite whose convolution takes conv ns and some more each time.
func (s *sampler) detect(thread, id uint32, conv uint64) {
	s.op(thread, id+1, 5000, conv+s.now/1000, 0)
	s.op(thread, id+2, 1000, 500_000, 0)
	start := s.now + 1000
	s.op(thread, id+5, 2000, 40_000, 1)
	s.op(thread, id+6, 1000, 60_000, 1)
	s.now += 500
	s.check(s.w.AddOp(trace.Op{Thread: thread, Node: id + 3, Start: start, Duration: s.now - start}))
	s.op(thread, id+4, 1000, 2000, 0)
}
