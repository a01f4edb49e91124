package analyze

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// at is a tensor of 10 bytes in the arena.
func at(index int32, address uint64) *trace.Tensor { return sized(index, tflite.ArenaRw, address, 10) }

// sized is a tensor at an address counted from 0x10000.
func sized(index int32, allocation tflite.AllocationType, address, bytes uint64) *trace.Tensor {
	return &trace.Tensor{Index: index, Allocation: int32(allocation), Address: 0x10000 + address, Bytes: bytes}
}

func list(tensors ...*trace.Tensor) []*trace.Tensor { return tensors }

// step is a node of a subgraph, whose description's id is 10 times the subgraph's and its index.
func (tr *tracer) step(subgraph uint32, index int32, inputs, outputs []*trace.Tensor, temporaries ...*trace.Tensor) {
	tr.describe(&trace.Node{Id: 10*subgraph + uint32(index), Subgraph: subgraph, Index: index, Op: fmt.Sprint("OP", index),
		Inputs: inputs, Outputs: outputs, Temporaries: temporaries})
}

// within adds an op that encloses those that other adds.
func (tr *tracer) within(depth uint32, node uint32, other func()) {
	start := tr.now
	other()
	tr.now += 10
	if err := tr.w.AddOp(trace.Op{Thread: 1, Node: node, Start: start, Duration: tr.now - start, Depth: depth}); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tracer) nested(depth uint32, nodes ...uint32) {
	for _, n := range nodes {
		tr.now += 10
		if err := tr.w.AddOp(trace.Op{Thread: 1, Node: n, Start: tr.now, Duration: 10, Depth: depth}); err != nil {
			tr.t.Fatal(err)
		}
		tr.now += 10
	}
}

// three describes subgraph 1: tensor 0 goes in, 1 to 3 are made one from the other, 3 and those in also come out.
func (tr *tracer) three(also ...int32) {
	tr.describe(&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1, EndsKnown: true, Inputs: []int32{0}, Outputs: append(also, 3)})
	for i := range int32(3) {
		tr.step(1, i, list(at(i, 100*uint64(i))), list(at(i+1, 100*uint64(i+1))))
	}
}

// memoryOf shows live bytes by op, the peak, the node that sets it, and what is missing.
func memoryOf(r *OpsResult) string {
	m := r.Models[0]
	var live []string
	for _, op := range m.Ops {
		switch {
		case op.Memory.Live == nil:
			live = append(live, "-")
		case op.Memory.Unknown > 0:
			live = append(live, fmt.Sprintf("%d+%d?", *op.Memory.Live, op.Memory.Unknown))
		default:
			live = append(live, fmt.Sprint(*op.Memory.Live))
		}
	}
	if m.Memory == nil {
		return strings.Join(live, " ")
	}
	return fmt.Sprintf("%s; %d at %d:%d; %s", strings.Join(live, " "), m.Memory.Peak, m.Memory.PeakSubgraph, m.Memory.PeakNode, strings.Join(m.Memory.Notes, "; "))
}

func TestLiveBytes(t *testing.T) {
	describeThree := func(change ...func(*tracer)) func(*tracer) {
		return func(tr *tracer) {
			tr.three()
			for _, c := range change {
				c(tr)
			}
			tr.run(1, 10, 11, 12, 10, 11, 12)
		}
	}
	cases := []struct {
		name string
		add  func(*tracer)
		want string
	}{
		{"chain", describeThree(), "20 30 30; 30 at 0:1; "},
		{"an output that others read", func(tr *tracer) {
			tr.three(1)
			tr.run(1, 10, 11, 12)
		}, "20 30 40; 40 at 0:2; "},
		{"in place", describeThree(func(tr *tracer) {
			tr.step(1, 2, list(at(2, 200)), list(at(3, 200)))
		}), "20 30 20; 30 at 0:1; "},
		{"read again later", describeThree(func(tr *tracer) {
			tr.step(1, 2, list(at(2, 200), at(1, 100)), list(at(3, 300)))
		}), "20 30 40; 40 at 0:2; "},
		{"a temporary", describeThree(func(tr *tracer) {
			tr.step(1, 1, list(at(1, 100)), list(at(2, 200)), at(7, 300))
		}), "20 40 30; 40 at 0:1; "},
		{"weights", describeThree(func(tr *tracer) {
			tr.step(1, 1, list(at(1, 100), sized(7, tflite.MmapRo, 5000, 1000)), list(at(2, 200)))
		}), "20 30 30; 30 at 0:1; "},
		{"persistent", describeThree(func(tr *tracer) {
			tr.step(1, 2, list(at(2, 200), sized(7, tflite.ArenaRwPersistent, 5000, 1000)), list(at(3, 300)))
		}), "1020 1030 1030; 1030 at 0:1; "},
		{"dynamic tensors share nothing", describeThree(func(tr *tracer) {
			tr.step(1, 1, list(at(1, 100)), list(sized(2, tflite.Dynamic, 0, 7)))
			tr.step(1, 2, list(sized(2, tflite.Dynamic, 0, 7)), list(sized(3, tflite.Dynamic, 0, 8)))
		}), "20 27 25; 27 at 0:1; "},
		{"nobody knows where", describeThree(func(tr *tracer) {
			lost := &trace.Tensor{Index: 2, Allocation: int32(tflite.ArenaRw), Bytes: 10}
			tr.step(1, 1, list(at(1, 100)), list(lost))
			tr.step(1, 2, list(lost), list(at(3, 300)))
		}), "20 20+1? 20+1?; 20 at 0:0; tensors whose size or place is not known, and which are in no sum: 1"},
		{"across each other", describeThree(func(tr *tracer) {
			tr.step(1, 1, list(at(1, 100)), list(at(2, 105)))
			tr.step(1, 2, list(at(2, 105)), list(at(3, 300)))
		}), "20 25 30; 30 at 0:2; tensors that lie across others, because they moved and it was not seen how: 2"},
		{"the arena moves", describeThree(func(tr *tracer) { // the last node was described after that
			tr.step(1, 1, list(at(1, 100)), list(at(2, 100)))
			tr.step(1, 2, list(at(2, 7100)), list(at(3, 7100)))
		}), "20 20 20; 20 at 0:0; "},
		{"a delegate", describeThree(func(tr *tracer) {
			tr.describe(&trace.Node{Id: 11, Subgraph: 1, Index: 1, Op: "X", Delegate: "X", Inputs: list(at(1, 100)), Outputs: list(at(2, 200))})
		}), "20 30 30; 30 at 0:1; delegate nodes, of whose memory only inputs and outputs are seen: 1"},
		{"what goes in and out is not known", describeThree(func(tr *tracer) {
			tr.describe(&trace.Subgraph{Id: 1, Process: 1, Interpreter: 1})
		}), "20 30 30; 30 at 0:1; which tensors the app puts in and takes out is not known: what no op made counts from the first op to the last, and what no op reads to the last"},
		{"only parts of invokes", func(tr *tracer) {
			tr.three()
			tr.run(1, 11, 12)
		}, "20 20; 20 at 0:1; no whole invoke was recorded: tensors' lifetimes are those in the longest part of one"},
		{"begins in the middle", func(tr *tracer) {
			tr.three()
			tr.run(1, 12, 10, 11, 12, 10, 11)
		}, "20 30 30; 30 at 0:1; "},
		{"shapes change", func(tr *tracer) {
			tr.three()
			tr.run(1, 10, 11, 12)
			for i := range int32(3) {
				tr.describe(&trace.Node{Id: 20 + uint32(i), Subgraph: 1, Index: i, Op: "LARGE",
					Inputs: list(sized(i, tflite.ArenaRw, 100*uint64(i), 50)), Outputs: list(sized(i+1, tflite.ArenaRw, 100*uint64(i+1), 50))})
			}
			tr.run(1, 20, 21, 22, 10, 11, 12)
		}, "20 100 30 150 30 150; 150 at 0:1; "},
		{"shapes change all the time", func(tr *tracer) {
			tr.three()
			for i := range uint64(3 * manyOrders) {
				id := 20 + 3*uint32(i)
				for n := range int32(3) {
					tr.describe(&trace.Node{Id: id + uint32(n), Subgraph: 1, Index: n, Op: "ADD",
						Inputs: list(sized(n, tflite.ArenaRw, 1000*uint64(n), i+1)), Outputs: list(sized(n+1, tflite.ArenaRw, 1000*uint64(n+1), i+1))})
				}
				tr.run(1, id, id+1, id+2)
				if err := tr.w.Flush(tr.now); err != nil {
					tr.t.Fatal(err)
				}
			}
		}, fmt.Sprintf("%d %d %d; %[2]d at 0:1; ", 2*3*manyOrders, 3*3*manyOrders, 3*3*manyOrders)},
		{"a subgraph within an op", func(tr *tracer) {
			tr.three()
			tr.describe(&trace.Subgraph{Id: 2, Process: 1, Interpreter: 1, Index: 1, EndsKnown: true, Inputs: []int32{0}, Outputs: []int32{2}})
			// Its input is the op's own memory.
			tr.step(2, 0, list(sized(0, tflite.CustomAllocation, 0, 10)), list(sized(1, tflite.ArenaRw, 900, 5)))
			tr.step(2, 1, list(sized(1, tflite.ArenaRw, 900, 5)), list(sized(2, tflite.ArenaRw, 905, 6)))
			for range 2 {
				tr.run(1, 10)
				tr.within(0, 11, func() { tr.nested(1, 20, 21, 20, 21) })
				tr.run(1, 12)
			}
		}, "20 41 30 35 41; 41 at 1:1; "},
		{"a subgraph whose op was lost", func(tr *tracer) {
			tr.three()
			tr.describe(&trace.Subgraph{Id: 2, Process: 1, Interpreter: 1, Index: 1, EndsKnown: true})
			tr.step(2, 0, nil, list(at(1, 900)))
			tr.nested(1, 20)
			tr.run(1, 10, 11, 12)
		}, "20 30 30 -; 30 at 0:1; subgraphs that ran within ops which were not seen, and are in no sum: 1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tr := newTracer(t)
			c.add(tr)
			r := tr.ops()
			if got := memoryOf(r); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
			wantParts(t, r.Models[0].Memory)
		})
	}
}

// wantParts checks what a memory's parts add up to, and that its runs say the same as its peak.
func wantParts(t *testing.T, m *ModelMemory) {
	t.Helper()
	var peak, weights, most uint64
	for _, p := range m.PeakParts {
		peak += p.Bytes
	}
	for _, p := range m.WeightParts {
		weights += p.Bytes
	}
	for _, run := range m.Runs {
		most = max(most, slices.Max(run.Live))
		if len(run.Live) != len(run.Nodes) {
			t.Errorf("%d places for %d nodes", len(run.Live), len(run.Nodes))
		}
		for _, tensor := range run.Tensors {
			if tensor.First > tensor.Last || tensor.Last >= len(run.Nodes) {
				t.Errorf("tensor %+v in a run of %d nodes", tensor, len(run.Nodes))
			}
		}
	}
	if peak != m.Peak || weights != m.Weights || most != m.Peak {
		t.Errorf("parts add up to %d and weights to %d, the most that is live is %d; want %d, %d and %d", peak, weights, most, m.Peak, m.Weights, m.Peak)
	}
}

// An interpreter's memory is its own, however many there are, and also when they were merged while the trace was read.
func TestMemoryOfManyInterpreters(t *testing.T) {
	tr := newTracer(t)
	const interpreters = 3 * minFold
	for i := range uint32(interpreters) {
		id := 1 + 3*i
		tr.describe(&trace.Subgraph{Id: id, Process: 1, Interpreter: id, EndsKnown: true, Inputs: []int32{0}, Outputs: []int32{3}})
		for n := range int32(3) {
			arena := uint64(1000 * i)
			tr.describe(&trace.Node{Id: id + uint32(n), Subgraph: id, Index: n, Op: "ADD",
				Inputs: list(at(n, arena+100*uint64(n)), sized(7, tflite.MmapRo, 5, 5)), Outputs: list(at(n+1, arena+100*uint64(n+1)))})
		}
		tr.run(1, id, id+1, id+2)
		if err := tr.w.Flush(tr.now); err != nil {
			t.Fatal(err)
		}
	}
	r := tr.ops()
	if got, want := memoryOf(r), "20 30 30; 30 at 0:1; "; got != want || r.Models[0].Interpreters != interpreters {
		t.Errorf("%d interpreters: %s\nwant %s", r.Models[0].Interpreters, got, want)
	}
	if weights := r.Models[0].Memory.Weights; weights != 5 {
		t.Errorf("%d bytes of weights, want 5", weights)
	}
}
