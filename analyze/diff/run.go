package diff

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// Run is a model as one process of a recording ran it.
type Run struct {
	Trace        string            `json:"trace"`
	PID          int32             `json:"pid"`
	Process      string            `json:"process"`
	Invokes      uint64            `json:"invokes"`
	CleanInvokes uint64            `json:"clean_invokes"`
	StartUnixNS  int64             `json:"start_unix_ns"` // of its first op; 0 when not known
	Apart        map[string]uint64 `json:"apart"`         // invokes that something disturbed, by what
	SetApart     string            `json:"set_apart"`     // why the run doesn't count; empty when it does

	model    modelID
	runtime  analyze.Runtime
	costs    []analyze.ProbeCost
	summedUp bool    // there are no single executions
	khz      float64 // of its cores, on average; 0 when not known
	invoke   timing
	ops      []*op
}

// modelID is what a model is recognised by.
type modelID struct {
	path, name, sha256 string
	structure          string // ops, shapes and types
}

// timing is what a run took for one execution of something, on fast and slow cores.
type timing struct {
	fast, slow estimate
	all        estimate // disturbed or not
}

// estimate is a quantile of executions, in ns.
type estimate struct {
	count      uint64
	ns, median float64
	low, high  float64 // interval of ns, from this run alone
}

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

// Runs returns the runs that a trace holds. Quantile is the one of executions that stands for a run.
func Runs(trace string, r *analyze.OpsResult, quantile float64) []*Run {
	var runs []*Run
	for _, m := range r.Models {
		runs = append(runs, newRun(trace, r, m, quantile))
	}
	return runs
}

func newRun(trace string, r *analyze.OpsResult, m *analyze.Model, quantile float64) *Run {
	run := &Run{Trace: trace, PID: m.PID, Process: m.Process, Invokes: m.Invokes, StartUnixNS: m.StartUnixNS, Apart: make(map[string]uint64),
		model: modelID{path: m.Path, name: m.Name, sha256: m.SHA256}, runtime: m.Runtime,
		costs: r.Recording.ProbeCosts, summedUp: r.Recording.AggregateError != 0, invoke: timingOf(m.InvokeClean, m.InvokeWall, quantile)}
	for d, n := range m.InvokeClean.Apart {
		if n > 0 {
			run.Apart[analyze.Disturbance(d).String()] = n
		}
	}
	var structure strings.Builder
	var khz, wall float64
	keys := make(map[string]int)
	for _, from := range m.Ops {
		o := newOp(from, m.Invokes, quantile)
		keys[o.key]++
		o.key = fmt.Sprintf("%s #%d", o.key, keys[o.key])
		o.order = len(run.ops)
		run.ops = append(run.ops, o)
		if from.Mapping == "" && from.Delegate == "" {
			structure.WriteString(o.key + "\n")
		}
		if v := float64(from.Paid.MeanKHz()); v != 0 {
			khz += v * float64(from.SelfNS)
			wall += float64(from.SelfNS)
		}
	}
	run.model.structure = structure.String()
	if wall > 0 {
		run.khz = khz / wall
	}
	return run
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

func timingOf(c *analyze.Clean, wall *analyze.Distribution, quantile float64) timing {
	return timing{estimateOf(&c.Fast, quantile), estimateOf(&c.Slow, quantile), estimateOf(wall, quantile)}
}

// estimateOf takes the interval's ends from the order of the values: how many of n are below the true quantile is binomial,
// and nearly normal (Conover, Practical Nonparametric Statistics, 3.2).
func estimateOf(d *analyze.Distribution, quantile float64) estimate {
	if d.Count == 0 {
		return estimate{}
	}
	n := float64(d.Count)
	half := 1.96 * math.Sqrt(quantile*(1-quantile)/n)
	at := func(q float64) float64 { return math.Max(float64(d.Quantile(math.Min(math.Max(q, 0), 1))), 1) }
	return estimate{d.Count, at(quantile), at(0.5), at(quantile - half), at(quantile + half)}
}

// on returns the estimate on one kind of core.
func (t *timing) on(slow bool) estimate {
	if slow {
		return t.slow
	}
	return t.fast
}

// setApart decides which runs count, by what they paid and not by how long they took.
func setApart(runs []*Run) (slow bool) {
	var onSlow, onFast uint64
	var fastest float64
	for _, r := range runs {
		onSlow += r.invoke.slow.count
		onFast += r.invoke.fast.count
		fastest = max(fastest, r.khz)
	}
	slow = onSlow > onFast
	for _, r := range runs {
		r.CleanInvokes, r.SetApart = r.invoke.on(slow).count, ""
		if other := r.invoke.on(!slow).count; other > 0 {
			r.Apart["other core"] = other
		}
		switch {
		case r.summedUp:
			r.SetApart = "its ops were summed up as they ran, so disturbed executions can't be told from others (record without --aggregate)"
		case r.khz != 0 && r.khz < throttled*fastest:
			r.SetApart = fmt.Sprintf("throttled: its cores ran at %.0f MHz on average, those of another run at %.0f", r.khz/1000, fastest/1000)
		case r.fewClean(slow):
			r.SetApart = fmt.Sprintf("too few clean executions: of %d invokes %s", r.Invokes, r.apartText())
		}
	}
	return slow
}

const (
	minExecutions = 5   // clean ones of an op in a run, for it to be judged
	throttled     = 0.9 // of the frequency of the fastest run
)

// fewClean says whether most ops have too few clean executions.
func (r *Run) fewClean(slow bool) bool {
	few := 0
	for _, o := range r.ops {
		if o.time.on(slow).count < minExecutions {
			few++
		}
	}
	return 2*few > len(r.ops)
}

// apartText says how many invokes were disturbed, by what: "33 were preempted, 1 was cold".
func (r *Run) apartText() string {
	type cause struct {
		name string
		n    uint64
	}
	var causes []cause
	for name, n := range r.Apart {
		causes = append(causes, cause{name, n})
	}
	slices.SortFunc(causes, func(a, b cause) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) })
	var texts []string
	for _, c := range causes {
		texts = append(texts, fmt.Sprintf("%d %s", c.n, c.name))
	}
	if len(texts) == 0 {
		return "there are not enough"
	}
	return strings.Join(texts, ", ")
}
