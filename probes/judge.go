package probes

import (
	"sort"
	"strings"
)

// minRow is the fewest registrations side by side that are taken for a runtime. One long row is usual, with a few short
// ones from other parts of the build. Smaller runtimes, of a few chosen ops, are found in the process.
const minRow = 4

// reach is how far from such a row a lone registration is still believed, in bytes.
const reach = 4096

// judge tells the registrations of a runtime from what only looks like them, such as other tables of functions. A
// runtime's are static objects, one an op, that the linker puts side by side: nearly all lie in rows with one stride.
// The exception is a delegate's, which has a name. Candidates come by ascending address.
func judge(candidates []registration, l layout) (records []registration, suspects []Suspect) {
	rows := longestRows(candidates, l)
	var anchors []uint64
	for _, c := range candidates {
		if rows[c.address] >= minRow {
			anchors = append(anchors, c.address)
		}
	}
	if len(anchors) == 0 {
		return nil, nil
	}
	for i, c := range candidates {
		delegate := strings.Contains(c.name, "Delegate")
		switch {
		case !dominates(candidates, i, rows, l):
			suspects = append(suspects, Suspect{c.address, "overlaps another record"})
		case rows[c.address] == 0 && !delegate && !near(anchors, c.address):
			suspects = append(suspects, Suspect{c.address, "far from the other records"})
		default:
			records = append(records, c)
		}
	}
	return records, suspects
}

// longestRows tries every stride, and takes the one that puts most candidates into rows. The result has, by address, the
// number of records in its row; those outside of rows aren't in it.
func longestRows(candidates []registration, l layout) map[uint64]int {
	var longest map[uint64]int
	for _, stride := range l.strides {
		if r := rows(candidates, stride); len(r) > len(longest) {
			longest = r
		}
	}
	return longest
}

func rows(candidates []registration, stride uint64) map[uint64]int {
	is := map[uint64]bool{}
	for _, c := range candidates {
		is[c.address] = true
	}
	rows := map[uint64]int{}
	for _, c := range candidates {
		if is[c.address-stride] {
			continue // counted from its row's start
		}
		n := 1
		for is[c.address+uint64(n)*stride] {
			n++
		}
		for i := 0; n > 1 && i < n; i++ {
			rows[c.address+uint64(i)*stride] = n
		}
	}
	return rows
}

// dominates says whether a candidate is in a longer row than all it overlaps. Five functions followed by zeros are two
// overlapping records; without more evidence neither is believed.
func dominates(candidates []registration, i int, rows map[uint64]int, l layout) bool {
	c := candidates[i].address
	size := commonWords * l.word
	beats := func(rival uint64) bool { return rows[c] > rows[rival] }
	for j := i - 1; j >= 0 && c-candidates[j].address < size; j-- {
		if !beats(candidates[j].address) {
			return false
		}
	}
	for j := i + 1; j < len(candidates) && candidates[j].address-c < size; j++ {
		if !beats(candidates[j].address) {
			return false
		}
	}
	return true
}

// near says whether one of the sorted addresses is within reach.
func near(addresses []uint64, address uint64) bool {
	i := sort.Search(len(addresses), func(i int) bool { return addresses[i]+reach >= address })
	return i < len(addresses) && addresses[i] <= address+reach
}
