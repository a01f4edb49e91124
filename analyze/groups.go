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
	Nodes   int           `json:"nodes"` // of which there are ops; 0 when grouped by thread
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
	case ByOp, ByKernel:
		return groupOps(ops, r.By)
	case ByThread:
		return rec.groupThreads()
	}
	return nil
}

// ByType sums up the model's ops by op type, largest first.
func (m *Model) ByType() []*Group { return groupOps(m.Ops, ByOp) }

// groupOps sums up the ops that have the same name, largest first.
func groupOps(ops []*Op, by By) []*Group {
	byName := make(map[string]*Group)
	groups := []*Group{}
	seen := make(map[nodeOfGroup]bool)
	for _, op := range ops {
		name := op.groupName(by)
		g := byName[name]
		if g == nil {
			g = &Group{Name: name, Wall: new(Distribution)}
			byName[name] = g
			groups = append(groups, g)
		}
		if place := (nodeOfGroup{op.model, op.Subgraph, op.Node, name}); op.Node < 0 || !seen[place] {
			seen[place] = true
			g.Nodes++
		}
		g.Count += op.Count
		g.SelfNS += op.SelfNS
		g.Wall.Merge(op.Wall)
	}
	return largestFirst(groups)
}

// nodeOfGroup is a node that several ops may stand for: those of its shapes, and the operators that share its work.
type nodeOfGroup struct {
	model          *Model
	subgraph, node int32
	name           string
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
