package stragglers

import (
	"errors"
	"testing"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

// delegated returns the made model as a delegate runs it three times as fast, but for the nodes that it leaves out. Those of the pieces in
// between become operators of a delegate node each.
func delegated(t *testing.T, leftOut func(n *trace.Node) bool) *made {
	t.Helper()
	m := newMade()
	nodes := m.nodes
	m.nodes = nil
	index := int32(len(nodes))
	var piece []*trace.Node
	end := func() {
		if len(piece) == 0 {
			return
		}
		id := uint32(100 + index)
		d := &trace.Node{Id: id, Subgraph: 1, Index: index, Op: "TfLiteXNNPackDelegate", Custom: true, Kernel: delegateKernel, Delegate: "TfLiteXNNPackDelegate",
			Inputs: piece[0].Inputs[:1], Outputs: piece[len(piece)-1].Outputs}
		for place, n := range piece {
			d.Replaced = append(d.Replaced, uint32(n.Index))
			n.Kernel = operatorKernel
			n.Operator = &trace.Operator{Name: n.Op + " (NHWC, F32)", Place: uint32(place), Node: id, Mapping: "exact", Nodes: []int32{n.Index}, DelegateIndex: index, Ops: []string{n.Op}}
			m.duration[n.Id] = m.duration[n.Id] / 3
			m.nodes = append(m.nodes, n)
		}
		m.nodes = append(m.nodes, d)
		m.duration[id] = 1000
		index++
		piece = nil
	}
	for _, n := range nodes {
		if leftOut(n) {
			end()
			m.nodes = append(m.nodes, n)
			continue
		}
		piece = append(piece, n)
	}
	end()
	return m
}

func leavesOutAdds(n *trace.Node) bool { return n.Op == "ADD" && n.Index < 20 }

// What a delegate leaves out, and what that costs, is found in the trace alone.
func TestNotDelegated(t *testing.T) {
	r := delegated(t, leavesOutAdds).find(t, Options{})
	found := make(map[Cause]*Finding)
	for _, f := range r.Findings {
		found[f.Cause] = f
	}
	if f := found[NotDelegated]; f == nil || len(f.Nodes) != 5 || f.ExcessNS == 0 || f.Evidence["ops"] != 5 {
		t.Errorf("not delegated: %+v", f)
	}
	if f := found[Partitions]; f == nil || f.Evidence["partitions"] != 6 || f.Evidence["crossing_ns"] <= 0 {
		t.Errorf("partitions: %+v", f)
	}
	if len(found) != 2 || len(r.Stragglers) != 0 {
		t.Errorf("findings %v, stragglers %s", found, describe(r.Stragglers))
	}
}

// Forms of a model are compared op by op, whatever their nodes' numbers: the ops that lose come with the reason.
func TestAgainst(t *testing.T) {
	quantized := newMade()
	for _, n := range quantized.nodes {
		for _, x := range append(n.Inputs, n.Outputs...) {
			x.Type, x.Scale = int32(tflite.Int8), 0.1
		}
		if n.Op == "DEPTHWISE_CONV_2D" {
			quantized.duration[n.Id] *= 2
		}
		n.Index++ // a QUANTIZE comes first
	}
	quantized.nodes = append([]*trace.Node{{Id: 99, Subgraph: 1, Index: 0, Op: "QUANTIZE", Kernel: ownKernel,
		Inputs: []*trace.Tensor{tensor(500, false, 1, 56, 56, 32)}, Outputs: []*trace.Tensor{tensor(0, false, 1, 56, 56, 32)}}}, quantized.nodes...)
	quantized.duration[99] = 9000
	reference := newMade()
	for _, n := range reference.nodes {
		if n.Op == "CONV_2D" {
			n.Kernel = referenceConvKernel
			reference.duration[n.Id] *= 8
		}
	}
	cases := map[string]struct {
		here, there *made
		losses      map[string]Cause // by op
		only        int
	}{
		"same":               {newMade(), newMade(), nil, 0},
		"quantized to float": {quantized, newMade(), map[string]Cause{"DEPTHWISE_CONV_2D": SlowType}, 1},
		"reference kernels":  {reference, newMade(), map[string]Cause{"CONV_2D": ReferenceKernel}, 0},
		"no delegate": {newMade(), delegated(t, func(*trace.Node) bool { return false }),
			map[string]Cause{"CONV_2D": NotDelegated, "DEPTHWISE_CONV_2D": NotDelegated, "ADD": NotDelegated}, 0},
		"left out": {delegated(t, func(n *trace.Node) bool { return n.Op == "ADD" }), delegated(t, func(*trace.Node) bool { return false }),
			map[string]Cause{"ADD": NotDelegated}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := c.here.find(t, Options{Against: []Other{{"there.xray", c.there.ops(t)}}})
			a := r.Against[0]
			if len(a.Pairs) != 40 || len(a.Only) != c.only || len(a.OtherOnly) != 0 || a.Trace != "there.xray" {
				t.Errorf("%d pairs, only here %v, only there %v", len(a.Pairs), a.Only, a.OtherOnly)
			}
			got := make(map[string]Cause)
			for _, l := range a.Losses {
				got[l.Op] = l.Cause
			}
			if len(got) != len(c.losses) {
				t.Errorf("losses %v, want %v", got, c.losses)
			}
			for op, cause := range c.losses {
				if got[op] != cause {
					t.Errorf("%s: %q, want %q", op, got[op], cause)
				}
			}
			for i := 1; i < len(a.Losers); i++ {
				if a.Losers[i].LossNS > a.Losers[i-1].LossNS {
					t.Error("losers are not in order")
				}
			}
		})
	}
}

// A delegate node of which no more is known stands against all that it replaced.
func TestAgainstOpaqueDelegate(t *testing.T) {
	there := newMade()
	d := &trace.Node{Id: 100, Subgraph: 1, Index: 40, Op: "GpuDelegate", Custom: true, Kernel: delegateKernel, Delegate: "GpuDelegate",
		Inputs: there.nodes[0].Inputs[:1], Outputs: there.nodes[29].Outputs}
	for _, n := range there.nodes[:30] {
		d.Replaced = append(d.Replaced, uint32(n.Index))
		there.rest = append(there.rest, &trace.ModelNode{Model: 1, Index: n.Index, Op: n.Op, Inputs: n.Inputs, Outputs: n.Outputs})
	}
	there.nodes = append([]*trace.Node{d}, there.nodes[30:]...)
	there.duration[100] = 50_000
	a := newMade().find(t, Options{Against: []Other{{"gpu.xray", there.ops(t)}}}).Against[0]
	if len(a.Pairs) != 11 || len(a.Pairs[0].Here) != 30 || len(a.Pairs[0].Other) != 1 || len(a.Only)+len(a.OtherOnly) != 0 {
		t.Errorf("%d pairs, the first of %d and %d ops; only here %v, only there %v", len(a.Pairs), len(a.Pairs[0].Here), len(a.Pairs[0].Other), a.Only, a.OtherOnly)
	}
}

// Different models are told apart, though both have convolutions.
func TestAgainstOtherModel(t *testing.T) {
	other := newMade()
	for _, n := range other.nodes {
		n.Outputs[0].Name = "other_" + n.Outputs[0].Name
		for i := range n.Outputs[0].Shape {
			n.Outputs[0].Shape[i] += 3
		}
	}
	_, err := Find(newMade().ops(t), Options{Against: []Other{{"other.xray", other.ops(t)}}})
	if !errors.Is(err, ErrOtherModel) {
		t.Errorf("error %v, want %v", err, ErrOtherModel)
	}
}
