package diff

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/trace"
)

// app is processes that run a model, as a recorder would see them.
type app struct {
	header    *trace.Header
	model     *trace.Model
	nodes     []*trace.Node // without ids
	times     []float64     // ns, of each node
	processes int
	invokes   int
	noise     float64                              // of an op from run to run
	common    float64                              // of all ops of a run
	paid      func(process, invoke int) trace.Paid // of each op
	losses    []*trace.Loss
	seed      uint64
}

// newApp is an app of twelve nodes from 50 us to 600 us.
func newApp(seed uint64) *app {
	a := &app{
		header:    &trace.Header{Architecture: "arm64", Hostname: "board", Linux: "6.1", AttachMethod: "uprobe_multi", ProbeCosts: []*trace.ProbeCost{{TotalNs: 1000}}},
		model:     &trace.Model{Path: "/data/net.tflite", Sha256: "feed"},
		processes: 5, invokes: 30, noise: 0.005, common: 0.01, seed: seed,
		paid: func(int, int) trace.Paid { return trace.Paid{} },
	}
	for i := range 12 {
		name := []string{"CONV_2D", "ADD", "DEPTHWISE_CONV_2D"}[i%3]
		a.nodes = append(a.nodes, &trace.Node{Index: int32(i), Op: name, Kernel: uint32(1 + i%3),
			Inputs: []*trace.Tensor{{Index: int32(i), Type: 1, Shape: []int32{1, 8}}}, Outputs: []*trace.Tensor{{Index: int32(i) + 1, Type: 1, Shape: []int32{1, 8}}}})
		a.times = append(a.times, float64(50_000*(i+1)))
	}
	return a
}

// file records the app.
func (a *app) file(t testing.TB) []byte {
	t.Helper()
	random := rand.New(rand.NewPCG(a.seed, 7))
	var file bytes.Buffer
	w, err := trace.NewWriter(&file, a.header)
	check := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	check(err)
	for i, symbol := range []string{"conv::Eval", "add::Eval", "depthwise_conv::Eval", "conv::EvalNew"} {
		check(w.Describe(&trace.Kernel{Id: uint32(i + 1), Runtime: 1, Symbol: symbol}))
	}
	check(w.Describe(&trace.Runtime{Id: 1, Path: "libtflite.so"}))
	if a.model.Path != "" {
		a.model.Id = 1
		check(w.Describe(a.model))
	}
	now := uint64(1000)
	for p := range a.processes {
		id := uint32(p + 1)
		check(w.Describe(&trace.Process{Id: id, Pid: int32(100 + p), Name: "app"}))
		check(w.Describe(&trace.Thread{Id: id, Process: id, Tid: int32(100 + p)}))
		check(w.Describe(&trace.Subgraph{Id: id, Process: id, Interpreter: id, Model: a.model.Id}))
		factor := math.Exp(a.common * random.NormFloat64())
		own := make([]float64, len(a.nodes))
		for i, n := range a.nodes {
			own[i] = a.times[i] * factor * math.Exp(a.noise*random.NormFloat64())
			d := &trace.Node{Id: id*1000 + uint32(i), Subgraph: id, Index: n.Index, Op: n.Op, Kernel: n.Kernel, Inputs: n.Inputs, Outputs: n.Outputs,
				Delegate: n.Delegate, Replaced: n.Replaced}
			if n.Operator != nil {
				d.Operator = &trace.Operator{Name: n.Operator.Name, Place: n.Operator.Place, Node: id*1000 + uint32(len(a.nodes)-1), Mapping: "exact",
					Nodes: n.Operator.Nodes, DelegateIndex: n.Operator.DelegateIndex, Ops: n.Operator.Ops}
			}
			check(w.Describe(d))
		}
		for invoke := range a.invokes {
			paid := a.paid(p, invoke)
			began := now + 50
			for i, n := range a.nodes {
				op := trace.Op{Thread: id, Node: id*1000 + uint32(i), Start: now + 100, Paid: paid}
				op.Duration = uint64(own[i]*math.Exp(0.01*math.Abs(random.NormFloat64()))) + paid.Preempted
				switch {
				case n.Operator != nil:
					op.Depth = 1
				case len(n.Replaced) > 0: // around what ran so far
					op.Start, op.Duration = began, now+100-began
				}
				check(w.AddOp(op))
				now = op.Start + op.Duration
			}
		}
	}
	w.SetLosses(a.losses)
	check(w.Close(&trace.End{}))
	return file.Bytes()
}

// sideOf is a side with the recordings.
func sideOf(t testing.TB, name string, o Options, files ...[]byte) *Side {
	t.Helper()
	s := NewSide(name)
	for i, file := range files {
		r, err := trace.NewReader(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		ops, err := analyze.Ops(r, analyze.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		s.Add(fmt.Sprintf("%s-%d.xray", name, i+1), ops, o.Quantile)
	}
	return s
}

func options(t testing.TB) Options {
	t.Helper()
	thresholds, err := ParseThresholds(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Options{Thresholds: thresholds}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// compared compares two apps and returns the result for their only model.
func compared(t testing.TB, base, new *app) (*Result, *Model) {
	t.Helper()
	o := options(t)
	r, err := Diff(sideOf(t, "base", o, base.file(t)), sideOf(t, "new", o, new.file(t)), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Models) != 1 {
		t.Fatalf("%d models", len(r.Models))
	}
	return r, r.Models[0]
}
