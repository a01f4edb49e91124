package analyze

import "sort"

// Counts returns how many values are under bounds[0], from each bound up to the next one, and from the last one on: one
// number more than there are bounds, which ascend. Beyond 256 values those near a bound may be on its other side: see Quantile.
func (d *Distribution) Counts(bounds []uint64) []uint64 {
	counts := make([]uint64, len(bounds)+1)
	count := func(v, n uint64) bool {
		counts[sort.Search(len(bounds), func(i int) bool { return v < bounds[i] })] += n
		return true
	}
	for _, v := range d.exact {
		count(v, 1)
	}
	d.each(count)
	return counts
}
