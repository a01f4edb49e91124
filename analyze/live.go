package analyze

import (
	"cmp"
	"slices"
	"time"

	"github.com/edgexray/edgexray/trace"
)

// Live sums up a trace while it is being written: since its beginning, where it agrees with Ops, and within a window of
// the latest time. Its memory is bounded however long that takes (see forget.go). It knows nothing of tensors' memory.
// A Live is not safe for concurrent use; the Snapshots that it returns are the caller's.
type Live struct {
	rec   *recording
	ops   uint64 // records read
	ended bool
}

// NewLive returns a Live with a window of that length.
func NewLive(length time.Duration) *Live {
	rec := newRecording()
	rec.window = newWindow(length)
	return &Live{rec: rec}
}

// Add takes in the trace's next block.
func (l *Live) Add(b *trace.Block) {
	if b.Header != nil {
		l.rec.window.start = b.Header.StartNs
	}
	l.rec.window.advance(b.TimeNs)
	for _, batch := range b.Ops {
		l.ops += uint64(len(batch.Node))
	}
	l.rec.forgetGone()
	l.rec.add(b)
}

// End is called after the last block. When the trace isn't whole, truncation says why.
func (l *Live) End(truncation *trace.Truncation) {
	l.ended = true
	l.rec.truncation = truncation
	l.rec.finish()
}

// LiveOptions says what a Snapshot tells.
type LiveOptions struct {
	NowNS  uint64 // CLOCK_MONOTONIC; the time of the latest block when that is later, or when the trace has ended
	Recent bool   // sum up the window instead of everything since the beginning
	By     By     // ByNode, ByOp or ByKernel
}

// Snapshot is what a Live knows at one time.
type Snapshot struct {
	DurationNS uint64 // since the recording began
	SpanNS     uint64 // of it, what sums are about
	Recent     bool   // they are about the window
	WindowNS   uint64 // what of the window is over
	By         By
	Ops        uint64  // records read since the beginning
	OpsRate    float64 // per second, within the window
	Lost       map[string]uint64
	Notes      []Note
	Recording  Recording
	Ended      bool
	Truncated  string
	Gone       int // models that are no longer shown, of processes that ended
	Models     []*LiveModel
}

// LiveModel is a model as one process runs it.
type LiveModel struct {
	Number       int // identifies it in every Snapshot of a Live
	PID          int32
	Process      string
	Name         string
	Exited       bool   // its process has ended
	LastWords    string // of the process
	Interpreters int
	Invokes      Figures // those that ran a part of the model, at the recording's ends or as ops were lost, included
	SelfNS       uint64  // what its ops took
	ProbesNS     uint64  // what they paid for being recorded, by calibration; a part of it is within SelfNS
	RecentNS     uint64  // SelfNS within the window, whatever the sums are about
	Rows         []LiveRow
}

// LiveRow sums up the ops of a node, or of the nodes that have an op or a kernel in common. By node its Op says which
// one, without any sums.
type LiveRow struct {
	Figures
	Name    string // op or kernel
	Op      *Op    // nil unless by node
	Nodes   int
	SelfNS  uint64
	Share   float64               // of the model's SelfNS
	Trend   [windowSlices]float64 // mean ns of each slice of the window, the latest one last; 0 where none ran
	Trusted bool                  // by node: its ops are not too short
}

// Figures are of durations.
type Figures struct {
	Count        uint64
	MeanNS       float64
	P50NS, P99NS uint64
	MaxNS        uint64
}

func figures(d *Distribution) Figures {
	return Figures{d.Count, d.Mean(), d.Quantile(0.5), d.Quantile(0.99), d.Max}
}

// Snapshot sums up what was added until now. Models are in the order in which their processes began, rows in run order,
// those that did not run in the span included; groups in the order of their first rows.
func (l *Live) Snapshot(o LiveOptions) *Snapshot {
	rec := l.rec
	now := max(o.NowNS, rec.lastNS)
	if l.ended {
		now = rec.lastNS
	}
	rec.window.advance(now)
	if !l.ended {
		rec.fold()
	}
	overview := rec.overview()
	s := &Snapshot{
		DurationNS: now - min(rec.header.GetStartNs(), now),
		WindowNS:   rec.window.length(now),
		Recent:     o.Recent,
		By:         o.By,
		Ops:        l.ops,
		Lost:       overview.Lost,
		Notes:      overview.Notes,
		Recording:  overview.Recording,
		Ended:      l.ended,
		Truncated:  overview.Truncated,
		Gone:       rec.gone.models,
	}
	if ns := rec.end.GetDurationNs(); ns != 0 {
		s.DurationNS = ns
	}
	s.SpanNS = s.DurationNS
	if o.Recent {
		s.SpanNS = s.WindowNS
	}
	b := builder{rec: rec, ops: make(map[*row]*Op), models: make(map[*graph]*Model)}
	b.buildModels()
	var recentOps uint64
	for g, m := range b.models {
		model, ops := b.live(g, m, o)
		s.Models = append(s.Models, model)
		recentOps += ops
	}
	slices.SortFunc(s.Models, func(a, b *LiveModel) int { return cmp.Compare(a.Number, b.Number) })
	if s.WindowNS != 0 {
		s.OpsRate = float64(recentOps) / float64(s.WindowNS) * 1e9
	}
	return s
}

// live returns the model with its rows, and how many ops it ran within the window.
func (b *builder) live(g *graph, m *Model, o LiveOptions) (*LiveModel, uint64) {
	process := b.rec.processes[g.process]
	model := &LiveModel{
		Number:       g.number,
		PID:          m.PID,
		Process:      m.Process,
		Name:         m.Name,
		Exited:       process.GetExited(),
		LastWords:    process.GetLastWords(),
		Interpreters: m.Interpreters,
		Invokes:      figures(g.primary().invokes.sum(o.Recent)),
	}
	rows := make(map[*Op]*row)
	for _, s := range g.subgraphs {
		for _, r := range s.rows {
			if op := b.ops[r]; op != nil {
				rows[op] = r
			}
		}
	}
	var recentOps uint64
	groups := newLiveGroups(o)
	for _, op := range m.Ops {
		r := rows[op]
		n, self := r.recent.count()
		recentOps += n
		model.RecentNS += self
		count := groups.add(op, r)
		model.ProbesNS += count * op.ProbeCostNS
	}
	model.Rows, model.SelfNS = groups.rows()
	return model, recentOps
}

// sum returns the wall times of the invokes.
func (v *invokes) sum(recent bool) *Distribution {
	all := new(Distribution)
	if recent {
		v.recent.each(func(_ int, s *recentSlice) bool { all.Merge(&s.wall); return true })
		return all
	}
	for _, d := range v.byOps {
		all.Merge(&d.Distribution)
	}
	return all
}
