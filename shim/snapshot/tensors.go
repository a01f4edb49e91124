package snapshot

import (
	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/trace"
)

// tensorKey identifies a tensor in the file.
type tensorKey struct {
	subgraph uint32
	tensor   int32
}

// index remembers the tensors of a node's description.
func (f *File) index(n *trace.Node) {
	for _, tensors := range [][]*trace.Tensor{n.Inputs, n.Outputs} {
		for _, t := range tensors {
			if t.GetIndex() >= 0 {
				f.tensors[tensorKey{n.GetSubgraph(), t.GetIndex()}] = t
			}
		}
	}
}

// Tensor returns the description of a captured tensor as it was at that moment. Of what was never described it has the
// index alone. It is the caller's to read, not to change.
func (f *File) Tensor(c *Capture) *trace.Tensor {
	t := f.described(c)
	if c.Described == nil {
		return t
	}
	now := proto.Clone(t).(*trace.Tensor)
	now.Type, now.Shape = c.Described.Type, c.Described.Shape
	return now
}

// described returns the description in the capture's node, or else the last one in its subgraph: a model's input isn't
// always one of its first node's.
func (f *File) described(c *Capture) *trace.Tensor {
	n := f.Nodes[c.Node]
	for _, tensors := range [][]*trace.Tensor{n.GetOutputs(), n.GetInputs()} {
		for _, t := range tensors {
			if t.GetIndex() == c.Tensor {
				return t
			}
		}
	}
	if t := f.tensors[tensorKey{n.GetSubgraph(), c.Tensor}]; t != nil {
		return t
	}
	return &trace.Tensor{Index: c.Tensor}
}
