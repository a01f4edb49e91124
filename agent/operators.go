package agent

import (
	"cmp"
	"encoding/binary"
	"fmt"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/tflite/xnnpack"
	"github.com/edgexray/edgexray/trace"
)

// operator is what an XNNPACK delegate node runs within its own time. For the session it is a node of its own.
type operator struct {
	delegate *node
	place    uint32 // in the order in which the delegate node ran its operators first
	address  uint64
	kind     uint32 // XNNPACK's number of its type, bpf.OperatorTypeUnknown
	run      *kernel

	standsFor *standsFor // nil until it is known
}

func (s *Session) addOperator(r *bpf.OperatorRecord) {
	delegate := s.nodes[r.Node]
	if delegate == nil {
		s.note("describe", "an operator's delegate node was not described: its runs can't be attributed")
		return
	}
	run := s.libraries.byCookie(r.Site & (1<<bpf.TypeShift - 1))
	if run == nil {
		run = s.libraries.byAddress(delegate.subgraph.process, r.Ip)
	}
	n := &node{bpfID: r.Id, subgraph: delegate.subgraph, index: -1, operator: &operator{
		delegate: delegate, place: r.Place, address: r.Address, kind: r.Type, run: run,
	}}
	s.nodes[r.Id] = n
	delegate.operators = append(delegate.operators, n)
}

// settleOperator describes an operator, for which its delegate node has to be described first.
func (s *Session) settleOperator(n *node) {
	o := n.operator
	s.settle(o.delegate)
	s.nextID.node++
	n.id = s.nextID.node
	n.op = cmp.Or(o.name(n.subgraph.process), fmt.Sprintf("operator %d", o.place))
	s.describe(s.describeOperator(n))
}

// describeOperator makes the trace's description of an operator, with the node that it stands for once that is known.
func (s *Session) describeOperator(n *node) *trace.Node {
	o := n.operator
	d := &trace.Node{
		Id: n.id, Subgraph: n.subgraph.described.Id, Index: -1, OpCode: int32(tflite.OpUnknown), Op: n.op,
		Delegate: o.delegate.op,
		Operator: &trace.Operator{
			Name: o.name(n.subgraph.process), Place: o.place, Node: o.delegate.id, DelegateIndex: o.delegate.index,
			Mapping: string(xnnpack.Unknown),
		},
	}
	if o.run != nil {
		d.Kernel = s.announce(o.run)
	}
	if f := o.standsFor; f != nil {
		d.Index, d.OpCode, d.Op, d.Inputs, d.Outputs = f.index, int32(f.code), f.ops[0], f.inputs, f.outputs
		d.Operator.Mapping, d.Operator.Nodes, d.Operator.Ops = f.mapping, f.nodes, f.ops
	}
	return d
}

// name returns XNNPACK's name of the operator, "" when the library has none. Without a cookie BPF couldn't tell its type.
func (o *operator) name(p *process) string {
	if o.run == nil {
		return ""
	}
	x := o.run.library.inspection.XNNPACK
	kind := o.kind
	if kind == bpf.OperatorTypeUnknown && x.TypeOffset != 0 {
		var b [4]byte
		if p.read(o.address+uint64(x.TypeOffset), b[:]) == nil {
			kind = binary.LittleEndian.Uint32(b[:])
			o.kind = kind // the process may be gone the next time
		}
	}
	if uint64(kind) >= uint64(len(x.Names)) {
		return ""
	}
	return x.Names[kind]
}
