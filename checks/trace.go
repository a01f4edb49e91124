package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/stragglers"
)

// checkLatency asks whether an invoke of any model of the trace takes longer than a budget.
func checkLatency(s *Subject, a arguments) Outcome {
	budget, ok := a["ms"]
	if !ok {
		return notChecked("no budget was set (call check.latency(ms=...) in a check file)")
	}
	quantile := a.get("quantile", 0.5)
	if !(quantile >= 0 && quantile <= 1) {
		return broken("quantile=%g: it takes a number from 0 to 1", quantile)
	}
	var within []string
	for _, m := range s.Trace.Models {
		if m.InvokeWall == nil || m.InvokeWall.Count == 0 {
			continue
		}
		took := float64(m.InvokeWall.Quantile(quantile)) / 1e6
		text := fmt.Sprintf("%s takes %.3g ms an invoke (quantile %g of %d), %.3g ms are allowed", m.Name, took, quantile, m.InvokeWall.Count, budget)
		if took > budget {
			o := failed("%s", text)
			o.Advice = "edgexray stragglers names the ops that are slower than they need be"
			return o
		}
		within = append(within, text)
	}
	if len(within) == 0 {
		return notChecked("the trace has no whole invoke")
	}
	return pass("%s", strings.Join(within, "; "))
}

// checkMemory asks whether the tensors of any model of the trace take more than a budget.
func checkMemory(s *Subject, a arguments) Outcome {
	budget, ok := a["mb"]
	if !ok {
		return notChecked("no budget was set (call check.memory(mb=...) in a check file)")
	}
	var within []string
	incomplete := ""
	for _, m := range s.Trace.Models {
		if m.Memory == nil {
			continue
		}
		took := float64(m.Memory.Peak+m.Memory.Weights) / 1e6
		text := fmt.Sprintf("the tensors of %s take %.3g MB at the peak (%s, node %d), weights included, %.3g MB are allowed",
			m.Name, took, m.Memory.PeakOp, m.Memory.PeakNode, budget)
		if took > budget {
			return failed("%s", text)
		}
		if !m.Memory.Complete {
			incomplete = text
		}
		within = append(within, text)
	}
	switch {
	case incomplete != "":
		return notChecked("%s; but not all tensors are known", incomplete)
	case len(within) == 0:
		return notChecked("the trace doesn't tell what tensors take")
	}
	return pass("%s", strings.Join(within, "; "))
}

func checkStragglers(s *Subject, a arguments) Outcome {
	r, err := s.Stragglers()
	if err != nil {
		return notChecked("%v", err)
	}
	allowed := a.get("share", 0.1)
	for _, x := range r.Stragglers {
		if x.Share > allowed {
			return failed("%s (node %d) of %s takes %.3g ms, %.3g expected, %.0f %% of the invoke too much: %s: %s",
				x.Op, x.Node, x.Model, float64(x.ActualNS)/1e6, float64(x.ExpectedNS)/1e6, 100*x.Share, x.Cause, x.Why)
		}
	}
	if len(r.Models) == 0 {
		return notChecked("the trace has no ops that could be judged")
	}
	return pass("no op takes more than %.0f %% of the invoke above what is expected", 100*allowed)
}

// fallbacks are the causes that say that something runs in a slower way than it could, and nobody was told.
var fallbacks = []stragglers.Cause{stragglers.NoDelegate, stragglers.NotDelegated, stragglers.Partitions, stragglers.ReferenceKernel}

func checkDelegates(s *Subject, _ arguments) Outcome {
	r, err := s.Stragglers()
	if err != nil {
		return notChecked("%v", err)
	}
	for _, f := range r.Findings {
		if slices.Contains(fallbacks, f.Cause) {
			return failed("%s: %s: %s", f.Model, f.Cause, f.Why)
		}
	}
	for _, x := range r.Stragglers {
		if slices.Contains(fallbacks, x.Cause) {
			return failed("%s (node %d) of %s: %s: %s", x.Op, x.Node, x.Model, x.Cause, x.Why)
		}
	}
	nodes, delegated := counts(s.Trace)
	if nodes == 0 {
		return notChecked("the trace has no ops")
	}
	return pass("%d of %d nodes run in delegates, and what doesn't loses nothing that shows", delegated, nodes)
}

// counts counts the nodes of models, and those that delegates took.
func counts(r *analyze.OpsResult) (nodes, delegated int) {
	for _, m := range r.Models {
		for _, op := range m.Ops {
			switch {
			case op.Mapping != "":
			case len(op.Replaced) > 0:
				nodes += len(op.Replaced)
				delegated += len(op.Replaced)
			default:
				nodes++
			}
		}
	}
	return nodes, delegated
}
