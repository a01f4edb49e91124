package stragglers

import (
	"fmt"
	"slices"
	"testing"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// causes are ways to make a model slow, and what they must be called. A straggler's node is 14, a convolution.
var causes = map[string]struct {
	change    func(m *made)
	straggler Cause // of node 14; empty: it is no straggler
	finding   Cause // of the model; empty: there is none
}{
	"blocked": {func(m *made) {
		m.at(14, func(_ int, op *trace.Op) { op.Duration += 300_000; op.Paid.OffCPU = 300_000 })
	}, Blocked, ""},
	"off cpu": {func(m *made) {
		m.header.Followed[1].Missing = "this Linux has no such tracepoint"
		m.at(14, func(_ int, op *trace.Op) { op.Duration += 300_000; op.Paid.OffCPU = 300_000 })
	}, OffCPU, ""},
	"one op preempted": {func(m *made) {
		m.at(14, func(_ int, op *trace.Op) {
			op.Duration += 300_000
			op.Paid.OffCPU, op.Paid.Preempted = 300_000, 300_000
		})
	}, Preempted, ""},
	"all preempted": {func(m *made) {
		m.op = func(invoke int, n *trace.Node, op *trace.Op) {
			if (invoke+int(n.Id))%5 == 0 {
				op.Duration += 200_000
				op.Paid.OffCPU, op.Paid.Preempted = 200_000, 200_000
			}
		}
	}, "", Preempted},
	"all blocked": {func(m *made) {
		m.op = func(invoke int, n *trace.Node, op *trace.Op) {
			if (invoke+int(n.Id))%5 == 0 {
				op.Duration += 200_000
				op.Paid.OffCPU = 200_000
			}
		}
	}, "", Blocked},
	"faults in each run": {func(m *made) {
		m.at(14, func(_ int, op *trace.Op) { op.Duration += 200_000; op.Paid.MinorFaults = 400 })
	}, Faults, ""},
	"cold start": {func(m *made) {
		m.op = func(invoke int, _ *trace.Node, op *trace.Op) {
			if invoke == 0 {
				op.Duration += 400_000
				op.Paid.MinorFaults, op.Paid.MajorFaults = 20, 2
			}
		}
	}, "", ColdStart},
	"ran once": {func(m *made) {
		m.invokes = 1
		m.at(14, func(_ int, op *trace.Op) { op.Duration += 200_000; op.Paid.MajorFaults = 4 })
	}, ColdStart, ColdStart},
	"waits now and then": {func(m *made) {
		m.at(14, func(invoke int, op *trace.Op) {
			if invoke%4 == 0 {
				op.Duration += 300_000
				op.Paid.OffCPU = 300_000
			}
		})
	}, Blocked, ""},
	"bimodal": {func(m *made) {
		m.at(14, func(invoke int, op *trace.Op) {
			if invoke%5 < 2 {
				op.Duration *= 2
			}
		})
	}, Bimodal, ""},
	"bimodal model": {func(m *made) {
		m.op = func(invoke int, _ *trace.Node, op *trace.Op) {
			if invoke%5 < 2 {
				op.Duration *= 2
			}
		}
	}, "", Bimodal},
	"drift": {func(m *made) {
		m.at(14, func(invoke int, op *trace.Op) { op.Duration += op.Duration * uint64(invoke) / 60 })
	}, Drift, ""},
	"drifting model": {func(m *made) {
		m.op = func(invoke int, _ *trace.Node, op *trace.Op) { op.Duration += op.Duration * uint64(invoke) / 60 }
	}, "", Drift},
	"slow core": {func(m *made) {
		m.header.Cores = []*trace.Core{{Capacity: 400}, {Capacity: 1024}}
		m.op = func(_ int, n *trace.Node, op *trace.Op) {
			op.Paid.Core = 1
			if n.Index == 14 {
				op.Paid.Core, op.Duration = 0, op.Duration*5/2
			}
		}
	}, SlowCore, ""},
	"slow cores": {func(m *made) {
		m.header.Cores = []*trace.Core{{Capacity: 400}, {Capacity: 1024}}
	}, "", SlowCore},
	"low frequency": {func(m *made) {
		m.op = func(_ int, n *trace.Node, op *trace.Op) {
			op.Paid.KHz = 2_000_000
			if n.Index == 14 {
				op.Paid.KHz, op.Duration = 800_000, op.Duration*5/2
			}
		}
	}, LowFrequency, ""},
	"throttled": {func(m *made) {
		m.header.Cores = []*trace.Core{{MaxKhz: 2_000_000}}
		m.op = func(_ int, _ *trace.Node, op *trace.Op) { op.Paid.KHz = 1_000_000 }
	}, "", LowFrequency},
	"thread imbalance": {func(m *made) {
		m.op = func(_ int, n *trace.Node, op *trace.Op) {
			op.Paid.Threads, op.Paid.Workers = 4, 3*op.Duration
			if n.Index == 14 {
				op.Paid.Workers = op.Duration / 2
				op.Duration *= 3
			}
		}
	}, Imbalance, ""},
	"all threads idle": {func(m *made) {
		m.op = func(_ int, _ *trace.Node, op *trace.Op) { op.Paid.Threads, op.Paid.Workers = 4, op.Duration/2 }
	}, "", Imbalance},
	"reference kernel": {func(m *made) {
		m.nodes[14].Kernel = referenceConvKernel
		m.slow(14, 12)
	}, ReferenceKernel, ""},
	"kernel of its own": {func(m *made) {
		m.nodes[14].Kernel = ownKernel
		m.slow(14, 12)
	}, ReferenceKernel, ""},
	"reference resolver": {func(m *made) {
		for _, n := range m.nodes {
			n.Kernel = referenceConvKernel
		}
	}, "", ReferenceKernel},
	"stripped reference resolver": {func(m *made) {
		for i, n := range m.nodes {
			n.Kernel = ownKernel
			if n.Op != "ADD" {
				m.slow(i, 40)
			}
		}
	}, "", ReferenceKernel},
	"no delegate": {func(m *made) { m.runtime.Xnnpack = true }, "", NoDelegate},
	"overhead": {func(m *made) {
		for _, n := range m.nodes {
			m.duration[n.Id] = 1000 + m.duration[n.Id]%300
		}
	}, "", Overhead},
	"memory-bound": {func(m *made) {
		m.node("FULLY_CONNECTED", ownKernel, 2_000_000, tensor(3001, false, 1, 2000), tensor(41, false, 1, 2500), tensor(3002, true, 2000, 2500))
	}, "", MemoryBound},
	"slow type": {func(m *made) {
		for i := range int32(8) {
			n := m.conv(40+i, 28, 64+8*i, 64)
			n.Outputs[0].Type, n.Outputs[0].Scale, n.Inputs[0].Type, n.Inputs[1].Type = int32(tflite.Int8), 0.1, int32(tflite.Int8), int32(tflite.Int8)
			m.duration[n.Id] *= 3
		}
	}, "", SlowType},
}

// at changes each run of a node.
func (m *made) at(index int32, change func(invoke int, op *trace.Op)) {
	m.op = func(invoke int, n *trace.Node, op *trace.Op) {
		if n.Index == index {
			change(invoke, op)
		}
	}
}

func (m *made) slow(index int, times uint64) { m.duration[m.nodes[index].Id] *= times }

// Each cause is called by its name, nothing else is found, and its evidence is documented numbers.
func TestCauses(t *testing.T) {
	for name, c := range causes {
		t.Run(name, func(t *testing.T) {
			m := newMade()
			c.change(m)
			r := m.find(t, Options{})
			var findings []Cause
			for _, f := range r.Findings {
				findings = append(findings, f.Cause)
			}
			if c.finding != "" && !slices.Equal(findings, []Cause{c.finding}) || c.finding == "" && len(findings) > 0 {
				t.Errorf("findings %q, want %q", findings, c.finding)
			}
			switch {
			case c.straggler == "" && len(r.Stragglers) > 0:
				t.Errorf("stragglers: %s", describe(r.Stragglers))
			case c.straggler != "" && (len(r.Stragglers) != 1 || r.Stragglers[0].Node != 14 || r.Stragglers[0].Cause != c.straggler):
				t.Errorf("stragglers: %s, want node 14, %s", describe(r.Stragglers), c.straggler)
			}
		})
	}
}

func describe(list []*Straggler) string {
	text := fmt.Sprint(len(list))
	for _, s := range list {
		text += fmt.Sprintf("; node %d %s (%.2f): %s, %d for %d by %s, others %v", s.Node, s.Cause, s.Confidence, s.Why, s.ActualNS, s.ExpectedNS, s.Basis, s.Others)
	}
	return text
}
