package stragglers

// join gathers the units of two models that do the same: where one has a node that does what several do in the other, all of them are one
// group.
type join struct{ parent map[*unit]*unit }

func newJoin() *join { return &join{make(map[*unit]*unit)} }

// matched is units of both models that do the same.
type matched struct{ mine, yours []*unit }

// root returns what stands for all units that u was joined with.
func (j *join) root(u *unit) *unit {
	for j.parent[u] != nil && j.parent[u] != u {
		u = j.parent[u]
	}
	return u
}

func (j *join) join(a, b *unit) {
	for _, u := range []*unit{a, b} {
		if j.parent[u] == nil {
			j.parent[u] = u
		}
	}
	j.parent[j.root(b)] = j.root(a)
}

// groups returns the joined units, in the order of the first model's steps.
func (j *join) groups(mine, yours []step) []*matched {
	byRoot := make(map[*unit]*matched)
	var all []*matched
	seen := make(map[*unit]bool)
	for i, side := range [][]step{mine, yours} {
		for _, s := range side {
			if j.parent[s.unit] == nil || seen[s.unit] {
				continue
			}
			seen[s.unit] = true
			root := j.root(s.unit)
			g := byRoot[root]
			if g == nil {
				g = new(matched)
				byRoot[root] = g
				all = append(all, g)
			}
			if i == 0 {
				g.mine = append(g.mine, s.unit)
			} else {
				g.yours = append(g.yours, s.unit)
			}
		}
	}
	return all
}

// alone returns the units of one model that have no counterpart, and what they take per invoke in ns.
func (j *join) alone(steps []step) ([]Place, uint64) {
	places := []Place{}
	var ns float64
	seen := make(map[*unit]bool)
	for _, s := range steps {
		if j.parent[s.unit] == nil && !seen[s.unit] {
			seen[s.unit] = true
			places = append(places, s.unit.places...)
			ns += s.unit.ns
		}
	}
	return places, uint64(ns)
}
