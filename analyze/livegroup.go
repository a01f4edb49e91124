package analyze

// liveGroups puts rows together that a snapshot shows as one.
type liveGroups struct {
	options LiveOptions
	byName  map[string]*liveGroup
	all     []*liveGroup
}

type liveGroup struct {
	seen  map[nodeOfGraph]bool
	row   LiveRow
	wall  *Distribution
	trend [windowSlices]struct{ count, sum uint64 }
}

// nodeOfGraph is a node of which a group may have several rows.
type nodeOfGraph struct {
	subgraph *subgraph
	node     int32
}

func newLiveGroups(o LiveOptions) *liveGroups {
	return &liveGroups{options: o, byName: make(map[string]*liveGroup)}
}

// add adds the ops of a row to its group, and returns how many there were in the span.
func (gs *liveGroups) add(op *Op, r *row) uint64 {
	g := gs.group(op)
	if place := (nodeOfGraph{r.subgraph, op.Node}); op.Node < 0 || !g.seen[place] {
		g.seen[place] = true
		g.row.Nodes++
	}
	before := g.wall.Count
	if !gs.options.Recent {
		g.wall.Merge(&r.wall)
		g.row.SelfNS += r.self
	}
	r.recent.each(func(place int, s *recentSlice) bool {
		if gs.options.Recent {
			g.wall.Merge(&s.wall)
			g.row.SelfNS += s.self
		}
		g.trend[place].count += s.wall.Count
		g.trend[place].sum += s.wall.Sum
		return true
	})
	return g.wall.Count - before
}

// group returns the op's group; by node that is its own.
func (gs *liveGroups) group(op *Op) *liveGroup {
	name := op.groupName(gs.options.By)
	byNode := gs.options.By == ByNode
	if g := gs.byName[name]; g != nil && !byNode {
		return g
	}
	g := &liveGroup{row: LiveRow{Name: name, Trusted: !byNode || op.Trusted}, wall: new(Distribution), seen: make(map[nodeOfGraph]bool)}
	if byNode {
		described := *op
		described.Wall, described.Paid, described.Causes, described.Count = nil, nil, nil, 0
		g.row.Op = &described
	}
	gs.byName[name] = g
	gs.all = append(gs.all, g)
	return g
}

// rows returns the groups' rows, and what all of their ops took, in ns.
func (gs *liveGroups) rows() ([]LiveRow, uint64) {
	var total uint64
	for _, g := range gs.all {
		total += g.row.SelfNS
	}
	rows := make([]LiveRow, len(gs.all))
	for i, g := range gs.all {
		g.row.Figures = figures(g.wall)
		g.row.Share = share(g.row.SelfNS, total)
		for place, slice := range g.trend {
			g.row.Trend[place] = float64(slice.sum) / float64(max(slice.count, 1))
		}
		rows[i] = g.row
	}
	return rows, total
}
