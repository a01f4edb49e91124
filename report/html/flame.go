package html

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// flame is a flame graph, its root on top.
type flame struct {
	Frames []frame
	Height int // px
	Hidden int // frames too many to draw, the smallest ones
}

// frame is a rectangle of a chart.
type frame struct {
	ID          int // of the op's details; -1: it has none
	Class       string
	X, Width    string
	Y           int
	Label, Text string // what is written on it, and all that is to be said of it
	Labelled    bool   // wide enough on a laptop
}

const (
	frameHeight = 22   // px
	maxFrames   = 8000 // of a chart
	// labelWidth is the part of a chart's width from which on a frame has its label without script.js, which knows better.
	labelWidth = 0.04
)

// call is a node of the tree: what has the same name beneath the same frames.
type call struct {
	name, class string
	op          *analyze.Op // nil unless it is about a single one
	self, total uint64
	order       int
	within      map[string]*call
}

func (c *call) at(name, class string, op *analyze.Op) *call {
	if c.within == nil {
		c.within = make(map[string]*call)
	}
	next := c.within[name]
	if next == nil {
		next = &call{name: name, class: class, op: op, order: len(c.within)}
		c.within[name] = next
	}
	return next
}

// flame returns the flame graph of a model, with frames as pprof has them: model, subgraph, op type, node, kernel.
func (b *builder) flame(stacks []analyze.Stack, m *analyze.Model) *flame {
	root := &call{name: shown(m.Name), class: "root"}
	for _, s := range stacks {
		if s.Models[0] == m {
			b.push(root, s).self += s.SelfNS
		}
	}
	if root.sum() == 0 {
		return nil
	}
	g := &flame{}
	totals := root.totals(nil)
	if more := len(totals) - maxFrames; more > 0 {
		slices.Sort(totals)
		root.cut(totals[more])
	}
	b.drawCalls(g, root, root.total, 0, 0, perInvoke(1, m))
	g.Hidden = len(totals) - len(g.Frames)
	slices.SortStableFunc(g.Frames, func(x, y frame) int { return cmp.Compare(x.Y, y.Y) })
	return g
}

// totals appends those of all frames that take time.
func (c *call) totals(all []uint64) []uint64 {
	if c.total > 0 {
		all = append(all, c.total)
	}
	for _, w := range c.within {
		all = w.totals(all)
	}
	return all
}

// cut removes what takes less than least.
func (c *call) cut(least uint64) {
	maps.DeleteFunc(c.within, func(_ string, w *call) bool { return w.total < least })
	for _, w := range c.within {
		w.cut(least)
	}
}

// push returns the frame that holds a stack's own time.
func (b *builder) push(c *call, s analyze.Stack) *call {
	for i, op := range s.Ops {
		class := b.colours.of(op)
		if i > 0 && s.Models[i] != s.Models[i-1] {
			c = c.at(shown(s.Models[i].Name), "root", nil)
		}
		if op.Mapping == "" {
			c = c.at(subgraphName(op), "root", nil)
		}
		c = c.at(shown(op.FusedOp()), class, nil)
		c = c.at("node "+report.Place(op), class, op)
	}
	last := s.Ops[len(s.Ops)-1]
	return c.at(kernel(last), b.colours.of(last), last)
}

func subgraphName(op *analyze.Op) string {
	if op.SubgraphName == "" || op.Subgraph < 0 {
		return fmt.Sprintf("subgraph %s%s", index(op.Subgraph), shown(op.SubgraphName))
	}
	return fmt.Sprintf("subgraph %d, %s", op.Subgraph, shown(op.SubgraphName))
}

func index(i int32) string {
	if i < 0 {
		return ""
	}
	return fmt.Sprint(i)
}

// sum sets the totals.
func (c *call) sum() uint64 {
	c.total = c.self
	for _, w := range c.within {
		c.total += w.sum()
	}
	return c.total
}

func (b *builder) drawCalls(g *flame, c *call, whole, x uint64, depth int, invokes float64) {
	if len(g.Frames) == maxFrames {
		return // many took equally long
	}
	f := frame{ID: -1, Class: c.class, X: at(float64(x), float64(whole)), Width: at(float64(c.total), float64(whole)), Y: depth * frameHeight,
		Label: c.name, Labelled: ratio(c.total, whole) > labelWidth,
		Text: fmt.Sprintf("%s: %s an invoke, %s", c.name, duration(float64(c.total)*invokes), percent(ratio(c.total, whole)))}
	if c.op != nil {
		f.ID = b.details(c.op)
	}
	g.Frames = append(g.Frames, f)
	g.Height = max(g.Height, (depth+1)*frameHeight)
	for _, w := range c.inOrder() {
		b.drawCalls(g, w, whole, x, depth+1, invokes)
		x += w.total
	}
}

// inOrder returns what is within, the largest first.
func (c *call) inOrder() []*call {
	var all []*call
	for _, w := range c.within {
		if w.total > 0 {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(x, y *call) int { return cmp.Or(cmp.Compare(y.total, x.total), cmp.Compare(x.order, y.order)) })
	return all
}
