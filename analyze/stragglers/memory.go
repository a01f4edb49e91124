package stragglers

import "fmt"

const (
	// outOfCache is how many bytes don't stay in a core's own cache from one invoke to the next: 1 MiB, more than its second-level cache
	// on most phones.
	outOfCache = 1 << 20
	// memoryBytesPerNS is how fast bytes arrive from memory where no op of the trace tells: what one core of a phone or a small server
	// reads.
	memoryBytesPerNS = 10
	// enoughForBytes is how many MACs there are for each byte where bytes don't matter.
	enoughForBytes = 10
	nearCeiling    = 0.5 // of what bytes would take at the ceiling must be in an op's time for it to be bound by it
)

// ceiling is how fast bytes arrive at best for ops like the given one, in bytes a ns: as the fastest reaches that moves more than caches
// hold, and no less than memoryBytesPerNS. Weights come from memory in each invoke; what ops hand on may still be in a cache.
func (f *finder) ceiling(like *subject) float64 {
	best := float64(memoryBytesPerNS)
	for _, s := range f.all {
		if s.known && s.Trusted && s.work.Bytes() >= outOfCache && s.ofWeights() == like.ofWeights() {
			best = max(best, float64(s.work.Bytes())/s.ns)
		}
	}
	return best
}

// ofWeights tells whether most of what an op moves is weights.
func (s *subject) ofWeights() bool { return 2*s.work.Weights >= s.work.Bytes() }

// computeRate is what an op would reach if only its MACs counted: the highest rate of its kind, in MACs a ns; 0 when none has MACs.
func (f *finder) computeRate(of *subject) float64 {
	best := 0.0
	for _, s := range f.all {
		if s.known && s.Trusted && s.kind == of.kind {
			best = max(best, float64(s.work.MACs)/s.ns)
		}
	}
	return best
}

// memoryBound says that an op moves more than caches hold, computes little with it, and takes about as long as its bytes do; nil when it
// doesn't.
func (f *finder) memoryBound(s *subject) *Verdict {
	if !s.known || !s.Trusted || s.work.Bytes() < outOfCache || s.work.MACs >= enoughForBytes*s.work.Bytes() {
		return nil
	}
	ceiling := f.ceiling(s)
	bytes := float64(s.work.Bytes()) / ceiling
	if bytes < nearCeiling*s.ns {
		return nil
	}
	if rate := f.computeRate(s); rate > 0 && float64(s.work.MACs)/rate > nearCeiling*s.ns && s.work.MACs > s.work.Bytes() {
		return nil // its MACs alone take that long
	}
	intensity := float64(s.work.MACs+s.work.Ops) / float64(s.work.Bytes())
	return &Verdict{MemoryBound, inferred,
		fmt.Sprintf("it moves %.1f MB at %.1f bytes a ns, where %.1f is the most, and does %.2g operations with a byte", float64(s.work.Bytes())/1e6,
			float64(s.work.Bytes())/s.ns, ceiling, intensity),
		Evidence{"bytes": float64(s.work.Bytes()), "bytes_per_ns": rounded(float64(s.work.Bytes()) / s.ns), "ceiling_bytes_per_ns": rounded(ceiling),
			"operations_per_byte": rounded(intensity), "bytes_ns": rounded(bytes)}}
}
