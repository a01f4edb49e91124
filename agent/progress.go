package agent

import (
	"fmt"
	"io"
	"time"

	"github.com/edgexray/edgexray/bpf"
)

// progress is what the live line shows.
type progress struct {
	ops     uint64
	invokes uint64
	sites   int

	shownOps uint64
	shownAt  time.Time
	started  time.Time
}

// count counts an op, and an invoke when it is the outermost op that a subgraph ran first.
func (p *progress) count(n *node, r *bpf.OpRecord) {
	p.ops++
	if r.Depth != 0 {
		return
	}
	g := n.subgraph
	if g.first == nil || g.first.subgraph != g {
		g.first = n
	}
	if g.first == n {
		p.invokes++
	}
}

// show overwrites the live line.
func (p *progress) show(w io.Writer, s *Session) {
	if w == nil {
		return
	}
	now := time.Now()
	if p.started.IsZero() {
		p.started, p.shownAt = now, now
		if p.sites == 0 {
			fmt.Fprint(w, "\r\033[K[waiting for a TFLite runtime to be loaded]")
		}
		return
	}
	rate := float64(p.ops-p.shownOps) / now.Sub(p.shownAt).Seconds()
	p.shownOps, p.shownAt = p.ops, now
	var lost uint64
	for _, cause := range bpf.Causes {
		n, _ := s.programs.Count(cause.Counter)
		lost += n
	}
	fmt.Fprintf(w, "\r\033[K[%s] %d invokes, %d ops, %.0f ops/s, %d lost", now.Sub(p.started).Round(time.Second), p.invokes, p.ops, rate, lost)
}

// clear removes the live line.
func (p *progress) clear(w io.Writer) {
	if w != nil {
		fmt.Fprint(w, "\r\033[K")
	}
}
