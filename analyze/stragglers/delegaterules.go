package stragglers

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// minPartitions is how many delegate nodes a model has from which on a finding says so: one more than a model that begins or ends with an
// op of its own needs.
const minPartitions = 3

// partitions: a delegate took the model in many pieces. The price is what each piece takes beside its operators.
func partitions(f *finder, g *group) []*Finding {
	var nodes, outside int
	var crossings []float64
	for _, op := range g.model.Ops {
		switch {
		case op.Mapping == "" && op.Delegate != "":
			nodes++
			if len(op.Operators) > 0 {
				crossings = append(crossings, f.besideOperators(op))
			}
		case op.Mapping == "":
			outside++
		}
	}
	if nodes < minPartitions {
		return nil
	}
	crossing := median(crossings)
	return []*Finding{g.finding(Partitions, measured, crossing*float64(nodes-1),
		fmt.Sprintf("the delegate runs it in %d pieces, with %d ops of the runtime between them: each piece takes about %s beside its operators, and keeps them from being joined",
			nodes, outside, duration(crossing)),
		Evidence{"partitions": float64(nodes), "ops_outside": float64(outside), "crossing_ns": rounded(crossing)})}
}

// besideOperators is what a delegate node typically takes beside its operators, in ns, its probe left out.
func (f *finder) besideOperators(node *analyze.Op) float64 {
	beside := float64(node.Wall.Quantile(0.5)) - float64(probesInside(f.ops)[node.KernelAt.GetSiteClass()])
	for _, op := range node.Operators {
		beside -= float64(op.Wall.Quantile(0.5))
	}
	return max(beside, 0)
}

// minNotDelegated is the share of the invoke from which on ops that a delegate left out are worth a finding.
const minNotDelegated = 0.02

// notDelegated: a delegate took most of the model, but not these ops. What they would give back is by what the delegate's own ops reach.
func notDelegated(f *finder, g *group) []*Finding {
	left := make(map[string][]*subject)
	for _, s := range g.subjects {
		if before, after := f.neighbours(s); before != nil || after != nil {
			left[s.Op.Op+" "+typesOf(s.Op)] = append(left[s.Op.Op+" "+typesOf(s.Op)], s)
		}
	}
	var all []*Finding
	for _, kind := range slices.Sorted(maps.Keys(left)) {
		ops := left[kind]
		var took, would float64
		for _, s := range ops {
			runs := float64(s.Count) / g.invokes
			took += s.ns * runs
			would += min(g.delegatedNS(s), s.ns) * runs
		}
		if took < minNotDelegated*g.invoke {
			continue
		}
		why := fmt.Sprintf("%d %s ran outside the delegate, between nodes that it took: they take %.0f%% of the invoke. %s", len(ops), kind, 100*took/g.invoke, f.whyNotDelegated(ops[0]))
		all = append(all, g.finding(NotDelegated, measured, took-would, why,
			Evidence{"ops": float64(len(ops)), "ns": rounded(took), "delegated_ns": rounded(would)}, ops...))
	}
	return all
}

// delegatedNS is what an op would take at the median speed of the model's delegated ops that, like it, have MACs or have none; its own time
// when there is none such.
func (g *group) delegatedNS(s *subject) float64 {
	if !s.known {
		return s.ns
	}
	var speeds []float64 // ns for a unit of work
	for _, o := range g.subjects {
		if o.delegated() && o.known && o.Trusted && (o.work.MACs > 0) == (s.work.MACs > 0) {
			speeds = append(speeds, o.ns/amount(o))
		}
	}
	if len(speeds) == 0 {
		return s.ns
	}
	return median(speeds) * amount(s)
}

// amount is how much there is to do: MACs, or bytes.
func amount(s *subject) float64 {
	if s.work.MACs > 0 {
		return float64(s.work.MACs)
	}
	return float64(max(s.work.Bytes(), 1))
}

// noDelegate: the library has a delegate that it applies by itself, and the model runs without. The trace can't tell whether the app
// didn't want it.
func noDelegate(f *finder, g *group) []*Finding {
	var mac float64
	library := ""
	for _, s := range g.subjects {
		if s.delegated() {
			return nil
		}
		if s.work.MACs > 0 {
			mac += s.Share
		}
		if s.In.GetXnnpack() {
			library = s.model.Runtime.Path
		}
	}
	for _, op := range g.model.Ops {
		if op.Delegate != "" {
			return nil
		}
	}
	elsewhere := slices.ContainsFunc(f.ops.Models, func(m *analyze.Model) bool {
		return m != g.model && m.Runtime == g.model.Runtime && slices.ContainsFunc(m.Ops, func(op *analyze.Op) bool { return op.Delegate != "" })
	})
	switch {
	case elsewhere:
		return []*Finding{g.finding(NoDelegate, inferred, 0, "no delegate took any of its nodes, while one took nodes of another model in the same library",
			Evidence{"ops": float64(len(g.subjects)), "mac_share": rounded(mac)})}
	case library != "" && mac >= 0.5:
		return []*Finding{g.finding(NoDelegate, suspected, 0,
			fmt.Sprintf("%s holds XNNPACK, but it took none of the %d nodes: the app turned it off, or XNNPACK refused the model", path.Base(library), len(g.subjects)),
			Evidence{"ops": float64(len(g.subjects)), "mac_share": rounded(mac)})}
	}
	return nil
}
