package stragglers

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// made is a trace in the making: a model whose ops take what their work explains, and what a test does to them.
type made struct {
	header   *trace.Header
	runtime  *trace.Runtime
	kernels  []*trace.Kernel
	nodes    []*trace.Node
	invokes  int
	gap      uint64 // ns between two ops
	op       func(invoke int, node *trace.Node, op *trace.Op)
	losses   []*trace.Loss
	cut      int // bytes to leave out at the end
	model    *trace.Model
	rest     []*trace.ModelNode // nodes of its file that don't run
	duration map[uint32]uint64  // ns by node id, before op changes it
}

// The kernels of made models.
const (
	convKernel = iota + 1
	depthwiseKernel
	addKernel
	referenceConvKernel
	delegateKernel
	operatorKernel
	ownKernel
	hardSwishKernel
)

// newMade returns a model of 40 ops: convolutions of several shapes that do 20 MACs a ns, depthwise ones that do 7, and additions that move 40
// bytes a ns; each some per mille off.
func newMade() *made {
	m := &made{
		header: &trace.Header{
			Recorder: "edgexray 0.1.0", Architecture: "arm64", StartNs: 1000, AttachMethod: "uprobe_multi", Cpus: 4, MinorFaultNs: 500,
			ProbeCosts: []*trace.ProbeCost{{InstructionClass: "push", TotalNs: 1400, InsideNs: 400}},
			Followed: []*trace.Followed{{Part: analyze.SchedulingPart}, {Part: analyze.PreemptionPart}, {Part: analyze.WorkersPart},
				{Part: analyze.MinorFaultsPart}, {Part: analyze.MajorFaultsPart}},
			Cores: []*trace.Core{{}, {}, {}, {}},
		},
		runtime:  &trace.Runtime{Id: 1, Path: "/lib/libtensorflowlite_c.so", BuildId: "b1"},
		model:    &trace.Model{Id: 1, Path: "/data/made.tflite", Sha256: "abc"},
		invokes:  60,
		gap:      300,
		duration: make(map[uint32]uint64),
		op:       func(int, *trace.Node, *trace.Op) {},
	}
	for id, symbol := range []string{"conv::Eval<(tflite::ops::builtin::conv::KernelType)2>", "depthwise_conv::Eval<(tflite::ops::builtin::depthwise_conv::KernelType)2>",
		"add::Eval<(tflite::ops::builtin::add::KernelType)2>", "conv::Eval<(tflite::ops::builtin::conv::KernelType)0>", "", "", "", "activations::HardSwishEval<(KernelType)1>"} {
		m.kernels = append(m.kernels, &trace.Kernel{Id: uint32(id + 1), Runtime: 1, FileOffset: uint64(0x1000 * (id + 1)), Symbol: symbol, SiteClass: "push"})
	}
	next := int32(0)
	height, channels := int32(56), int32(32)
	for len(m.nodes) < 40 {
		switch len(m.nodes) % 4 {
		case 0, 2:
			wider := channels + 8*int32(len(m.nodes)%3)
			m.conv(next, height, channels, wider)
			channels = wider
		case 1:
			m.depthwise(next, height, channels)
		case 3:
			m.add(next, height, channels)
		}
		if len(m.nodes)%12 == 0 {
			height /= 2
		}
		next++
	}
	return m
}

func tensor(index int32, constant bool, shape ...int32) *trace.Tensor {
	t := &trace.Tensor{Index: index, Name: fmt.Sprintf("layer_%d", index), Type: int32(tflite.Float32), Shape: shape, Allocation: int32(tflite.ArenaRw), Bytes: 4}
	if constant {
		t.Allocation = int32(tflite.MmapRo)
	}
	for _, d := range shape {
		t.Bytes *= uint64(d)
	}
	return t
}

// node adds a node that reads the output of the one before it.
func (m *made) node(op string, kernel uint32, ns float64, out *trace.Tensor, inputs ...*trace.Tensor) *trace.Node {
	n := &trace.Node{Id: uint32(len(m.nodes) + 1), Subgraph: 1, Index: int32(len(m.nodes)), Op: op, Kernel: kernel, Inputs: inputs, Outputs: []*trace.Tensor{out}}
	m.nodes = append(m.nodes, n)
	m.duration[n.Id] = uint64(ns*(1+0.004*float64(n.Id*7%5)-0.008)) + 400
	return n
}

func (m *made) conv(i, height, from, to int32) *trace.Node {
	macs := float64(height) * float64(height) * float64(from) * float64(to)
	return m.node("CONV_2D", convKernel, macs/20, tensor(i+1, false, 1, height, height, to), tensor(i, false, 1, height, height, from), tensor(1000+i, true, to, 1, 1, from))
}

func (m *made) depthwise(i, height, channels int32) *trace.Node {
	macs := float64(height) * float64(height) * float64(channels) * 9
	return m.node("DEPTHWISE_CONV_2D", depthwiseKernel, macs/7, tensor(i+1, false, 1, height, height, channels), tensor(i, false, 1, height, height, channels), tensor(1000+i, true, 1, 3, 3, channels))
}

func (m *made) add(i, height, channels int32) *trace.Node {
	bytes := 12 * float64(height) * float64(height) * float64(channels)
	in := tensor(i, false, 1, height, height, channels)
	return m.node("ADD", addKernel, bytes/40, tensor(i+1, false, 1, height, height, channels), in, tensor(i-1, false, 1, height, height, channels))
}

// file returns the trace.
func (m *made) file(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := trace.NewWriter(&file, m.header)
	check := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	check(err)
	check(w.Describe(m.runtime))
	for _, k := range m.kernels {
		check(w.Describe(k))
	}
	check(w.Describe(m.model))
	for _, n := range m.rest {
		check(w.Describe(n))
	}
	check(w.Describe(&trace.Process{Id: 1, Pid: 100, Name: "app"}))
	check(w.Describe(&trace.Thread{Id: 1, Process: 1, Tid: 100, Name: "app"}))
	check(w.Describe(&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, Index: 0, Model: 1, Name: "main", Nodes: uint32(len(m.nodes)), Runtime: 1}))
	for _, n := range m.nodes {
		check(w.Describe(n))
	}
	now := m.header.StartNs
	for invoke := range m.invokes {
		now = m.invoke(w, now, invoke, check)
		now += 1_000_000
		if invoke%8 == 0 {
			check(w.Flush(now))
		}
	}
	w.SetLosses(m.losses)
	check(w.Flush(now))
	check(w.Close(&trace.End{DurationNs: now, Reason: "duration"}))
	return file.Bytes()[:file.Len()-m.cut]
}

// invoke adds one invoke. Operators run within the delegate node that follows them in the list.
func (m *made) invoke(w *trace.Writer, now uint64, invoke int, check func(error)) uint64 {
	var begin uint64
	inside := false
	for _, n := range m.nodes {
		if n.Operator != nil && !inside {
			inside, begin = true, now+m.gap
			now += 2000 // before the first operator
		}
		op := trace.Op{Thread: 1, Node: n.Id, Start: now + m.gap, Duration: m.duration[n.Id]}
		if n.Operator != nil {
			op.Start, op.Depth = now, 1
		}
		op.Duration += op.Duration / 200 * uint64((invoke*5+int(n.Id)*3)%7) / 3
		if n.Delegate != "" && n.Operator == nil {
			op.Start, op.Duration, inside = begin, now-begin, false
		}
		m.op(invoke, n, &op)
		check(w.AddOp(op))
		now = op.Start + op.Duration
	}
	return now
}

// ops returns what `edgexray ops` makes of it.
func (m *made) ops(t testing.TB) *analyze.OpsResult {
	t.Helper()
	r, err := trace.NewReader(bytes.NewReader(m.file(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	result, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func (m *made) find(t testing.TB, options Options) *Result {
	t.Helper()
	result, err := Find(m.ops(t), options)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
