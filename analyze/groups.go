package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// By is what ops are grouped by.
type By string

// The groupings. ByNode is what Model.Ops holds anyway, so it makes no groups.
const (
	ByNode   By = "node"
	ByOp     By = "op"
	ByKernel By = "kernel"
	ByThread By = "thread"
)

var groupings = []By{ByNode, ByOp, ByKernel, ByThread}

// ParseBy returns the grouping with that name.
func ParseBy(name string) (By, error) {
	if by := By(name); slices.Contains(groupings, by) {
		return by, nil
	}
	return "", fmt.Errorf("group ops by %q: no such grouping (use one of %s)", name, strings.Trim(fmt.Sprint(groupings), "[]"))
}

// Group sums up the ops that have something in common: their type, kernel or thread.
type Group struct {
	PID     int32         `json:"pid"` // 0 when it spans processes
	Process string        `json:"process"`
	TID     int32         `json:"tid"` // 0 unless grouped by thread
	Name    string        `json:"name"`
	Nodes   int           `json:"nodes"` // 0 when grouped by thread
	Count   uint64        `json:"count"`
	Wall    *Distribution `json:"wall_ns"`
	SelfNS  uint64        `json:"self_ns"`
	Share   float64       `json:"share"`
}

// group returns the groups of the result's own grouping, largest first.
func (r *OpsResult) group(rec *recording) []*Group {
	var ops []*Op
	for _, m := range r.Models {
		ops = append(ops, m.Ops...)
	}
	switch r.By {
	case ByOp:
		return GroupOps(ops, func(op *Op) string { return op.Op })
	case ByKernel:
		return GroupOps(ops, (*Op).RunBy)
	case ByThread:
		return rec.groupThreads()
	}
	return nil
}

// ByType sums up the model's ops by op type, largest first.
func (m *Model) ByType() []*Group { return GroupOps(m.Ops, func(op *Op) string { return op.Op }) }

// RunBy names what ran the op: its kernel, or of one of XNNPACK's operators, which all run through the same function, its name.
func (op *Op) RunBy() string { return cmp.Or(op.Operator, op.Kernel) }

// GroupOps sums up the ops that have the same name, largest first.
func GroupOps(ops []*Op, name func(*Op) string) []*Group {
	byName := make(map[string]*Group)
	groups := []*Group{}
	for _, op := range ops {
		g := byName[name(op)]
		if g == nil {
			g = &Group{Name: name(op), Wall: new(Distribution)}
			byName[g.Name] = g
			groups = append(groups, g)
		}
		g.Nodes++
		g.Count += op.Count
		g.SelfNS += op.SelfNS
		g.Wall.Merge(op.Wall)
	}
	return largestFirst(groups)
}

func (rec *recording) groupThreads() []*Group {
	groups := []*Group{}
	for _, t := range rec.threads {
		if t.wall.Count == 0 {
			continue
		}
		g := &Group{
			PID:     rec.processes[t.desc.Process].GetPid(),
			Process: rec.processName(t.desc.Process),
			TID:     t.desc.Tid,
			Name:    t.desc.Name,
			Count:   t.wall.Count,
			Wall:    &t.wall,
		}
		g.SelfNS = t.stack.roots.self()
		groups = append(groups, g)
	}
	return largestFirst(groups)
}

func (cs calls) self() uint64 {
	var ns uint64
	for _, c := range cs {
		ns += c.self + c.children.self()
	}
	return ns
}

func largestFirst(groups []*Group) []*Group {
	var total uint64
	for _, g := range groups {
		total += g.SelfNS
	}
	for _, g := range groups {
		g.Share = share(g.SelfNS, total)
	}
	slices.SortFunc(groups, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(b.SelfNS, a.SelfNS), cmp.Compare(a.Name, b.Name), cmp.Compare(a.PID, b.PID), cmp.Compare(a.TID, b.TID))
	})
	return groups
}
