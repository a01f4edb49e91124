package compare

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/edgexray/edgexray/shim/snapshot"
	"github.com/edgexray/edgexray/tflite"
)

// ErrIncomparable means that two snapshots, or a snapshot and a model file, have nothing to do with each other.
var ErrIncomparable = errors.New("can't be compared")

// minAligned is the share of a model's tensors that must have a counterpart: a re-converted or fused model has most in
// common with its origin, another model hardly more than its input and output.
const minAligned = 0.5

// Options says how to compare.
type Options struct {
	Model      *tflite.Model // that ran on the edge; nil: ops are not run alone
	SHA256     string        // of its file, in hex; empty: whether it is the one that ran is told from its ops only
	Local      Local         // runs its ops; nil with Model
	Tolerances Tolerances    // nil: the default ones
	Invokes    int           // the first ones of each subgraph are compared; 0: all
}

// Compare compares a snapshot of the edge with one of a reference. The files stay the caller's, and open. The error is
// ErrIncomparable when they don't belong together.
func Compare(ctx context.Context, edge, reference *snapshot.File, o Options) (*Result, error) {
	if o.Tolerances == nil {
		var err error
		if o.Tolerances, err = ParseTolerances(nil); err != nil {
			return nil, err
		}
	}
	r := &Result{Edge: side(edge), Reference: side(reference), Models: []*Model{}, Problems: []string{}}
	r.problemsOf("the edge's", r.Edge)
	r.problemsOf("the reference's", r.Reference)
	references := graphs(reference)
	var unlike []error
	modelFound := o.Model == nil
	for _, g := range graphs(edge) {
		c, err := counterpart(g, references)
		if err != nil {
			unlike = append(unlike, err)
			continue
		}
		c.options, c.result = o, r
		m, err := c.compare(ctx)
		if err != nil {
			return nil, err
		}
		modelFound = modelFound || m.Local
		r.Models = append(r.Models, m)
	}
	switch {
	case len(r.Models) == 0 && len(unlike) == 0:
		return nil, fmt.Errorf("%w: the edge's snapshot holds no tensors (did the app run a model, and was anything selected?)", ErrIncomparable)
	case len(r.Models) == 0:
		return nil, errors.Join(unlike...)
	case !modelFound:
		return nil, fmt.Errorf("%w with --model: the file isn't the one that ran on the edge: %s", ErrIncomparable, r.Problems[len(r.Problems)-1])
	}
	for _, err := range unlike {
		r.problem("%v", err)
	}
	r.judge()
	r.doubtModel(o)
	return r, r.nothing()
}

// nothing returns an error when not one op could be judged.
func (r *Result) nothing() error {
	why := ""
	for _, m := range r.Models {
		for _, op := range m.Ops {
			if op.Status == NoData {
				continue
			}
			if op.Status != NotJudged {
				return nil
			}
			if len(op.Outputs) > 0 && why == "" {
				why = fmt.Sprintf(": of node %d, %s: %s", op.Node, op.Op, op.Outputs[0].NotAccumulated)
			}
		}
	}
	return fmt.Errorf("%w: no op has an output that could be%s", ErrIncomparable, why)
}

// doubtModel asks whether the model is the one that ran where nearly all that can be judged is wrong: other weights look so.
func (r *Result) doubtModel(o Options) {
	if guilty := len(r.Verdict.Guilty); o.Model != nil && guilty > 2 && guilty > r.Verdict.Right {
		r.problem("most ops are wrong by themselves: is the model file the one that ran on the edge, with the same weights?")
	}
}

func (r *Result) problem(format string, args ...any) {
	if p := fmt.Sprintf(format, args...); !slices.Contains(r.Problems, p) {
		r.Problems = append(r.Problems, p)
	}
}

func side(f *snapshot.File) Side {
	s := Side{Runtimes: []string{}, Captures: len(f.Captures), Lost: map[string]uint64{}, Cut: f.Cut}
	for _, id := range slices.Sorted(maps.Keys(f.Runtimes)) {
		s.Runtimes = append(s.Runtimes, path.Base(f.Runtimes[id].Path))
	}
	for cause, n := range f.Losses {
		if n > 0 {
			s.Lost[cause] = n
		}
	}
	return s
}

func (r *Result) problemsOf(whose string, s Side) {
	if s.Cut != "" {
		r.problem("%s snapshot ends early: %s", whose, s.Cut)
	}
	for _, cause := range slices.Sorted(maps.Keys(s.Lost)) {
		r.problem("%s snapshot lost %d captures: %s", whose, s.Lost[cause], cause)
	}
}

// comparison is of one model.
type comparison struct {
	edge, reference *graph
	*alignment
	options Options
	result  *Result
	model   *Model
	outputs map[*value]*Output
}

// counterpart finds the reference's graph that has the most in common with the edge's.
func counterpart(g *graph, references []*graph) (*comparison, error) {
	var best *comparison
	for _, r := range references {
		a := align(g, r)
		if best == nil || len(a.to) > len(best.to) || len(a.to) == len(best.to) && best.reference.isOtherThan(g.sha256) {
			best = &comparison{edge: g, reference: r, alignment: a}
		}
	}
	if best == nil {
		return nil, fmt.Errorf("%w: the reference's snapshot holds no tensors", ErrIncomparable)
	}
	made, aligned, fit := 0, 0, 0
	for _, v := range g.values() {
		if v.from == nil || v.from.order < 0 || converts(v.from) {
			continue
		}
		made++
		if r := best.to[v]; r != nil {
			aligned++
			if r.elements() == v.elements() {
				fit++
			}
		}
	}
	if float64(fit) < minAligned*float64(made) {
		return nil, fmt.Errorf("%w: of the %d tensors that %s makes on the edge, %d have a counterpart in %s of the reference, %d of the same size: another model?",
			ErrIncomparable, made, g.name, aligned, best.reference.name, fit)
	}
	return best, nil
}

func (c *comparison) compare(ctx context.Context) (*Model, error) {
	c.model = &Model{
		Edge: c.edge.name, Reference: c.reference.name,
		Inputs: []*Output{}, Ops: []*Op{}, EdgeOnly: []Place{}, ReferenceOnly: []Place{},
	}
	c.outputs = make(map[*value]*Output)
	for _, s := range c.edge.subgraphs {
		for _, index := range slices.Sorted(maps.Keys(s.values)) {
			if v := s.values[index]; v.from == nil {
				o := c.output(v)
				o.Entry = !nested(s)
				c.model.Inputs = append(c.model.Inputs, o)
			}
		}
		for _, n := range s.nodes {
			c.model.Ops = append(c.model.Ops, c.op(n))
		}
	}
	if c.reference.isOtherThan(c.edge.sha256) && c.sameTypes() {
		c.result.problem("%s of the reference is another file than %s of the edge, with the same types: other weights, or other metadata?", c.reference.name, c.edge.name)
	}
	for _, op := range c.model.Ops {
		for _, v := range op.node.inputs {
			if o := c.outputs[v]; o != nil && !o.handle() {
				op.inputs = append(op.inputs, o)
			}
		}
	}
	c.unmatched()
	c.delegates()
	c.accumulated()
	if c.options.Model == nil {
		return c.model, nil
	}
	if err := c.edge.isOf(c.options.Model, c.options.SHA256); err != nil {
		c.result.problem("%s was not run op by op: %v", c.edge.name, err)
		return c.model, nil
	}
	c.model.Local = true
	return c.model, c.local(ctx)
}

// sameTypes tells whether tensors have the type of their counterpart: a quantized model's twin differs.
func (c *comparison) sameTypes() bool {
	for v, r := range c.to {
		if v.GetType() != r.GetType() {
			return false
		}
	}
	return true
}

// delegates says what can't be judged because delegates took nodes over.
func (c *comparison) delegates() {
	delegates, within := 0, 0
	for _, op := range c.model.Ops {
		if op.Delegate != "" {
			delegates++
			within += len(op.Replaced)
		}
	}
	if delegates > 0 {
		c.result.problem("%s ran %s within %s: these are compared by what they give in the end only (edgexray snapshot --kernels builtin keeps delegates out)",
			c.edge.name, plural(within, "node"), plural(delegates, "delegate node"))
	}
}

func (g *graph) place(n *node) Place {
	p := Place{Model: g.name, Subgraph: n.subgraph.index, Node: n.Index, Op: n.Op}
	if len(n.outputs) > 0 {
		p.Tensor = n.outputs[0].GetName()
	}
	return p
}

func (c *comparison) op(n *node) *Op {
	op := &Op{Place: c.edge.place(n), Delegate: n.Delegate, Replaced: append([]uint32{}, n.Replaced...), Outputs: []*Output{}, node: n}
	for _, v := range n.outputs {
		op.Outputs = append(op.Outputs, c.output(v))
		if r := c.to[v]; r != nil && r.from != nil && op.Reference == nil {
			place := c.reference.place(r.from)
			op.Reference = &place
		}
	}
	return op
}

func (c *comparison) output(v *value) *Output {
	o := &Output{Subgraph: v.subgraph, Tensor: v.GetIndex(), Name: v.GetName(), Type: tflite.Type(v.GetType()).String(), Shape: append([]int32{}, v.GetShape()...)}
	if r := c.to[v]; r != nil {
		o.Aligned, o.ReferenceName, o.ReferenceType = c.how[v], r.GetName(), tflite.Type(r.GetType()).String()
	}
	op := ""
	if v.from != nil {
		op, o.terms = v.from.Op, v.from.terms()
	}
	o.limits = c.options.Tolerances.limits(op, classes(v.Tensor, v.from != nil && v.from.hybrid())...)
	c.outputs[v] = o
	return o
}

// unmatched lists what has no counterpart.
func (c *comparison) unmatched() {
	list := func(g *graph, matched func(v *value) bool) []Place {
		places := []Place{}
		for _, s := range g.subgraphs {
			for _, n := range s.nodes {
				if len(n.outputs) > 0 && !slices.ContainsFunc(n.outputs, matched) {
					places = append(places, g.place(n))
				}
			}
		}
		return places
	}
	c.model.EdgeOnly = list(c.edge, func(v *value) bool { return c.to[v] != nil })
	c.model.ReferenceOnly = list(c.reference, func(v *value) bool { return c.back[v] != nil })
}
