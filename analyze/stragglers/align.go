package stragglers

import "slices"

// What it counts for that two nodes are the same. A node without counterpart counts nothing: where a form has more nodes, such as QUANTIZE,
// they are left out.
const (
	sameOpCounts    = 2
	sameShapeCounts = 1
	sameNameCounts  = 2
)

// maxSteps bounds the nodes of a model that are aligned: the table has a byte for each pair.
const maxSteps = 1 << 13

// align returns which nodes of two models correspond, as pairs of indices: the common subsequence that counts most (Needleman and Wunsch,
// 1970).
func align(a, b []step) [][2]int {
	const (
		skipA = iota
		skipB
		both
	)
	width := len(b) + 1
	way := make([]byte, (len(a)+1)*width)
	above, row := make([]int32, width), make([]int32, width)
	for i := range a {
		for j := range b {
			best, how := above[j+1], byte(skipA)
			if row[j] > best {
				best, how = row[j], skipB
			}
			if same := alike(&a[i], &b[j]); same > 0 && above[j]+same > best {
				best, how = above[j]+same, both
			}
			row[j+1], way[(i+1)*width+j+1] = best, how
		}
		above, row = row, above
	}
	var pairs [][2]int
	for i, j := len(a), len(b); i > 0 && j > 0; {
		switch way[i*width+j] {
		case both:
			i, j = i-1, j-1
			pairs = append(pairs, [2]int{i, j})
		case skipA:
			i--
		default:
			j--
		}
	}
	slices.Reverse(pairs)
	return pairs
}

// alike says how much speaks for two nodes being the same; 0 when they can't be.
func alike(a, b *step) int32 {
	if a.op != b.op {
		return 0
	}
	same := int32(sameOpCounts)
	if slices.Equal(a.shape, b.shape) {
		same += sameShapeCounts
	}
	if a.name != "" && a.name == b.name {
		same += sameNameCounts
	}
	return same
}
