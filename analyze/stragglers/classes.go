package stragglers

import (
	"cmp"
	"math"
	"slices"
)

// classes says what the classes of ops reach, the one that takes most of the time first.
func (f *finder) classes() {
	byName := make(map[string][]*subject)
	took := make(map[string]uint64)
	for _, s := range f.all {
		if s.known {
			byName[s.class] = append(byName[s.class], s)
			took[s.class] += s.SelfNS
		}
	}
	for name, members := range byName {
		c := &Class{Class: name, Ops: len(members)}
		var macs, bytes, off []float64
		for _, s := range members {
			macs = append(macs, float64(s.work.MACs)/s.ns)
			bytes = append(bytes, float64(s.work.Bytes())/s.ns)
			off = append(off, math.Abs(s.outcome.residual(s.ns)))
		}
		c.MACsPerNS, c.BytesPerNS = rounded(median(macs)), rounded(median(bytes))
		if len(members) > 1 {
			c.Dispersion = rounded(median(off) / normalMAD)
		}
		f.result.Classes = append(f.result.Classes, c)
	}
	slices.SortFunc(f.result.Classes, func(a, b *Class) int {
		return cmp.Or(cmp.Compare(took[b.Class], took[a.Class]), cmp.Compare(a.Class, b.Class))
	})
}
