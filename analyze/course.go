package analyze

import "slices"

// courseSlices is how many slices of time a Course has at most. Twice as many would show no more of a recording that warms up.
const courseSlices = 32

// firstSlice is how long a slice is at first, in ns: so short that 32 of them are a recording of 32 ms.
const firstSlice = 1 << 20

// Course is how a node's runs went over the recording, in slices of time of equal length. Its size does not grow with the
// number of runs: slices become longer as the recording does. The zero value is empty and ready to use.
type Course struct {
	SliceNS uint64 // length of a slice; 0 without runs
	Slices  []Slice
}

// Slice sums up the runs that began within a slice of time.
type Slice struct {
	Count uint64
	SumNS uint64
}

// add takes in a run that began ns after the recording.
func (c *Course) add(ns, duration uint64) {
	if c.SliceNS == 0 {
		c.SliceNS = firstSlice
	}
	for ns/c.SliceNS >= courseSlices {
		c.double()
	}
	i := int(ns / c.SliceNS)
	for len(c.Slices) <= i {
		c.Slices = append(c.Slices, Slice{})
	}
	c.Slices[i].Count++
	c.Slices[i].SumNS += duration
}

// double makes one slice of each two.
func (c *Course) double() {
	half := c.Slices[:0]
	for pair := range slices.Chunk(c.Slices, 2) {
		var sum Slice
		for _, s := range pair {
			sum.Count += s.Count
			sum.SumNS += s.SumNS
		}
		half = append(half, sum)
	}
	c.Slices = half
	c.SliceNS *= 2
}

// merge takes in the runs of other, which becomes useless.
func (c *Course) merge(other *Course) {
	if other.SliceNS == 0 {
		return
	}
	if c.SliceNS == 0 {
		*c = *other
		return
	}
	for c.SliceNS < other.SliceNS {
		c.double()
	}
	for other.SliceNS < c.SliceNS {
		other.double()
	}
	for i, s := range other.Slices {
		if i == len(c.Slices) {
			c.Slices = append(c.Slices, Slice{})
		}
		c.Slices[i].Count += s.Count
		c.Slices[i].SumNS += s.SumNS
	}
}
