package diff

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// op is a node or an operator of a run's model.
type op struct {
	subgraph, node int32
	name           string  // op, of a fused operator all of them
	kernel         string  // or the operator
	types          string  // of its outputs
	nodes          []int32 // whose work it does
	delegate       string  // that it is, or is in
	operator       bool
	container      bool    // most of its time is that of ops within it
	selfShare      float64 // the part of its time that isn't
	perInvoke      float64 // runs
	trusted        bool
	site           string // instruction class of its probe
	order          int    // of ops in the run
	key            string
	time           timing
}

func newOp(from *analyze.Op, invokes uint64, quantile float64) *op {
	o := &op{
		subgraph: from.Subgraph, node: from.Node, name: from.FusedOp(), kernel: from.RunBy(), delegate: from.Delegate,
		operator:  from.Mapping != "",
		nodes:     slices.Sorted(slices.Values(from.MappedNodes)),
		selfShare: float64(from.SelfNS) / math.Max(float64(from.Wall.Sum), 1),
		perInvoke: float64(from.Count) / math.Max(float64(invokes), 1),
		trusted:   from.Trusted || from.ProbeCostNS == 0,
		types:     types(from.Outputs),
		site:      from.KernelAt.GetSiteClass(),
		time:      timingOf(from.Clean, from.Wall, quantile),
	}
	o.container = o.selfShare < 0.5
	switch {
	case o.operator:
	case len(from.Replaced) > 0:
		for _, n := range from.Replaced {
			o.nodes = append(o.nodes, int32(n))
		}
		slices.Sort(o.nodes)
	case from.Node >= 0:
		o.nodes = []int32{from.Node}
	}
	o.key = key(from, o)
	return o
}

// place names the node as thresholds do.
func (o *op) place() string {
	if o.subgraph > 0 {
		return fmt.Sprintf("%d:%d", o.subgraph, o.node)
	}
	return fmt.Sprint(o.node)
}

// key is equal for what is the same op in two recordings, whatever kernel runs it.
func key(from *analyze.Op, o *op) string {
	kind := "node"
	switch {
	case o.operator && len(o.nodes) > 0:
		kind = "operator"
	case o.operator: // only its place tells
		kind = fmt.Sprintf("operator %d of %d", from.OperatorIndex, from.DelegateNode)
	case len(from.Replaced) > 0:
		kind = "delegate"
	case from.Node < 0:
		for _, t := range from.Outputs {
			kind += fmt.Sprintf(" to %d", t.Index)
		}
	}
	return fmt.Sprint(kind, o.subgraph, o.nodes, o.name, shapes(from.Inputs), shapes(from.Outputs))
}

func shapes(tensors []analyze.Tensor) string {
	var b strings.Builder
	for _, t := range tensors {
		fmt.Fprint(&b, t.Type, t.Shape)
	}
	return b.String()
}

func types(tensors []analyze.Tensor) string {
	var names []string
	for _, t := range tensors {
		if !slices.Contains(names, t.Type) {
			names = append(names, t.Type)
		}
	}
	return strings.Join(names, ",")
}
