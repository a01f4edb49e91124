package diff

import (
	"fmt"
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
