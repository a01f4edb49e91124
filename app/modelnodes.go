package app

import (
	"google.golang.org/protobuf/proto"

	"github.com/edgexray/edgexray/tflite"
	"github.com/edgexray/edgexray/trace"
)

const (
	// maxNodes is how many nodes of a model are described, and maxNode how many bytes one may take. Real ones have thousands, of a
	// few hundred bytes each.
	maxNodes = 1 << 16
	maxNode  = 16 << 10
)

// describeNodes describes a model's nodes as its file has them. What they have to do depends on options that only the file
// tells, and those that a delegate replaced may be seen nowhere else.
func (ms *Models) describeNodes(m *model) {
	described, left := 0, 0
	for at := range m.parsed.Subgraphs {
		s := &m.parsed.Subgraphs[at]
		for index, o := range s.Operators {
			code := m.parsed.OperatorCodes[o.Opcode]
			d := &trace.ModelNode{
				Model: m.described.Id, Subgraph: int32(at), Index: int32(index),
				Op: code.String(), Custom: code.Code == tflite.OpCustom,
				Inputs: m.tensors(s, o.Inputs), Outputs: m.tensors(s, o.Outputs), Params: params(o.Params),
			}
			if described >= maxNodes || proto.Size(d) > maxNode {
				left++
				continue
			}
			described++
			ms.Describe(d)
		}
	}
	if left > 0 {
		ms.Note("model", "%s: %d of its nodes are too many or too large to describe: what they have to do may not be known", m.path, left)
	}
}

func (m *model) tensors(s *tflite.Subgraph, indices []int32) []*trace.Tensor {
	list := make([]*trace.Tensor, len(indices))
	for i, index := range indices {
		list[i] = &trace.Tensor{Index: index}
		if index < 0 {
			continue
		}
		t := s.Tensors[index]
		list[i].Type, list[i].Shape, list[i].Variable = int32(t.Type), t.Shape, t.IsVariable
		if int(t.Buffer) < len(m.parsed.Buffers) && m.parsed.Buffers[t.Buffer].Size > 0 {
			list[i].Allocation = int32(tflite.MmapRo)
		}
	}
	return list
}

func params(of []tflite.Param) []*trace.Param {
	list := make([]*trace.Param, len(of))
	for i, p := range of {
		list[i] = &trace.Param{Name: p.Name, Value: p.Value}
	}
	return list
}
