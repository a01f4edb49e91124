package compare

import (
	"errors"
	"slices"

	"github.com/edgexray/edgexray/tflite"
)

// Ops on variables, which live as long as an interpreter. VAR_HANDLE names one.
const (
	readVariable   = "READ_VARIABLE"   // handle -> value
	assignVariable = "ASSIGN_VARIABLE" // handle, value ->
)

// addRead judges what READ_VARIABLE gave by what its variable was assigned last: earlier in the invoke, or else in the one
// before. No kernel is needed for that.
func (a *alone) addRead(n *node, run *invoke) {
	data, err := a.assigned(n, run)
	if err != nil {
		a.notLocal(n, "what its variable was assigned before "+err.Error())
		return
	}
	for _, v := range n.outputs {
		a.judgeOutput(v, run, LocalResult{
			Outputs: map[int32][]byte{v.GetIndex(): data},
			Kernel:  "what was assigned", Exact: true,
		})
	}
}

// assigned returns what the variable that a node reads was assigned last.
func (a *alone) assigned(n *node, run *invoke) ([]byte, error) {
	variable := a.variable(n)
	if variable == "" {
		return nil, errors.New("isn't known: the handle is passed on")
	}
	writers := func(s *subgraph) []*node {
		return slices.DeleteFunc(slices.Clone(s.nodes), func(w *node) bool { return w.Op != assignVariable || len(w.Inputs) < 2 || a.variable(w) != variable })
	}
	from := run
	w := last(writers(n.subgraph), func(w *node) bool { return w.Index < n.Index })
	if w == nil {
		from = a.edge.before(n.subgraph, run)
		w = last(writers(n.subgraph), func(*node) bool { return true })
	}
	since := -1
	if from != nil {
		since = from.captures[0]
	}
	var elsewhere []*node
	for _, s := range a.edge.subgraphs {
		if s != n.subgraph && s.ranBetween(since, run.captures[len(run.captures)-1]) {
			elsewhere = append(elsewhere, writers(s)...)
		}
	}
	switch {
	case run.number == 1 && from == nil && len(elsewhere) == 1:
		return a.initial(elsewhere[0])
	case w == nil || from == nil:
		return nil, errors.New("is not in the snapshot")
	case len(elsewhere) > 0:
		return nil, errors.New("may have come from another subgraph")
	}
	c := a.edge.had(w, from, w.Inputs[1].GetIndex())
	if err := hasData(c); err != nil {
		return nil, err
	}
	return c.Data, nil
}

// initial returns the constant that a node in a subgraph of CALL_ONCE assigns.
func (a *alone) initial(w *node) ([]byte, error) {
	if data := a.options.Local.Constant(int(w.subgraph.index), w.Inputs[1].GetIndex()); data != nil {
		return data, nil
	}
	return nil, errors.New("is no constant of the model")
}

// last returns the node with the highest index of those that fit, nil for none.
func last(nodes []*node, fits func(*node) bool) *node {
	var last *node
	for _, n := range nodes {
		if fits(n) && (last == nil || n.Index > last.Index) {
			last = n
		}
	}
	return last
}

// variable returns the name of the one whose handle a node has as its first input, empty when it isn't known.
func (a *alone) variable(n *node) string {
	if n.Delegate != "" {
		return "" // its index isn't one of the model's
	}
	s := a.options.Model.Subgraphs[n.subgraph.index]
	handle := s.Operators[n.Index].Inputs
	i := slices.IndexFunc(s.Operators, func(o tflite.Operator) bool {
		return o.Variable != "" && len(handle) > 0 && slices.Contains(o.Outputs, handle[0])
	})
	if i < 0 {
		return ""
	}
	return s.Operators[i].Variable
}

// before returns the invoke of a subgraph right before another one of the same interpreter, nil when it wasn't captured.
func (g *graph) before(s *subgraph, run *invoke) *invoke {
	of := func(run *invoke) uint32 { return g.file.Nodes[g.file.Captures[run.captures[0]].Node].GetSubgraph() }
	for _, other := range s.invokes {
		if other.number+1 == run.number && of(other) == of(run) {
			return other
		}
	}
	return nil
}

// ranBetween tells whether a subgraph ran between two captures, in the order of the file.
func (s *subgraph) ranBetween(from, to int) bool {
	return slices.ContainsFunc(s.invokes, func(run *invoke) bool {
		return run.captures[0] < to && run.captures[len(run.captures)-1] > from
	})
}
