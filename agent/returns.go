package agent

import (
	"slices"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/tflite"
)

// returnsUnseen tells whether a kernel can do without a return probe, as far as that is known before it runs: what has a
// name is a delegate or a custom op, and may run anything within its ops.
func returnsUnseen(found *probes.Found) bool {
	return found.Name == "" && !slices.ContainsFunc(found.Ops, tflite.OpCode.RunsSubgraphs)
}

// probeReturns gives return probes to the kernels of a subgraph that need one after all: that of the node which runs last,
// as what begins next is another invoke, and those whose ops run subgraphs. All need one if the last one isn't known.
func (s *Session) probeReturns(g *subgraph) {
	p := g.process
	if !s.options.EntryOnly || p.memory == nil {
		return
	}
	g.planAt = len(g.nodes)
	live, ok := probes.ReadSubgraph(p.memory, g.described.Context)
	if !ok {
		return
	}
	g.readPlan(live)
	for i, n := range live.Nodes {
		maybeLast := g.planned == nil || g.last == int32(i)
		if !maybeLast && !n.BuiltinCode.RunsSubgraphs() {
			continue
		}
		k := s.libraries.byAddress(p, n.Invoke)
		if k == nil || !k.toNext {
			continue
		}
		address := live.Begin + uint64(i*live.Stride)
		if err := s.libraries.attachReturn(k); err != nil {
			s.note("attach", "%s: the ends of its ops may be missing: %v", k.found.Label(), err)
			continue
		}
		s.aggregates.drop(g.nodes[address])
		if n.BuiltinCode.RunsSubgraphs() {
			key := bpf.NodeKey{Address: address, Process: p.bpfID}
			if err := s.programs.Enclosing.Put(key, uint32(1)); err != nil {
				s.note("attach", "%s: ops within its ops may be missing: %v", k.found.Label(), err)
			}
		}
	}
}

// readPlan reads in which order the nodes of a subgraph run. A delegate changes that.
func (g *subgraph) readPlan(live probes.LiveSubgraph) {
	g.last = -1
	if plan, planned := g.process.plan(live); planned != nil {
		g.last, g.planned = plan[len(plan)-1], planned
	} else {
		g.planned = nil
	}
}

// plan returns the nodes of a subgraph that run, in their order, and by index; nil when that isn't certain.
func (p *process) plan(live probes.LiveSubgraph) (plan []int32, planned []bool) {
	object := make([]byte, 1024)
	if p.read(live.Context-tflite.ContextInSubgraph, object) != nil {
		return nil, nil
	}
	end := live.Begin + uint64(len(live.Nodes)*live.Stride)
	for _, at := range tflite.FindPlans(object, live.Begin, end) {
		memory := make([]byte, at.End-at.Begin)
		if p.read(at.Begin, memory) != nil {
			continue
		}
		plan := int32s(memory)
		if planned, ok := distinct(plan, len(live.Nodes)); ok {
			return plan, planned
		}
	}
	return nil, nil
}

// distinct tells whether these are distinct indices of so many nodes, and which.
func distinct(plan []int32, nodes int) (seen []bool, ok bool) {
	seen = make([]bool, nodes)
	for _, index := range plan {
		if index < 0 || int(index) >= nodes || seen[index] {
			return nil, false
		}
		seen[index] = true
	}
	return seen, true
}

// ranLast tells whether the node runs last in its subgraph, so that the start of the thread's next op doesn't tell the end
// of this one. Where that isn't known, it may be so.
func (s *Session) ranLast(n *node) bool {
	g := n.subgraph
	if !g.plans(n.index) && g.planAt != len(g.nodes) {
		s.probeReturns(g)
	}
	return !g.plans(n.index) || n.index == g.last
}

func (g *subgraph) plans(index int32) bool {
	return index >= 0 && int(index) < len(g.planned) && g.planned[index]
}

// attachReturn probes the returns of a kernel that has an entry probe only.
func (ls *libraries) attachReturn(k *kernel) error {
	point := probes.Point{
		Role:   probes.Return,
		Offset: uint64(k.found.FileOffset) + uint64(k.found.Site.Offset),
		Cookie: uint64(k.described.Id),
	}
	attachment, err := probes.Attach(ls.session.method, ls.session.programs, k.library.path, []probes.Point{point})
	if err != nil {
		return err
	}
	if err := ls.keep(k.library, attachment); err != nil {
		return err
	}
	k.toNext = false
	k.described.SiteClass = k.found.Site.Class.String()
	if k.announced {
		ls.session.describe(k.described)
	}
	return nil
}
