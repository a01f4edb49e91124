package analyze

import (
	"encoding/json"
	"math"

	"github.com/edgexray/edgexray/trace"
)

// Paid sums up what ops paid for, ops within them included. What the recorder didn't follow is 0.
type Paid struct {
	WallNS      uint64
	OffCPUNS    uint64 // the op's thread was not running
	PreemptedNS uint64 // of these, it could have run
	WorkersNS   uint64 // CPU time of threads that work for the op's
	MinorFaults uint64
	MajorFaults uint64
	Migrations  uint64
	Resident    int64             // bytes by which the process's resident memory grew
	Cores       map[uint64]uint64 // how many ops ended on each

	// Waited is how many runs waited, other than for their workers, for a tenth of their time or more.
	Waited uint64

	count      uint64
	khz        uint64 // summed up over those of which it is known
	known      uint64
	threads    uint64 // summed up
	threadWall uint64 // ns, wall time of each op x its threads
}

func (p *Paid) add(op trace.Op) {
	o := &op.Paid
	p.WallNS += op.Duration
	p.OffCPUNS += o.OffCPU
	p.PreemptedNS += o.Preempted
	p.WorkersNS += o.Workers
	p.MinorFaults += o.MinorFaults
	p.MajorFaults += o.MajorFaults
	p.Migrations += o.Migrations
	p.Resident += o.Resident
	p.count++
	if blocked := o.OffCPU - min(o.Preempted, o.OffCPU); blocked > o.Workers && float64(blocked) >= minCause*float64(op.Duration) {
		p.Waited++
	}
	p.threads += o.Threads
	if o.KHz != 0 {
		p.khz += o.KHz
		p.known++
	}
	p.threadWall += op.Duration * o.Threads
	if p.Cores == nil {
		p.Cores = make(map[uint64]uint64)
	}
	if _, known := p.Cores[o.Core]; known || len(p.Cores) < maxCores {
		p.Cores[o.Core]++
	}
}

// maxCores bounds how many cores are told apart.
const maxCores = 1024

func (p *Paid) merge(other *Paid) {
	p.WallNS += other.WallNS
	p.OffCPUNS += other.OffCPUNS
	p.PreemptedNS += other.PreemptedNS
	p.WorkersNS += other.WorkersNS
	p.MinorFaults += other.MinorFaults
	p.MajorFaults += other.MajorFaults
	p.Migrations += other.Migrations
	p.Resident += other.Resident
	p.count += other.count
	p.Waited += other.Waited
	p.threads += other.threads
	p.khz += other.khz
	p.known += other.known
	p.threadWall += other.threadWall
	for core, n := range other.Cores {
		if p.Cores == nil {
			p.Cores = make(map[uint64]uint64)
		}
		p.Cores[core] += n
	}
}

// BlockedNS is the time for which the op's thread waited for something other than a core.
func (p *Paid) BlockedNS() uint64 { return p.OffCPUNS - min(p.PreemptedNS, p.OffCPUNS) }

// CPUNS is the CPU time of all threads.
func (p *Paid) CPUNS() uint64 { return p.WallNS - min(p.OffCPUNS, p.WallNS) + p.WorkersNS }

// Threads is how many threads ran for an op on average, its own included; 0 when not known.
func (p *Paid) Threads() float64 {
	if p.count == 0 {
		return 0
	}
	return float64(p.threads) / float64(p.count)
}

// MeanKHz is the frequency of the cores on which ops ended, on average; 0 when not known.
func (p *Paid) MeanKHz() uint64 {
	if p.known == 0 {
		return 0
	}
	return p.khz / p.known
}

// Efficiency is the CPU time as a fraction of wall time x threads; 0 when the threads aren't known.
func (p *Paid) Efficiency() float64 { return share(p.CPUNS(), p.threadWall) }

// MarshalJSON writes the object that docs/ops-json.md calls paid.
func (p *Paid) MarshalJSON() ([]byte, error) {
	cores := p.Cores
	if cores == nil {
		cores = map[uint64]uint64{}
	}
	round := func(v float64) float64 { return math.Round(v*1e4) / 1e4 }
	return json.Marshal(struct {
		CPU         uint64            `json:"cpu_ns"`
		OffCPU      uint64            `json:"off_cpu_ns"`
		Preempted   uint64            `json:"preempted_ns"`
		Blocked     uint64            `json:"blocked_ns"`
		Workers     uint64            `json:"workers_cpu_ns"`
		Threads     float64           `json:"threads"`
		Efficiency  float64           `json:"efficiency"`
		MinorFaults uint64            `json:"minor_faults"`
		MajorFaults uint64            `json:"major_faults"`
		Migrations  uint64            `json:"migrations"`
		Resident    int64             `json:"resident_bytes"`
		MeanKHz     uint64            `json:"mean_khz,omitempty"`
		Cores       map[uint64]uint64 `json:"cores"`
	}{p.CPUNS(), p.OffCPUNS, p.PreemptedNS, p.BlockedNS(), p.WorkersNS, round(p.Threads()), round(p.Efficiency()),
		p.MinorFaults, p.MajorFaults, p.Migrations, p.Resident, p.MeanKHz(), cores})
}
