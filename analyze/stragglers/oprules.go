package stragglers

import (
	"fmt"
	"regexp"

	"github.com/edgexray/edgexray/analyze"
)

// How sure rules are at most, beyond which part of the excess they explain.
const (
	measured  = 0.95 // the trace has it in numbers
	inferred  = 0.7  // what was measured speaks for it
	suspected = 0.4  // it fits
)

// coldRule: it ran only when everything was cold.
func coldRule(f *finder, s *subject, x *Straggler) *Verdict {
	if s.Running.Count > 1 || f.ops.Recording.AggregateError != 0 {
		return nil
	}
	faults := float64(s.FirstPaid.MinorFaults)*f.faultNS() + float64(s.FirstPaid.MajorFaults)*majorFaultNS
	return &Verdict{ColdStart, inferred * x.explained(faults),
		fmt.Sprintf("only %d run, and the first one is cold: it had %d page faults, %d of which read a file", s.Count, s.FirstPaid.MinorFaults+s.FirstPaid.MajorFaults, s.FirstPaid.MajorFaults),
		Evidence{"runs": float64(s.Count), "minor_faults": float64(s.FirstPaid.MinorFaults), "major_faults": float64(s.FirstPaid.MajorFaults), "faults_ns": faults}}
}

const (
	// What a page fault takes when the trace doesn't tell, in ns: as in analyze.Op.Causes.
	minorFaultNS = 500
	majorFaultNS = 50_000
)

func (f *finder) faultNS() float64 {
	if ns := f.ops.Recording.MinorFaultNS; ns != 0 {
		return float64(ns)
	}
	return minorFaultNS
}

// preemptedRule: its thread lost its core in most of its runs.
func preemptedRule(f *finder, s *subject, x *Straggler) *Verdict {
	if lost := float64(x.ActualNS) - s.ns; lost > 0 && x.Basis != ByItself {
		return &Verdict{Preempted, measured * x.explained(lost),
			fmt.Sprintf("another thread had its core for %s of a typical run", duration(lost)),
			Evidence{"preempted_ns": rounded(lost), "preempted_share": rounded(lost / float64(x.ActualNS))}}
	}
	return nil
}

// blockedRule: it waits in most of its runs, or in those that are slow.
func blockedRule(f *finder, s *subject, x *Straggler) *Verdict {
	if m := s.modes(); s.Paid.Waited*2 < s.Count && (m == nil || x.Basis != ByItself || !s.waitsWhenSlow(m)) {
		return nil
	}
	blocked := float64(s.Paid.BlockedNS()) / float64(s.Count)
	cause, confidence := Blocked, measured
	if !f.ops.Recording.Follows(analyze.PreemptionPart) {
		cause, confidence = OffCPU, inferred
	}
	return &Verdict{cause, confidence * x.explained(blocked),
		fmt.Sprintf("it waits in %.0f%% of its runs, for %s on average, and not for its workers", 100*float64(s.Paid.Waited)/float64(s.Count), duration(blocked)),
		Evidence{"blocked_ns": rounded(blocked), "runs_share": rounded(float64(s.Paid.Waited) / float64(s.Count))}}
}

// reference matches the symbols of TFLite's reference kernels: of a kernel's KernelType the first, kReference, in
// tensorflow/lite/kernels/*.cc, and what lies in namespace reference_ops.
var reference = regexp.MustCompile(`KernelType\)0>|::kReference>|reference_(integer_)?ops::`)

func isReference(op *analyze.Op) bool {
	return op.KernelAt != nil && reference.MatchString(op.KernelAt.Symbol)
}

// referenceRule: its time goes to reference code, that of its kind doesn't.
func referenceRule(f *finder, s *subject, x *Straggler) *Verdict {
	code := f.referenceCode(s.Op)
	if code == "" {
		return nil
	}
	for _, other := range f.all {
		if other.op == s.op && f.referenceCode(other.Op) == "" {
			return &Verdict{ReferenceKernel, measured, fmt.Sprintf("its time goes to reference code, %s; other %s ops run %s", code, s.op, other.RunBy()),
				Evidence{"ratio": rounded(float64(x.ActualNS) / float64(x.ExpectedNS))}}
		}
	}
	return nil
}

// otherKernelRule: its kernel has no name, and isn't that of its kind.
func otherKernelRule(f *finder, s *subject, x *Straggler) *Verdict {
	ratio := float64(x.ActualNS) / float64(x.ExpectedNS)
	if s.KernelAt == nil || s.Mapping != "" || isReference(s.Op) || ratio < slowKernel {
		return nil
	}
	same, others, example := 0, 0, ""
	for _, o := range f.all {
		if o.op != s.op || typesOf(o.Op) != typesOf(s.Op) || o.Mapping != "" || o == s {
			continue
		}
		if o.Kernel == s.Kernel {
			same++
		} else {
			others, example = others+1, o.Kernel
		}
	}
	if same >= others {
		return nil
	}
	return &Verdict{ReferenceKernel, suspected, fmt.Sprintf("it runs %s, %d others of its kind run %s", s.Kernel, others, example),
		Evidence{"ratio": rounded(ratio), "others": float64(others)}}
}

// slowKernel is by how much a reference kernel is slower at least: those of TFLite are 3 to 15 times as slow as optimised ones.
const slowKernel = 3

// bimodalRule: it has two ways to run.
func bimodalRule(f *finder, s *subject, x *Straggler) *Verdict {
	m := s.modes()
	if m == nil {
		return nil
	}
	return &Verdict{Bimodal, inferred * x.explained((m.high-m.low)*m.share),
		fmt.Sprintf("%.0f%% of its runs take %s, the others %s", 100*m.share, duration(m.high), duration(m.low)),
		Evidence{"fast_ns": rounded(m.low), "slow_ns": rounded(m.high), "slow_share": rounded(m.share)}}
}

// driftRule: it becomes slower than the rest of the model does.
func driftRule(f *finder, s *subject, x *Straggler) *Verdict {
	d := s.drift()
	if d == nil || d.ratio() < alone*f.modelDrift(s.model) {
		return nil
	}
	return &Verdict{Drift, inferred * x.explained(d.typical-d.early),
		fmt.Sprintf("it takes %s at the beginning of the recording, %s at its end", duration(d.early), duration(d.late)),
		Evidence{"early_ns": rounded(d.early), "late_ns": rounded(d.late)}}
}

// slowCoreRule: it runs on slower cores than the others.
func slowCoreRule(f *finder, s *subject, x *Straggler) *Verdict {
	own, usual := f.capacity(s), f.usualCapacity(s.model)
	if own == 0 || own > slowCapacity*usual {
		return nil
	}
	return &Verdict{SlowCore, measured * x.explained(s.ns*(1-own/usual)),
		fmt.Sprintf("its cores have %.0f%% of the fastest one's capacity, those of other ops %.0f%%", 100*own, 100*usual),
		Evidence{"capacity": rounded(own), "usual_capacity": rounded(usual)}}
}

// frequencyRule: its cores run at a lower frequency than the others'.
func frequencyRule(f *finder, s *subject, x *Straggler) *Verdict {
	own, usual := float64(s.Paid.MeanKHz()), f.usualKHz(s.model)
	if own == 0 || own > slowFrequency*usual {
		return nil
	}
	return &Verdict{LowFrequency, measured * x.explained(s.ns*(1-own/usual)),
		fmt.Sprintf("its cores run at %.0f MHz, those of other ops at %.0f", own/1e3, usual/1e3),
		Evidence{"khz": rounded(own), "usual_khz": rounded(usual)}}
}

const (
	slowCapacity  = 0.9 // of what other ops have
	slowFrequency = 0.9
)

// imbalanceRule: its threads are less busy than those of other ops.
func imbalanceRule(f *finder, s *subject, x *Straggler) *Verdict {
	own, usual := s.Paid.Efficiency(), f.usualEfficiency(s.model)
	if s.Paid.Threads() < severalThreads || own == 0 || own > goodEfficiency*usual {
		return nil
	}
	return &Verdict{Imbalance, inferred * x.explained(s.ns*(1-own/usual)),
		fmt.Sprintf("its %.1f threads are busy for %.0f%% of its time, those of other ops for %.0f%%", s.Paid.Threads(), 100*own, 100*usual),
		Evidence{"threads": rounded(s.Paid.Threads()), "efficiency": rounded(own), "usual_efficiency": rounded(usual)}}
}

const (
	severalThreads = 1.5
	goodEfficiency = 0.7 // as in analyze.Op.Causes
)

// faultsRule: it has page faults in every run, as what it allocates is given back to Linux each time.
func faultsRule(f *finder, s *subject, x *Straggler) *Verdict {
	if s.Running.Count == 0 {
		return nil
	}
	minor := float64(s.Paid.MinorFaults-min(s.FirstPaid.MinorFaults, s.Paid.MinorFaults)) / float64(s.Running.Count)
	major := float64(s.Paid.MajorFaults-min(s.FirstPaid.MajorFaults, s.Paid.MajorFaults)) / float64(s.Running.Count)
	ns := minor*f.faultNS() + major*majorFaultNS
	return &Verdict{Faults, inferred * x.explained(ns), fmt.Sprintf("%.0f page faults a run, by estimate %s", minor+major, duration(ns)),
		Evidence{"minor_faults": rounded(minor), "major_faults": rounded(major), "faults_ns": rounded(ns)}}
}

// memoryRule: its bytes arrive about as fast as any do.
func memoryRule(f *finder, s *subject, x *Straggler) *Verdict {
	v := f.memoryBound(s)
	if v == nil || x.Basis != ByPeers { // else it was so before
		return nil
	}
	v.Confidence *= x.explained(v.Evidence["bytes_ns"] - float64(x.ExpectedNS))
	return v
}

// notDelegatedRule: a delegate took what is around it.
func notDelegatedRule(f *finder, s *subject, x *Straggler) *Verdict {
	before, after := f.neighbours(s)
	if before == nil && after == nil || x.Basis != ByPeers {
		return nil
	}
	return &Verdict{NotDelegated, suspected, f.whyNotDelegated(s), Evidence{"neighbours": float64(count(before) + count(after))}}
}
