package compare

import (
	"context"
	"fmt"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
)

// batchBytes of inputs are handed to a Local at once: a process is started for each batch.
const batchBytes = 64 << 20

// isOf returns why the graph can't be that of a model file. The hash is empty when it isn't known.
func (g *graph) isOf(m *tflite.Model, sha256 string) error {
	if g.isOtherThan(sha256) {
		return fmt.Errorf("the edge ran a file with the SHA-256 %.16s..., this one has %.16s...: other weights, or other metadata", g.sha256, sha256)
	}
	for _, s := range g.subgraphs {
		if s.index < 0 || int(s.index) >= len(m.Subgraphs) {
			return fmt.Errorf("the file has %d subgraphs, the edge ran subgraph %d", len(m.Subgraphs), s.index)
		}
		operators := m.Subgraphs[s.index].Operators
		for _, n := range s.nodes {
			if n.Delegate != "" {
				continue
			}
			if n.Index < 0 || int(n.Index) >= len(operators) {
				return fmt.Errorf("subgraph %d has %d nodes in the file, but node %d ran on the edge", s.index, len(operators), n.Index)
			}
			if op := operators[n.Index]; !n.isOperator(m.OperatorCodes[op.Opcode].String(), op.Outputs) {
				return fmt.Errorf("node %d of subgraph %d is %v in the file, but %s with other tensors on the edge",
					n.Index, s.index, m.OperatorCodes[op.Opcode], n.Op)
			}
		}
	}
	return nil
}

// isOtherThan tells whether the graph is known to be of another file than the one with a hash.
func (g *graph) isOtherThan(sha256 string) bool {
	return g.sha256 != "" && sha256 != "" && g.sha256 != sha256
}

// isOperator allows for outputs that the runtime took away because nothing uses them, as WHILE's.
func (n *node) isOperator(name string, outputs []int32) bool {
	if len(outputs) != len(n.Outputs) || (n.OpCode >= 0 && n.Op != "" && n.Op != name) {
		return false
	}
	for i, t := range n.Outputs {
		if t.GetIndex() >= 0 && t.GetIndex() != outputs[i] {
			return false
		}
	}
	return true
}

// alone runs ops alone and judges what the edge made of the same inputs.
type alone struct {
	*comparison
	fed   []bool // of the subgraph: tensors that get their data at run time
	batch []LocalOp
	of    []ranOp
	bytes int
}

// ranOp is an op in one invoke.
type ranOp struct {
	node *node
	run  *invoke
}

func (c *comparison) local(ctx context.Context) error {
	a := &alone{comparison: c}
	for _, s := range c.edge.subgraphs {
		a.fed = c.options.Model.Subgraphs[s.index].Fed()
		runs := s.invokes
		if limit := c.options.Invokes; limit > 0 && len(runs) > limit {
			runs = runs[:limit]
		}
		for _, run := range runs {
			for _, n := range s.nodes {
				if err := a.add(ctx, n, run); err != nil {
					return err
				}
			}
		}
	}
	return a.flush(ctx)
}

// add puts an op into the batch, or says why it can't be run.
func (a *alone) add(ctx context.Context, n *node, run *invoke) error {
	if n.Delegate != "" || n.order < 0 {
		return nil // said by delegates and whyNothing
	}
	if n.Op == readVariable {
		a.addRead(n, run)
		return nil
	}
	op := LocalOp{
		Subgraph: int(n.subgraph.index), Node: int(n.Index),
		Inputs: make(map[int32][]byte), Shapes: make(map[int32][]int32),
	}
	size := 0
	for _, t := range a.options.Model.Subgraphs[op.Subgraph].Operators[op.Node].Inputs {
		if t < 0 || !a.fed[t] || op.Inputs[t] != nil {
			continue
		}
		c := a.edge.had(n, run, t)
		if err := hasData(c); err != nil {
			a.notLocal(n, fmt.Sprintf("an input %v", err))
			return nil
		}
		op.Inputs[t], op.Shapes[t] = c.Data, a.edge.file.Tensor(c.Capture).GetShape()
		size += len(c.Data)
	}
	a.batch, a.of = append(a.batch, op), append(a.of, ranOp{n, run})
	if a.bytes += size; a.bytes < batchBytes {
		return nil
	}
	return a.flush(ctx)
}

// had returns what a node found in a tensor: a variable as it was before, or else what was written last.
func (g *graph) had(n *node, run *invoke, tensor int32) *snapshot.Captured {
	var last *snapshot.Captured
	for _, i := range run.captures {
		c := &g.file.Captures[i]
		of := g.file.Nodes[c.Node].GetIndex()
		if of == n.Index && c.Role == snapshot.Role_OUTPUT {
			break
		}
		if c.Tensor == tensor && (c.Role != snapshot.Role_STATE || of == n.Index) {
			last = c
		}
	}
	return last
}

func (a *alone) notLocal(n *node, why string) {
	for _, v := range n.outputs {
		o := a.outputs[v]
		o.NotLocal = join(o.NotLocal, why)
	}
}

// flush runs the batch.
func (a *alone) flush(ctx context.Context) error {
	if len(a.batch) == 0 {
		return nil
	}
	results, err := a.options.Local.Run(ctx, a.batch)
	if err != nil {
		return fmt.Errorf("run ops of %s alone: %w", a.edge.name, err)
	}
	if err := a.second(ctx, results); err != nil {
		return err
	}
	for i, r := range results {
		if r.Err != nil {
			a.notLocal(a.of[i].node, r.Err.Error())
			continue
		}
		for _, v := range a.of[i].node.outputs {
			a.judgeOutput(v, a.of[i].run, r)
		}
	}
	a.batch, a.of, a.bytes = nil, nil, 0
	return nil
}

func (a *alone) judgeOutput(v *value, run *invoke, r LocalResult) {
	o := a.outputs[v]
	edge, err := a.made(v, run)
	if err != nil {
		o.NotLocal = join(o.NotLocal, "it "+err.Error())
		return
	}
	data, ok := r.Outputs[v.GetIndex()]
	if !ok {
		o.NotLocal = join(o.NotLocal, "the trusted kernel gave none")
		return
	}
	if o.Local == nil {
		o.Local = new(Error)
	}
	m, over, why := a.judgeData(o, edge, data, r.Exact)
	if over > 1 {
		o.Local.Failed++
	}
	if o.Local.add(m, run.number, over) {
		o.Local.Over, o.Local.Kernel, o.Local.Exact = over, r.Kernel, r.Exact
		if over > 1 {
			o.Local.Why = why
		}
	}
}

// judgeData compares an output with what a trusted kernel made. Another size, of a tensor whose shape depends on data, is an
// error of its own.
func (a *alone) judgeData(o *Output, edge *view, data []byte, exact bool) (m *Metrics, over float64, why string) {
	if len(data) != len(edge.data) {
		return &Metrics{Elements: edge.real.Len}, unbounded, fmt.Sprintf("it has %d bytes, but %d from a trusted kernel", len(edge.data), len(data))
	}
	reference, err := newView(edge.Tensor, data)
	if err == nil {
		m, err = measure(edge, reference)
	}
	if err != nil { // the edge's has the same type, shape and size
		return &Metrics{Elements: edge.real.Len}, unbounded, err.Error()
	}
	over, why = judge(m, o.limits, o.terms, exact)
	if over > 1 && m.Off != nil && edge.channels() > 0 && edge.typ() != tflite.Int4 {
		once, _ := judgeOff(distinct(edge, reference), o.limits, exact)
		over = min(over, once)
	}
	return m, over, why
}
