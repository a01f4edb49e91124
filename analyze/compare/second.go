package compare

import (
	"context"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/trace"
)

// second asks for a second opinion of quantized ops that trusted kernels of their own type convict: they are run again in
// float and requantised. Where float agrees with the edge and convicts the trusted kernel, that is the one that is wrong, and
// float's result takes the place of its own.
//
// Kernels that are wrong so: the reference SUM of INT8 in LiteRT 2.3.0, and FULLY_CONNECTED with a scale for each channel in
// TFLite 2.9.0, which is run with the first one's.
func (a *alone) second(ctx context.Context, results []LocalResult) error {
	var again []LocalOp
	var of []int
	for i, r := range results {
		if r.Err == nil && r.Exact && a.of[i].node.hasFloatForm() && a.convicts(a.of[i], r) {
			op := a.batch[i]
			op.Float = true
			again, of = append(again, op), append(of, i)
		}
	}
	if len(again) == 0 {
		return nil
	}
	opinions, err := a.options.Local.Run(ctx, again)
	if err != nil {
		return fmt.Errorf("run ops of %s alone in float: %w", a.edge.name, err)
	}
	for j, float := range opinions {
		i := of[j]
		if n := a.of[i].node; float.Err == nil && !float.Exact && !a.convicts(a.of[i], float) && a.differ(a.of[i], results[i], float) {
			a.result.problem("%s (node %d) of %s is right on the edge: what differs from it, and from the op in float, is the trusted kernel (%s)",
				n.Op, n.Index, a.edge.name, results[i].Kernel)
			results[i] = float
		}
	}
	return nil
}

// hasFloatForm tells whether an op computes with quantized numbers.
func (n *node) hasFloatForm() bool {
	return slices.ContainsFunc(slices.Concat(n.Node.Inputs, n.Node.Outputs), func(t *trace.Tensor) bool { return t.GetScale() != 0 })
}

// convicts tells whether an output of the edge is past the tolerance, seen from a result.
func (a *alone) convicts(of ranOp, r LocalResult) bool {
	return slices.ContainsFunc(of.node.outputs, func(v *value) bool {
		edge, err := a.made(v, of.run)
		return err == nil && a.past(v, edge, r)
	})
}

// differ tells whether the outputs of a trusted kernel are past the tolerance, seen from a result in float.
func (a *alone) differ(of ranOp, trusted, float LocalResult) bool {
	return slices.ContainsFunc(of.node.outputs, func(v *value) bool {
		edge, err := a.made(v, of.run)
		if err != nil {
			return false
		}
		as, err := newView(edge.Tensor, trusted.Outputs[v.GetIndex()])
		return err == nil && a.past(v, as, float)
	})
}

// past tells whether what was made of an output is past the tolerance.
func (a *alone) past(v *value, made *view, r LocalResult) bool {
	data, ok := r.Outputs[v.GetIndex()]
	if !ok {
		return false
	}
	_, over, _ := a.judgeData(a.outputs[v], made, data, r.Exact)
	return over > 1
}

// made returns what the edge made of an output in an invoke.
func (a *alone) made(v *value, run *invoke) (*view, error) {
	c := a.edge.captured(run, v.GetIndex())
	if err := hasData(c); err != nil {
		return nil, err
	}
	return a.edge.view(c)
}
