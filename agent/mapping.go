package agent

import (
	"slices"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/tflite/xnnpack"
	"github.com/edgexray/edgexray/trace"
)

// layouts is what is known of a library's runtimes of XNNPACK, to begin with by the cache. Until that is certain, delegate nodes
// are kept that may teach it.
type layouts struct {
	layout  xnnpack.Layout
	known   bool
	certain bool
	why     error // it isn't known
	samples []sample
}

// maxSamples bounds how many delegate nodes are kept: one of middling size tells all.
const maxSamples = 64

// sample is a delegate node that has run its operators, as it was in memory then.
type sample struct {
	xnnpack.Sample
	operators []*node
	replaced  *replaced
}

// standsFor is the nodes whose work an operator does.
type standsFor struct {
	code            tflite.OpCode // of the first one, and its place and tensors
	index           int32
	inputs, outputs []*trace.Tensor
	nodes           []int32
	ops             []string
	mapping         string
}

// operatorsRan maps the operators of a delegate node to the nodes that it replaced. A process that was launched stands still
// meanwhile.
func (s *Session) operatorsRan(r *bpf.OperatorsRanRecord) {
	if s.launcher != nil {
		s.pauses.asked[r.Header.Tid] = r.TimeNs
	}
	delegate := s.nodes[r.Node]
	if delegate == nil || len(delegate.operators) == 0 || delegate.operators[0].operator.run == nil {
		return
	}
	s.settle(delegate)
	sample, err := s.sample(delegate)
	if err != nil {
		s.note("xnnpack", "%s: for which nodes its operators stand isn't known: %v", delegate.label(), err)
		return
	}
	library := delegate.operators[0].operator.run.library
	l := &library.layouts
	if l.certain || !l.hasRoomFor(sample) {
		s.mapSample(sample, l.layout)
		if l.known {
			s.noteUntold(sample)
		}
		return
	}
	l.samples = append(l.samples, sample)
	if !l.learn(sample) {
		s.mapSample(sample, l.layout)
		return
	}
	for _, sample := range l.samples {
		s.mapSample(sample, l.layout)
	}
	if l.certain {
		library.keep(l.layout)
		s.noteUnmapped(l)
		l.samples = nil
	}
}

// hasRoomFor tells whether a sample can be added, in the place of the smallest one if need be.
func (l *layouts) hasRoomFor(s sample) bool {
	if len(l.samples) < maxSamples {
		return true
	}
	smallest := 0
	for i := range l.samples {
		if len(l.samples[i].operators) < len(l.samples[smallest].operators) {
			smallest = i
		}
	}
	if len(s.operators) <= len(l.samples[smallest].operators) {
		return false
	}
	l.samples = slices.Delete(l.samples, smallest, smallest+1)
	return true
}

// keep has a layout cached with what else is known of the library: models of few operators teach none. When it is used again,
// operators have to fit it again.
func (l *library) keep(layout xnnpack.Layout) {
	if x := l.inspection.XNNPACK; x.Layout == nil || *x.Layout != layout {
		x.Layout = &layout
		l.learned = true
	}
}

// learn takes a new sample into account, and tells whether all that are kept are to be mapped again. What a few operators
// taught may be wrong: it is learned again when others don't fit it.
func (l *layouts) learn(added sample) (changed bool) {
	all := make([]xnnpack.Sample, len(l.samples))
	for i, sample := range l.samples {
		all[i] = sample.Sample
	}
	if !l.known || xnnpack.Told([]xnnpack.Sample{added.Sample}, l.layout) == 0 {
		layout, err := xnnpack.Learn(all)
		switch {
		case err != nil:
			l.why = err
		case !l.known || xnnpack.Told(all, layout) > xnnpack.Told(all, l.layout):
			l.layout, l.known, changed = layout, true, true
		}
	}
	l.certain = l.known && xnnpack.Told(all, l.layout) >= xnnpack.Certain
	return changed || l.certain
}

// sample reads what a delegate node's operators and nodes are.
func (s *Session) sample(delegate *node) (sample, error) {
	p := delegate.subgraph.process
	replaced, err := p.readReplaced(delegate)
	if err != nil {
		return sample{}, err
	}
	result := sample{replaced: replaced, operators: slices.Clone(delegate.operators)}
	result.Graph = &replaced.Graph
	addresses := make([]uint64, len(result.operators))
	for i, n := range result.operators {
		addresses[i] = n.operator.address
		result.Names = append(result.Names, n.operator.name(p))
	}
	raw, _ := tflite.DecodeNode(delegate.pieces.raw.Raw[:])
	result.Runtime, err = xnnpack.Read(p.memory, raw.UserData, addresses)
	return result, err
}

// mapSample describes operators again, with the nodes that they stand for.
func (s *Session) mapSample(from sample, l xnnpack.Layout) {
	for i, m := range from.Map(l) {
		n := from.operators[i]
		before := n.operator.standsFor
		n.operator.standsFor = nil
		if m.Confidence != xnnpack.Unknown {
			n.operator.standsFor = from.replaced.describe(m)
		}
		if n.id != 0 && (before != nil || n.operator.standsFor != nil) {
			s.describe(s.describeOperator(n))
		}
	}
}

// untold tells whether none of a delegate node's operators is mapped.
func (s sample) untold() bool {
	return !slices.ContainsFunc(s.operators, func(n *node) bool { return n.operator.standsFor != nil })
}

func (s *Session) noteUntold(from sample) {
	if from.untold() {
		s.note("xnnpack", "%s: what its %d operators read and write fits no nodes: for which they stand isn't known",
			from.operators[0].operator.delegate.label(), len(from.operators))
	}
}

// noteUnmapped tells of delegate nodes none of whose operators is mapped, and why.
func (s *Session) noteUnmapped(l *layouts) {
	for _, sample := range l.samples {
		switch {
		case l.known:
			s.noteUntold(sample)
		case sample.untold():
			s.note("xnnpack", "%s: for which nodes operators stand isn't known: %v",
				sample.operators[0].operator.run.library.runtime.Path, l.why)
		}
	}
}

// noteAllUnmapped does so for all libraries of which nothing is certain.
func (s *Session) noteAllUnmapped() {
	for _, l := range s.libraries.files {
		if l != nil {
			s.noteUnmapped(&l.layouts)
		}
	}
}
