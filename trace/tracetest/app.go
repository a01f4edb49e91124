package tracetest

import (
	"io"
	"math"
	"math/rand/v2"

	"github.com/edgexray/edgexray/trace"
)

// App is processes that run a model one after the other, as a recorder would see them. Change what it is before it is written.
type App struct {
	Header    *trace.Header
	Model     *trace.Model  // without a path: none was found
	Nodes     []*trace.Node // without ids; operators before the delegate node that they run in, which is the last one
	Times     []float64     // ns, of each node
	Processes int
	Invokes   int     // of each process
	Noise     float64 // by which an op differs from process to process, as a share
	Common    float64 // by which all ops of a process do
	Seed      uint64
	Losses    []*trace.Loss
	Site      string                               // instruction class of all probes
	Paid      func(process, invoke int) trace.Paid // by each op; nil is nothing
}

// NewApp returns five processes of 30 invokes of twelve nodes, of 50 us to 600 us, on an arm64 board.
func NewApp(seed uint64) *App {
	a := &App{
		Header:    &trace.Header{Architecture: "arm64", Hostname: "board", Linux: "6.1", AttachMethod: "uprobe_multi", ProbeCosts: []*trace.ProbeCost{{TotalNs: 1000}}},
		Model:     &trace.Model{Path: "/data/net.tflite", Sha256: "feed"},
		Processes: 5, Invokes: 30, Noise: 0.005, Common: 0.01, Seed: seed,
	}
	for i := range 12 {
		a.Nodes = append(a.Nodes, &trace.Node{Index: int32(i), Op: []string{"CONV_2D", "ADD", "DEPTHWISE_CONV_2D"}[i%3], Kernel: uint32(1 + i%3),
			Inputs:  []*trace.Tensor{{Index: int32(i), Type: float32Type, Shape: []int32{1, 8}}},
			Outputs: []*trace.Tensor{{Index: int32(i) + 1, Type: float32Type, Shape: []int32{1, 8}}}})
		a.Times = append(a.Times, float64(50_000*(i+1)))
	}
	return a
}

// Write records the app.
func (a *App) Write(out io.Writer) error {
	w, err := trace.NewWriter(out, a.Header)
	if err != nil {
		return err
	}
	s := &sampler{w: w, now: 1000}
	s.describe(&trace.Runtime{Id: 1, Path: "libtflite.so"})
	for i, symbol := range []string{"conv::Eval", "add::Eval", "depthwise_conv::Eval", "conv::EvalNew"} {
		s.describe(&trace.Kernel{Id: uint32(i + 1), Runtime: 1, Symbol: symbol, SiteClass: a.Site})
	}
	if a.Model.Path != "" {
		a.Model.Id = 1
		s.describe(a.Model)
	}
	random := rand.New(rand.NewPCG(a.Seed, 7))
	for process := range a.Processes {
		a.run(s, process, random)
	}
	w.SetLosses(a.Losses)
	s.check(w.Close(&trace.End{}))
	return s.err
}

// run records one process.
func (a *App) run(s *sampler, process int, random *rand.Rand) {
	id := uint32(process + 1)
	node := func(i int) uint32 { return id<<16 + uint32(i) }
	s.describe(&trace.Process{Id: id, Pid: int32(99 + id), Name: "app"}, &trace.Thread{Id: id, Process: id, Tid: int32(99 + id)},
		&trace.Subgraph{Id: id, Process: id, Interpreter: id, Model: a.Model.Id})
	common := math.Exp(a.Common * random.NormFloat64())
	own := make([]float64, len(a.Nodes))
	for i, n := range a.Nodes {
		own[i] = a.Times[i] * common * math.Exp(a.Noise*random.NormFloat64())
		d := &trace.Node{Id: node(i), Subgraph: id, Index: n.Index, Op: n.Op, Kernel: n.Kernel, Inputs: n.Inputs, Outputs: n.Outputs, Delegate: n.Delegate, Replaced: n.Replaced}
		if o := n.Operator; o != nil {
			d.Operator = &trace.Operator{Name: o.Name, Place: o.Place, Node: node(len(a.Nodes) - 1), Mapping: "exact", Nodes: o.Nodes, Ops: o.Ops, DelegateIndex: o.DelegateIndex}
		}
		s.describe(d)
	}
	for invoke := range a.Invokes {
		var paid trace.Paid
		if a.Paid != nil {
			paid = a.Paid(process, invoke)
		}
		began := s.now + 50
		for i, n := range a.Nodes {
			op := trace.Op{Thread: id, Node: node(i), Start: s.now + 100, Paid: paid}
			op.Duration = uint64(own[i]*math.Exp(0.01*math.Abs(random.NormFloat64()))) + paid.Preempted
			switch {
			case n.Operator != nil:
				op.Depth = 1
			case len(n.Replaced) > 0: // around what ran so far
				op.Start, op.Duration = began, s.now+100-began
			}
			s.check(s.w.AddOp(op))
			s.now = op.Start + op.Duration
		}
	}
}
