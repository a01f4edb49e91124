package stragglers

import (
	"fmt"
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// A model whose ops take what their work explains has no stragglers and nothing to find.
func TestClean(t *testing.T) {
	r := newMade().find(t, Options{})
	if len(r.Stragglers) != 0 || len(r.Findings) != 0 || len(r.Problems) != 0 {
		t.Errorf("stragglers %v, findings %v, problems %v", r.Stragglers, r.Findings, r.Problems)
	}
	m := r.Models[0]
	if m.Ops != 40 || m.ByPeers != 40 || m.Invokes != 60 {
		t.Errorf("%+v", m)
	}
}

// Whatever op is delayed comes first, with what it would give back, and is the only one.
func TestDelayed(t *testing.T) {
	for node := range 36 { // the last ones are at the edge: what they should take is known less well
		for _, times := range []uint64{20, 40, 100} { // tenths
			m := newMade()
			n := m.nodes[node]
			clean := m.duration[n.Id]
			m.op = func(_ int, node *trace.Node, op *trace.Op) {
				if node == n {
					op.Duration = op.Duration * times / 10
				}
			}
			r := m.find(t, Options{})
			if len(r.Stragglers) != 1 || r.Stragglers[0].Node != n.Index {
				t.Errorf("node %d, %s, %d tenths: %d stragglers", node, n.Op, times, len(r.Stragglers))
				for _, s := range r.Stragglers {
					t.Logf("%+v", s)
				}
				continue
			}
			s := r.Stragglers[0]
			excess := float64(clean) * (float64(times)/10 - 1)
			if off := float64(s.ExcessNS)/excess - 1; off < -0.2 || off > 0.2 {
				t.Errorf("node %d, %s, %d tenths: %d ns in excess, want %.0f", node, n.Op, times, s.ExcessNS, excess)
			}
			if s.Cause != Unexplained || s.Basis != ByPeers || s.Confidence != 0 {
				t.Errorf("node %d: %+v", node, s.Verdict)
			}
		}
	}
}

// Two delayed ops come in the order of what they would give back.
func TestOrder(t *testing.T) {
	m := newMade()
	m.op = func(_ int, n *trace.Node, op *trace.Op) {
		if n.Index == 8 || n.Index == 20 {
			op.Duration *= 2
		}
	}
	r := m.find(t, Options{})
	if len(r.Stragglers) != 2 || r.Stragglers[0].ExcessNS < r.Stragglers[1].ExcessNS {
		t.Errorf("%v", r.Stragglers)
	}
}

// An op without another of its kind, or of which the work is unknown, is said not to be judged; until a profile knows it.
func TestUnjudged(t *testing.T) {
	slow := func(m *made) *made {
		m.op = func(_ int, n *trace.Node, op *trace.Op) {
			if n.Index >= 40 {
				op.Duration *= 3
			}
		}
		return m
	}
	build := func() *made {
		m := newMade()
		x := func(i int32) *trace.Tensor { return tensor(i, false, 1, 1000) }
		m.node("SOFTMAX", ownKernel, 20_000, x(2001), x(41))
		m.node("MyOwnOp", ownKernel, 20_000, x(2002), x(2001)).Custom = true
		return m
	}
	r := slow(build()).find(t, Options{})
	if m := r.Models[0]; len(r.Stragglers) != 0 || len(m.NoPeers) != 1 || m.NoPeers[0].Op != "SOFTMAX" || len(m.Unknown) != 1 || m.Unknown[0].Op != "MyOwnOp" {
		t.Errorf("stragglers %v, models %+v", r.Stragglers, m)
	}
	p := NewProfile()
	if err := p.Add(build().ops(t)); err != nil {
		t.Fatal(err)
	}
	r = slow(build()).find(t, Options{Profile: p})
	if len(r.Stragglers) != 2 || r.Stragglers[0].Basis != ByHistory || r.Models[0].ByHistory != 42 {
		t.Errorf("with a profile: %v, %+v", r.Stragglers, r.Models[0])
	}
}

// Untrusted ops are no stragglers, as what their probe costs may be what they take.
func TestTooShort(t *testing.T) {
	m := newMade()
	for i := range int32(4) {
		m.add(40+i, 2, 8)
	}
	m.op = func(_ int, n *trace.Node, op *trace.Op) {
		if n.Index == 42 {
			op.Duration *= 4
		}
	}
	if r := m.find(t, Options{}); len(r.Stragglers) != 0 {
		t.Errorf("%+v", r.Stragglers[0])
	}
}

// A trace of nothing is no error, one of many ops is judged in parts.
func TestSizes(t *testing.T) {
	empty := &made{header: newMade().header, runtime: &trace.Runtime{Id: 1}, model: &trace.Model{Id: 1}, op: func(int, *trace.Node, *trace.Op) {}}
	if r := empty.find(t, Options{}); len(r.Models) != 0 || r.Stragglers == nil || r.Findings == nil {
		t.Errorf("%+v", r)
	}
	m := newMade()
	m.invokes = 20
	for len(m.nodes) < maxTogether+100 {
		i := int32(len(m.nodes))
		m.conv(i, 14, 32+i%50, 64)
	}
	slow := uint32(len(m.nodes) - 7)
	m.op = func(_ int, n *trace.Node, op *trace.Op) {
		if n.Id == slow {
			op.Duration *= 2
		}
	}
	r := m.find(t, Options{})
	if len(r.Stragglers) != 1 || r.Stragglers[0].Node != int32(slow-1) {
		t.Errorf("%s", fmt.Sprint(r.Stragglers))
	}
}
