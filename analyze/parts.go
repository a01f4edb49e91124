package analyze

import (
	"slices"
	"strings"

	"github.com/edgexray/edgexray/trace"
)

// placeInModel is a node's place in a model's file.
type placeInModel struct {
	model           uint32
	subgraph, index int32
}

// addParts tells ops their parameters, operators for which nodes they stand, and delegate nodes what they ran. rows are those of
// the ops, which are all of g's.
func (b *builder) addParts(g *graph, ops []*Op, rows []*row) {
	seen := tensorsSeen(ops)
	for i, op := range ops {
		switch {
		case op.Mapping != "":
			op.Parts = op.mapped()
			b.join(op, rows[i].desc.Operator.Node)
		case op.Delegate != "":
			op.Parts = op.replaced()
		default:
			op.Params = params(b.inFile(g, op, op.Node), op.Op)
		}
		for j := range op.Parts {
			p := &op.Parts[j]
			p.complete(b.inFile(g, op, p.Node), seen[op.Subgraph])
		}
		if op.Mapping != "" && len(op.Parts) > 0 {
			op.Params = op.Parts[0].Params
		}
	}
	for _, op := range ops {
		countSharing(op.Operators)
	}
}

// inFile returns what the model's file says of a node in the subgraph of op; nil when that isn't known.
func (b *builder) inFile(g *graph, op *Op, node int32) *trace.ModelNode {
	return b.rec.inFile[placeInModel{g.model, op.Subgraph, node}]
}

// join adds an operator to the delegate node that it runs in.
func (b *builder) join(operator *Op, delegate uint32) {
	n := b.rec.nodes[delegate]
	if n == nil {
		return
	}
	if op := b.ops[n.row.resolve()]; op != nil {
		op.Operators = append(op.Operators, operator)
	}
}

// tensorsSeen returns the tensors of ops as they were at run time, by subgraph and index.
func tensorsSeen(ops []*Op) map[int32]map[int32]Tensor {
	seen := make(map[int32]map[int32]Tensor)
	for _, op := range ops {
		if seen[op.Subgraph] == nil {
			seen[op.Subgraph] = make(map[int32]Tensor)
		}
		for _, t := range slices.Concat(op.Inputs, op.Outputs) {
			if t.Index >= 0 && !t.Unshaped {
				seen[op.Subgraph][t.Index] = t
			}
		}
	}
	return seen
}

// mapped returns the nodes that an operator stands for. It is itself described as the first one.
func (op *Op) mapped() []Part {
	parts := make([]Part, len(op.MappedNodes))
	for i, node := range op.MappedNodes {
		parts[i] = Part{Node: node, Params: map[string]int64{}}
		if i < len(op.MappedOps) {
			parts[i].Op = op.MappedOps[i]
		}
	}
	if len(parts) > 0 {
		parts[0].Inputs, parts[0].Outputs = op.Inputs, op.Outputs
	}
	return parts
}

// replaced returns the nodes that a delegate node replaced.
func (op *Op) replaced() []Part {
	parts := make([]Part, len(op.Replaced))
	for i, node := range op.Replaced {
		parts[i] = Part{Node: int32(node), Params: map[string]int64{}}
	}
	return parts
}

// complete adds to a part what the model's file says of it. Shapes that were seen at run time are better than the file's.
func (p *Part) complete(m *trace.ModelNode, seen map[int32]Tensor) {
	if m == nil {
		return
	}
	if p.Op == "" {
		p.Op = m.Op
	}
	p.Custom, p.Params = m.Custom, params(m, p.Op)
	if p.Inputs != nil || p.Outputs != nil {
		return
	}
	p.Inputs, p.Outputs = tensors(m.Inputs), tensors(m.Outputs)
	resized, unseen := false, false
	for _, list := range [][]Tensor{p.Inputs, p.Outputs} {
		for i, t := range list {
			list[i].Unshaped = false // the file has no sizes beside shapes
			now, ok := seen[t.Index]
			switch {
			case ok:
				resized = resized || !slices.Equal(now.Shape, t.Shape)
				list[i] = now
			case t.Index >= 0 && !t.Constant:
				unseen = true
			}
		}
	}
	p.Resized = resized && unseen
}

// params returns the parameters of a node, if it is the same op in the model's file.
func params(m *trace.ModelNode, op string) map[string]int64 {
	values := make(map[string]int64)
	if m.GetOp() == op {
		for _, p := range m.GetParams() {
			values[p.Name] = p.Value
		}
	}
	return values
}

// roles are what operators do when several work for one node, by how XNNPACK's names for them begin. The others compute.
var roles = []struct {
	name string
	role role
}{
	{"Copy", moves}, {"Transpose", moves}, {"Convert", moves}, {"Constant Pad", moves}, {"Slice", moves}, {"Concatenate", moves},
	{"Broadcast", moves}, {"Unary Elementwise", finishes}, {"Binary Elementwise", finishes}, {"Clamp", finishes},
}

// role is how much of a node's work an operator may do: data is moved for what computes, and activations finish it.
type role int

const (
	moves role = iota
	finishes
	computes
)

func (op *Op) role() role {
	for _, r := range roles {
		if strings.HasPrefix(op.Operator, r.name) {
			return r.role
		}
	}
	return computes
}

// countSharing tells operators of a delegate node, in the order in which they run, how many of them compute a node together,
// and which ones help those.
func countSharing(operators []*Op) {
	main, count := make(map[int32]role), make(map[int32]int)
	for _, op := range operators {
		for _, p := range op.Parts {
			main[p.Node] = max(main[p.Node], op.role())
		}
	}
	for _, op := range operators {
		for _, p := range op.Parts {
			if op.role() == main[p.Node] {
				count[p.Node]++
			}
		}
	}
	computed := make(map[int32]bool)
	for _, op := range operators {
		for i := range op.Parts {
			p := &op.Parts[i]
			p.Sharing = count[p.Node]
			switch {
			case op.role() == main[p.Node]:
				computed[p.Node] = true
			case computed[p.Node]:
				p.Helps = After
			default:
				p.Helps = Before
			}
		}
	}
}
