package stragglers

import (
	"fmt"

	"github.com/edgexray/edgexray/analyze"
)

const (
	minDisturbed = 0.05 // of the time of a model's ops, from which on a finding says so
	minColdStart = 0.5  // of an invoke that the first one takes longer
	minExplained = 0.1  // of that must be page faults by estimate
)

// cold: the first run of its ops takes longer.
func cold(f *finder, g *group) []*Finding {
	if f.ops.Recording.AggregateError != 0 {
		return nil
	}
	var longer, faults, minor, major float64
	repeated := false
	for _, s := range g.subjects {
		minor += float64(s.FirstPaid.MinorFaults)
		major += float64(s.FirstPaid.MajorFaults)
		if s.Running.Count == 0 {
			continue
		}
		repeated = true
		longer += float64(s.FirstNS) - float64(s.Running.Quantile(0.5))
	}
	faults = minor*f.faultNS() + major*majorFaultNS
	evidence := Evidence{"minor_faults": minor, "major_faults": major, "faults_ns": rounded(faults), "invokes": float64(g.model.Invokes)}
	if !repeated {
		return []*Finding{g.finding(ColdStart, inferred, faults, "it ran once, and that run was cold: nothing shows what it takes later", evidence)}
	}
	if longer < minColdStart*g.invoke || faults < minExplained*longer {
		return nil
	}
	evidence["first_ns"], evidence["typical_ns"] = rounded(g.invoke+longer), rounded(g.invoke)
	return []*Finding{g.finding(ColdStart, suspected+(inferred-suspected)*min(faults/longer, 1), longer/g.invokes,
		fmt.Sprintf("the first invoke takes %s longer than a typical one, with %.0f page faults, %.0f of which read a file; describing its nodes to the recorder is in it",
			duration(longer), minor+major, major), evidence)}
}

// disturbed finds what takes part of all runs' time.
func (g *group) disturbed(cause Cause, what string, of func(p *analyze.Paid) uint64) []*Finding {
	var ns, wall float64
	var worst *subject
	for _, s := range g.subjects {
		ns += float64(of(s.Paid))
		wall += float64(s.Paid.WallNS)
		if worst == nil || of(s.Paid) > of(worst.Paid) {
			worst = s
		}
	}
	if wall == 0 || ns < minDisturbed*wall {
		return nil
	}
	finding := g.finding(cause, measured, ns/g.invokes,
		fmt.Sprintf("%s for %.0f%% of the time of its ops, most of all at node %d, %s", what, 100*ns/wall, worst.Node, worst.FusedOp()),
		Evidence{"time_share": rounded(ns / wall), "worst_node": float64(worst.Node)})
	finding.Share = rounded(ns / wall) // as disturbed invokes are longer than the typical one
	return []*Finding{finding}
}

func preempted(f *finder, g *group) []*Finding {
	return g.disturbed(Preempted, "other threads had its core", func(p *analyze.Paid) uint64 { return p.PreemptedNS })
}

func blocked(f *finder, g *group) []*Finding {
	cause, what := Blocked, "its threads waited, and not for their workers,"
	if !f.ops.Recording.Follows(analyze.PreemptionPart) {
		cause, what = OffCPU, "its threads were off the CPU, by preemption or waiting,"
	}
	return g.disturbed(cause, what, func(p *analyze.Paid) uint64 { return p.BlockedNS() - min(p.WorkersNS, p.BlockedNS()) })
}

// drifting: its ops become slower together.
func drifting(f *finder, g *group) []*Finding {
	ratio := f.modelDrift(g.model)
	if ratio < minDrift {
		return nil
	}
	evidence := Evidence{"late_over_early": rounded(ratio)}
	why := fmt.Sprintf("its ops take %.0f%% longer at the end of the recording than at its beginning: the device became hot, or something else began to run", 100*(ratio-1))
	return []*Finding{g.finding(Drift, inferred, g.invoke*(1-1/ratio), why, evidence)}
}

// twoWays: most of its time is in ops that have a fast and a slow way to run.
func twoWays(f *finder, g *group) []*Finding {
	ratio := f.weighted(g.model, func(s *subject) (float64, bool) {
		if m := s.modes(); m != nil && !s.waitsWhenSlow(m) {
			return m.high / m.low, true
		}
		return 1, true
	}, 1)
	if ratio < farModes {
		return nil
	}
	share := f.weighted(g.model, func(s *subject) (float64, bool) {
		if m := s.modes(); m != nil {
			return m.share, true
		}
		return 0, false
	}, 0)
	return []*Finding{g.finding(Bimodal, inferred, g.invoke*share*(ratio-1)/ratio,
		fmt.Sprintf("most of its ops have a fast and a slow way to run, %.1f times apart: by core, frequency, or who else runs", ratio),
		Evidence{"ratio": rounded(ratio), "slow_share": rounded(share)})}
}

// slowCores: it runs on cores with less capacity than the fastest.
func slowCores(f *finder, g *group) []*Finding {
	usual := f.usualCapacity(g.model)
	if usual == 0 || usual > slowCapacity {
		return nil
	}
	return []*Finding{g.finding(SlowCore, measured, g.invoke*(1-usual),
		fmt.Sprintf("most of it runs on cores with %.0f%% of the fastest one's capacity", 100*usual), Evidence{"capacity": rounded(usual)})}
}

// lowFrequency: the cores don't run as fast as they could.
func lowFrequency(f *finder, g *group) []*Finding {
	usual, most := f.usualKHz(g.model), f.maxKHz()
	if usual == 0 || most == 0 || usual > minFrequency*most {
		return nil
	}
	return []*Finding{g.finding(LowFrequency, measured, g.invoke*(1-usual/most),
		fmt.Sprintf("its cores run at %.0f MHz, where %.0f are possible", usual/1e3, most/1e3), Evidence{"khz": rounded(usual), "max_khz": most})}
}

// minFrequency is the part of the highest frequency below which a device holds back.
const minFrequency = 0.8

// imbalance: its threads are not busy together.
func imbalance(f *finder, g *group) []*Finding {
	efficiency := f.usualEfficiency(g.model)
	if efficiency == 0 || efficiency >= goodEfficiency {
		return nil
	}
	threads := f.weighted(g.model, func(s *subject) (float64, bool) { t := s.Paid.Threads(); return t, t >= severalThreads }, 1)
	return []*Finding{g.finding(Imbalance, inferred, g.invoke*(1-efficiency),
		fmt.Sprintf("its %.1f threads are busy for %.0f%% of the time of its ops", threads, 100*efficiency),
		Evidence{"threads": rounded(threads), "efficiency": rounded(efficiency), "cpus": float64(len(f.ops.Recording.Cores))})}
}
