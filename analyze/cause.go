package analyze

import "cmp"

// Cause is something other than its own work that an op's wall time went to.
type Cause struct {
	Name string `json:"cause"`
	// Share is the part of the op's wall time; of "parallel" the efficiency, of "slow core" the part of its runs.
	Share float64 `json:"share"`
}

// The causes.
const (
	CausePreempted = "preempted" // another thread had its core
	CauseBlocked   = "blocked"   // it waited, and not for its workers
	CauseOffCPU    = "off cpu"   // one of the two: this Linux doesn't tell which
	CauseFaults    = "faults"    // page faults
	CauseParallel  = "parallel"  // its threads were not busy together
	CauseSlowCore  = "slow core" // it ran on cores with less capacity than the fastest
)

const (
	minCause       = 0.1 // of the wall time, for a cause to be named
	goodEfficiency = 0.7 // of several threads; XNNPACK's reach 0.8 to 1, as waiting ones spin
	slowCapacity   = 0.9 // of the fastest core's

	// What a fault takes at the least. Recorders measure a minor one; this is for traces that don't tell: 0.25 us was measured
	// on x86-64, bare, for a page of zeroes. A major one brings a page from flash.
	minorFaultNS = 500
	majorFaultNS = 50_000
)

// causes names what is worth knowing about an op's time, the largest share first among those that are times.
func (rec *recording) causes(op *Op) []Cause {
	p := op.Paid
	causes := []Cause{}
	time := func(name string, ns uint64) {
		if s := share(ns, p.WallNS); s >= minCause {
			causes = append(causes, Cause{name, min(s, 1)})
		}
	}
	if rec.follows(PreemptionPart) {
		time(CausePreempted, p.PreemptedNS)
		if blocked := p.BlockedNS(); blocked > p.WorkersNS { // else it may have waited for its workers
			time(CauseBlocked, blocked)
		}
	} else {
		time(CauseOffCPU, p.OffCPUNS)
	}
	time(CauseFaults, p.MinorFaults*cmp.Or(rec.header.GetMinorFaultNs(), minorFaultNS)+p.MajorFaults*majorFaultNS)
	if e := p.Efficiency(); p.Threads() > 1.5 && e < goodEfficiency {
		causes = append(causes, Cause{CauseParallel, e})
	}
	if s := rec.onSlowCores(p); s >= 0.5 {
		causes = append(causes, Cause{CauseSlowCore, s})
	}
	return causes
}

// follows tells whether the recorder could follow a part of what ops pay for.
func (rec *recording) follows(part string) bool {
	for _, f := range rec.header.GetFollowed() {
		if f.Part == part {
			return f.Missing == ""
		}
	}
	return false
}

// onSlowCores returns which part of the ops ended on cores with less capacity than the fastest one; 0 when Linux doesn't
// tell.
func (rec *recording) onSlowCores(p *Paid) float64 {
	var slow, all uint64
	for core, n := range p.Cores {
		all += n
		if rec.cores.slow(core) {
			slow += n
		}
	}
	return share(slow, all)
}
