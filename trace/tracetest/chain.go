package tracetest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strings"

	"github.com/edgexray/edgexray/trace"
)

// Names are what a device calls things.
type Names struct {
	Model, Process, Thread, Op, Tensor, Kernel string
}

// chainOps are the ops of a chain, in turns, with their TFLite codes and how long they take.
var chainOps = []struct {
	name     string
	code     int32
	duration uint64 // ns
}{{"CONV_2D", 3, 190_000}, {"DEPTHWISE_CONV_2D", 4, 95_000}, {"ADD", 0, 12_000}, {"HARD_SWISH", 117, 31_000}, {"MEAN", 40, 2_000}}

// Chain writes a trace of a model of so many nodes, each of which reads what the one before it made, and of so many invokes.
// Names are those given where they aren't empty.
func Chain(out io.Writer, nodes, invokes int, names Names) error {
	name := func(given, usual string) string {
		if given != "" {
			return given
		}
		return usual
	}
	process := name(names.Process, "app")
	w, err := trace.NewWriter(out, &trace.Header{
		Recorder: "edgexray 0.1.0", CommandLine: []string{"edgexray", "record"}, Linux: "6.1.0", Architecture: "arm64",
		Hostname: "board", StartNs: 1_000_000, StartUnixNs: 1_700_000_000_000_000_000, AttachMethod: "uprobe_multi", Cpus: 4,
		ProbeCosts: []*trace.ProbeCost{{InstructionClass: "push", TotalNs: 1400, InsideNs: 600}},
	})
	if err != nil {
		return err
	}
	s := &sampler{w: w, now: 2_000_000}
	s.describe(
		&trace.Runtime{Id: 1, Path: "/usr/lib/" + name(names.Kernel, "libtensorflowlite_c.so"), BuildId: "c0ffee"},
		&trace.Kernel{Id: 1, Runtime: 1, FileOffset: 0x9000, Address: 0x11000, SiteClass: "push", Symbol: name(names.Kernel, "tflite::Eval")},
		&trace.Process{Id: 1, Pid: 100, Name: process, LastWords: names.Process},
		&trace.Thread{Id: 1, Process: 1, Tid: 100, Name: name(names.Thread, "main")},
		&trace.Model{Id: 1, Path: "/data/" + name(names.Model, "chain.tflite"), Sha256: fmt.Sprintf("%x", sha256.Sum256([]byte(names.Model)))},
		&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Index: 0, Model: 1, Name: name(names.Model, "main"), Nodes: uint32(nodes), Runtime: 1,
			EndsKnown: true, Inputs: []int32{0}, Outputs: []int32{int32(nodes)}},
		&trace.Note{Kind: name(names.Process, "attach"), Text: name(names.Process, "a note")})
	tensor := func(i int) *trace.Tensor {
		return &trace.Tensor{Index: int32(i), Name: name(names.Tensor, "layer"), Type: float32Type, Shape: []int32{1, 56, 56, 24},
			Allocation: arena, Address: uint64(i%3) << 20, Bytes: uint64(1+i%7) << 16}
	}
	for i := range nodes {
		op := chainOps[i%len(chainOps)]
		s.describe(&trace.Node{Id: uint32(i + 1), Subgraph: 1, Index: int32(i), OpCode: op.code, Op: name(names.Op, op.name), Custom: names.Op != "",
			Kernel: 1, Inputs: []*trace.Tensor{tensor(i)}, Outputs: []*trace.Tensor{tensor(i + 1)}})
	}
	for n := range invokes {
		for i := range nodes {
			s.op(1, uint32(i+1), 300, chainOps[i%len(chainOps)].duration+uint64(n*100+i), 0)
		}
	}
	valid := strings.ToValidUTF8(names.Process, "?") // as descriptions are made
	w.SetLosses([]*trace.Loss{{Cause: name(valid, "ring full"), Count: 5}})
	s.check(w.Close(&trace.End{DurationNs: s.now, Reason: name(valid, "duration")}))
	return s.err
}
