package analyze

import "testing"

func TestFollowArena(t *testing.T) {
	type seen struct {
		place, tensor int
		address       uint64
	}
	cases := []struct {
		name  string
		seen  []seen
		want  []uint64 // by tensor
		count int      // of places
	}{
		{"never moved", []seen{{0, 0, 100}, {0, 1, 200}, {1, 1, 200}, {1, 2, 300}}, []uint64{100, 200, 300}, 2},
		{"moved once", []seen{{0, 0, 100}, {0, 1, 200}, {1, 1, 1200}, {1, 2, 1300}}, []uint64{1100, 1200, 1300}, 2},
		{"moved back and forth", []seen{{0, 0, 100}, {0, 1, 200}, {1, 1, 1200}, {1, 2, 1300}, {2, 2, 300}, {2, 0, 100}}, []uint64{100, 200, 300}, 3},
		// Node 1 has none of the tensors that node 0 had, node 2 has some of both.
		{"moved before a tensor that is new", []seen{{0, 0, 100}, {0, 1, 200}, {1, 2, 1300}, {2, 1, 1200}, {2, 2, 1300}}, []uint64{1100, 1200, 1300}, 3},
		{"moved downwards", []seen{{0, 0, 5100}, {0, 1, 5200}, {1, 0, 100}}, []uint64{100, 200}, 2},
		{"moved unseen by some", []seen{{0, 0, 100}, {1, 0, 1100}, {2, 1, 1200}, {3, 0, 1100}}, []uint64{1100, 1200}, 4},
		{"only by the last one", []seen{{0, 0, 100}, {1, 0, 1100}, {2, 1, 1200}}, []uint64{1100, 1200}, 3},
		{"another one took its place", []seen{{0, 0, 100}, {1, 1, 100}}, []uint64{100, 100}, 2},
	}
	for _, c := range cases {
		lives := make([]*life, len(c.want))
		for i := range lives {
			lives[i] = &life{}
		}
		var sights []sight
		for _, s := range c.seen {
			sights = append(sights, sight{s.place, lives[s.tensor], s.address})
		}
		followArena(sights, c.count)
		for i, want := range c.want {
			if lives[i].address != want {
				t.Errorf("%s: tensor %d is at %d, want %d", c.name, i, lives[i].address, want)
			}
		}
	}
}

func TestDifferences(t *testing.T) {
	d := newDifferences(4)
	d.relate(0, 1, 10)
	d.relate(2, 3, 7)
	d.relate(3, 0, 1)
	d.relate(0, 1, 99) // too late
	_, first := d.find(1)
	for element, want := range []uint64{10, 0, 18, 11} {
		if root, value := d.find(element); value-first != want || d.parent[root] != root {
			t.Errorf("element %d is %d beyond element 1, want %d", element, value-first, want)
		}
	}
}
