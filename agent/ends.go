package agent

import (
	"slices"

	"github.com/edgexray/edgexray/bpf"
	"github.com/edgexray/edgexray/tflite"
)

// readEnds reads which tensors the app puts into the subgraph and takes out of it. They are known from then on, unless
// the process is gone or what is there isn't indices of tensors: then the model's file says it, if one is found.
func (g *subgraph) readEnds(r *bpf.SubgraphRecord) {
	if g.described.Model != 0 {
		return // checked against it
	}
	inputs, outputs, ok := tflite.FindEnds(r.Raw[:min(r.RawBytes, uint32(len(r.Raw)))], r.NodesBegin, r.NodesEnd)
	if !ok {
		return
	}
	in, ok1 := g.readIndices(inputs)
	out, ok2 := g.readIndices(outputs)
	if ok1 && ok2 {
		g.described.EndsKnown, g.described.Inputs, g.described.Outputs = true, in, out
	}
}

func (g *subgraph) readIndices(v tflite.IndexVector) ([]int32, bool) {
	memory := make([]byte, v.End-v.Begin)
	if len(memory) > 0 && g.process.read(v.Begin, memory) != nil {
		return nil, false
	}
	list := int32s(memory)
	strange := func(index int32) bool { return index < -1 || int64(index) >= int64(g.described.Tensors) }
	return list, !slices.ContainsFunc(list, strange)
}
