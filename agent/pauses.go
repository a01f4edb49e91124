package agent

import (
	"time"

	"github.com/edgexray/edgexray/app"
	"github.com/edgexray/edgexray/bpf"
)

// pauses are the times for which threads of the command were held while new code was searched: the ops in which they
// fall did not take that long.
type pauses struct {
	asked map[uint32]uint64  // when BPF sent a thread the stop signal
	over  map[uint32][]pause // of each thread, since its last op ended
	count int
	total time.Duration
}

// pause is in ns of CLOCK_MONOTONIC.
type pause struct{ from, to uint64 }

func newPauses() pauses {
	return pauses{asked: make(map[uint32]uint64), over: make(map[uint32][]pause)}
}

// end notes a pause that is over now. It began when BPF asked for it or, where no record tells, when the launcher saw it.
func (ps *pauses) end(tid uint32, seen uint64) {
	from, ok := ps.asked[tid]
	if !ok {
		from = seen
	}
	delete(ps.asked, tid)
	over := pause{from, app.Now()}
	ps.over[tid] = append(ps.over[tid], over)
	ps.count++
	ps.total += time.Duration(over.to - over.from)
}

// takenOut returns when an op began and how long it took without the pauses in it, as if all of them had been before it:
// they are where it began, but for those of a subgraph that it ran.
func (ps *pauses) takenOut(r *bpf.OpRecord) (start, duration uint64) {
	start, end := r.StartNs, r.StartNs+r.DurationNs
	var paused uint64
	for _, p := range ps.over[r.Header.Tid] {
		if from, to := max(start, p.from), min(end, p.to); from < to {
			paused += to - from
		}
	}
	if r.Depth == 0 {
		delete(ps.over, r.Header.Tid)
	}
	return start + paused, r.DurationNs - paused
}
