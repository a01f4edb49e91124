package analyze

import "slices"

// The runtime moves the arena when it grows, as it may while a model with dynamic tensors runs, and nodes that ran before
// are not described again. A tensor keeps its place within the arena, though. So what nodes saw of tensors that they
// share tells how far the arena moved from one node to another.

// sight is a tensor of the arena as a node saw it.
type sight struct {
	place   int // of the node in its order
	of      *life
	address uint64
}

// followArena sets the addresses of the arena's tensors to those with the arena where the last ops found it. The sights
// come in the order of their places.
func followArena(sights []sight, places int) {
	moved := false
	for _, s := range sights {
		moved = moved || s.of.address != 0 && s.of.address != s.address
		s.of.address = s.address
	}
	if !moved {
		return
	}
	moves := arenaMoves(sights, places)
	for _, s := range sights {
		s.of.address = s.address - moves[s.place]
	}
}

// arenaMoves returns how far the arena was, at each place, from where it was last.
func arenaMoves(sights []sight, places int) []uint64 {
	// With the arena at b when a node was described and a tensor x into it, the node saw the tensor at b+x. Elements of
	// the sets are nodes, whose value is -b, and tensors, whose value is x.
	sets := newDifferences(places)
	tensors := make(map[*life]int)
	seen := make([]bool, places)
	for _, s := range sights {
		if _, known := tensors[s.of]; !known {
			tensors[s.of] = sets.add()
		}
		sets.relate(tensors[s.of], s.place, s.address)
		seen[s.place] = true
	}
	members := make(map[int][]int) // places by set
	for place, any := range seen {
		if any {
			root, _ := sets.find(place)
			members[root] = append(members[root], place)
		}
	}
	var largest []int
	for _, set := range members {
		if len(set) > len(largest) || len(set) == len(largest) && set[0] < largest[0] {
			largest = set
		}
	}
	moves := make([]uint64, places)
	shift := func(set []int, last uint64) {
		_, final := sets.find(set[len(set)-1])
		for _, place := range set {
			_, value := sets.find(place)
			moves[place] = last + final - value
		}
	}
	shift(largest, 0)
	for _, set := range members {
		// Nodes that share no tensor with the others: the arena was where the next one of those saw it.
		if set[0] != largest[0] {
			next, _ := slices.BinarySearch(largest, set[len(set)-1])
			shift(set, moves[largest[min(next, len(largest)-1)]])
		}
	}
	return moves
}

// differences are disjoint sets of elements with a value each, of which only differences within a set are known.
type differences struct {
	parent []int
	value  []uint64 // less the parent's
}

func newDifferences(elements int) *differences {
	d := &differences{}
	for range elements {
		d.add()
	}
	return d
}

// add returns a new element.
func (d *differences) add() int {
	d.parent, d.value = append(d.parent, len(d.parent)), append(d.value, 0)
	return len(d.parent) - 1
}

// find returns the element that stands for the set of e, and e's value less that one's.
func (d *differences) find(e int) (root int, value uint64) {
	for root = e; d.parent[root] != root; root = d.parent[root] {
		value += d.value[root]
	}
	for at, left := e, value; d.parent[at] != at; { // shorten the way
		next, step := d.parent[at], d.value[at]
		d.parent[at], d.value[at] = root, left
		at, left = next, left-step
	}
	return root, value
}

// relate says that a's value less b's is difference. Where that contradicts what is known, what is known stays.
func (d *differences) relate(a, b int, difference uint64) {
	rootA, valueA := d.find(a)
	rootB, valueB := d.find(b)
	if rootA != rootB {
		d.parent[rootA], d.value[rootA] = rootB, difference+valueB-valueA
	}
}
