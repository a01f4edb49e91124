package agent

import (
	"slices"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/tflite/xnnpack"
	"github.com/edgexray/edgexray/trace"
)

// layouts is what is known of a library's runtimes of XNNPACK. Until it is, delegate nodes are kept that may teach it.
type layouts struct {
	layout  xnnpack.Layout
	known   bool
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
	known := &delegate.operators[0].operator.run.library.layouts
	if known.known {
		s.mapSample(sample, known.layout)
		return
	}
	if len(known.samples) == maxSamples {
		return
	}
	known.samples = append(known.samples, sample)
	all := make([]xnnpack.Sample, len(known.samples))
	for i, sample := range known.samples {
		all[i] = sample.Sample
	}
	if known.layout, known.known = xnnpack.Learn(all); known.known {
		for _, sample := range known.samples {
			s.mapSample(sample, known.layout)
		}
		known.samples = nil
	}
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
		if m.Confidence == xnnpack.Unknown {
			continue
		}
		n := from.operators[i]
		n.operator.standsFor = from.replaced.describe(m)
		if n.id != 0 {
			s.describe(s.describeOperator(n))
		}
	}
}

// noteUnmapped tells of libraries that ran too few operators to learn from.
func (s *Session) noteUnmapped() {
	for _, l := range s.libraries.files {
		if l != nil && len(l.layouts.samples) > 0 {
			s.note("xnnpack", "%s ran too few of XNNPACK's operators to tell for which nodes they stand", l.runtime.Path)
		}
	}
}
