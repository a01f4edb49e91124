package compare

import (
	"errors"
	"slices"

	"github.com/edgexray/edgexray/shim/snapshot"
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
	c, err := a.assigned(n, run)
	if err == nil {
		err = hasData(c)
	}
	if err != nil {
		a.notLocal(n, "what its variable was assigned before "+err.Error())
		return
	}
	for _, v := range n.outputs {
		a.judgeOutput(v, run, LocalResult{
			Outputs: map[int32][]byte{v.GetIndex(): c.Data},
			Kernel:  "what was assigned", Exact: true,
		})
	}
}

// assigned returns what the variable that a node reads was assigned last.
func (a *alone) assigned(n *node, run *invoke) (*snapshot.Captured, error) {
	variable := a.variable(n)
	if variable == "" {
		return nil, errors.New("isn't known: the handle is passed on")
	}
	writers := func(s *subgraph) []*node {
		return slices.DeleteFunc(slices.Clone(s.nodes), func(w *node) bool { return w.Op != assignVariable || a.variable(w) != variable })
	}
	from := run
	w := last(writers(n.subgraph), func(w *node) bool { return w.Index < n.Index })
	if w == nil {
		from = a.edge.before(n.subgraph, run)
		w = last(writers(n.subgraph), func(*node) bool { return true })
	}
	if w == nil || from == nil || len(w.Inputs) < 2 {
		return nil, errors.New("is not in the snapshot")
	}
	for _, s := range a.edge.subgraphs {
		if s != n.subgraph && len(writers(s)) > 0 && s.ranBetween(from.captures[0], run.captures[len(run.captures)-1]) {
			return nil, errors.New("may have come from another subgraph")
		}
	}
	return a.edge.had(w, from, w.Inputs[1].GetIndex()), nil
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
