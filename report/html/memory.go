package html

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// memory is what a model's tensors take over an invoke.
type memory struct {
	Peak, Setter string // the op that sets it
	SetterID     int    // of its details; -1: it has none
	Kinds        [][2]string
	Notes        []string
	Runs         []memoryRun
	Parts        []memoryPart
	MoreParts    int
}

// memoryRun is the chart of one subgraph: what is live while each of its nodes runs.
type memoryRun struct {
	Title, Area, Line string // of paths in a box of Nodes x 100
	Nodes             int
	Most              string // at the top of the axis
	Frames            []frame
	PeakAt            string // the middle of the op that sets the model's peak; empty when it is in another subgraph
}

type memoryPart struct {
	Tensor, Maker, Bytes, Share string
	Bar                         string
}

const (
	maxRuns  = 6  // charts of a model
	maxParts = 12 // tensors that are live at the peak
)

func (b *builder) memory(m *analyze.Model) *memory {
	mm := m.Memory
	if mm == nil {
		return nil
	}
	v := &memory{Peak: size(mm.Peak), SetterID: -1, Notes: shownAll(mm.Notes)}
	for _, k := range []struct {
		name  string
		bytes uint64
	}{{"Weights that ops read", mm.Weights}, {"Arena", mm.Arena}, {"Kept between invokes", mm.Persistent}, {"Allocated while running", mm.Dynamic}, {"The app's own", mm.Custom}} {
		if k.bytes > 0 {
			v.Kinds = append(v.Kinds, [2]string{k.name, size(k.bytes)})
		}
	}
	at := analyze.Op{Subgraph: mm.PeakSubgraph, Node: mm.PeakNode}
	v.Setter = fmt.Sprintf("%s (node %s)", shown(mm.PeakOp), report.Place(&at))
	nodes := nodesOf(m)
	if op := nodes[[2]int32{mm.PeakSubgraph, mm.PeakNode}]; op != nil {
		v.SetterID = b.details(op)
	}
	for _, run := range mm.Runs[:min(len(mm.Runs), maxRuns)] {
		if len(run.Live) > 1 {
			v.Runs = append(v.Runs, b.memoryRun(mm, run, nodes))
		}
	}
	v.parts(mm)
	return v
}

// nodesOf returns a model's nodes by subgraph and index.
func nodesOf(m *analyze.Model) map[[2]int32]*analyze.Op {
	nodes := make(map[[2]int32]*analyze.Op)
	for _, op := range m.Ops {
		if op.Mapping == "" && op.Node >= 0 {
			nodes[[2]int32{op.Subgraph, op.Node}] = op
		}
	}
	return nodes
}

func (b *builder) memoryRun(mm *analyze.ModelMemory, run *analyze.MemoryRun, nodes map[[2]int32]*analyze.Op) memoryRun {
	v := memoryRun{Nodes: len(run.Live), Title: "Subgraph " + index(run.Subgraph)}
	top := max(mm.Peak, 1)
	for _, live := range run.Live {
		top = max(top, live)
	}
	v.Most = size(top)
	var line strings.Builder
	for i, live := range run.Live {
		y := 100 - 100*float64(live)/float64(top)
		if i == 0 {
			fmt.Fprintf(&line, "M0 %.4gH1", y)
		} else {
			fmt.Fprintf(&line, "V%.4gH%d", y, i+1)
		}
		f := frame{ID: -1, X: at(float64(i), float64(v.Nodes)), Width: at(1, float64(v.Nodes)),
			Text: fmt.Sprintf("%s live while node %d runs", size(live), run.Nodes[i])}
		if op := nodes[[2]int32{run.Subgraph, run.Nodes[i]}]; op != nil {
			f.ID = b.details(op)
			f.Text = fmt.Sprintf("%s live while %s (node %s) runs", size(live), shown(op.FusedOp()), report.Place(op))
		}
		v.Frames = append(v.Frames, f)
		if run.Subgraph == mm.PeakSubgraph && run.Nodes[i] == mm.PeakNode && live == mm.Peak && v.PeakAt == "" {
			v.PeakAt = at(float64(i)+0.5, float64(v.Nodes))
		}
	}
	v.Line = line.String()
	v.Area = fmt.Sprintf("%sV100H0Z", v.Line)
	return v
}

// parts lists what is live at the peak, the largest first.
func (v *memory) parts(mm *analyze.ModelMemory) {
	parts := slices.SortedStableFunc(slices.Values(mm.PeakParts), func(x, y analyze.MemoryPart) int { return cmp.Compare(y.Bytes, x.Bytes) })
	v.MoreParts = max(len(parts)-maxParts, 0)
	for _, p := range parts[:min(len(parts), maxParts)] {
		maker := "the app put it in"
		if p.Op != nil {
			maker = fmt.Sprintf("%s (node %s)", shown(p.Op.FusedOp()), report.Place(p.Op))
		}
		name := shown(p.Tensor.Name)
		if name == "" {
			name = fmt.Sprintf("tensor %d", p.Tensor.Index)
		}
		v.Parts = append(v.Parts, memoryPart{name, maker, size(p.Bytes), percent(ratio(p.Bytes, mm.Peak)), at(float64(p.Bytes), float64(parts[0].Bytes))})
	}
}

func shownAll(texts []string) []string {
	var all []string
	for _, t := range texts {
		all = append(all, shownText(t))
	}
	return all
}
