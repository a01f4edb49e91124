package stragglers

import "fmt"

const (
	// outOfCache is how many bytes don't stay in a core's own cache from one invoke to the next: 1 MiB, more than its second-level cache
	// on most phones.
	outOfCache = 1 << 20
	// memoryBytesPerNS is how fast bytes arrive from memory where no op of the trace tells: what one core of a phone or a small server
	// reads.
	memoryBytesPerNS = 10
	nearCeiling      = 0.5 // of what bytes would take at the ceiling must be in an op's time for it to be bound by it
)

// ceiling is how fast bytes arrive from memory at best, in bytes a ns: as the fastest op reaches that moves more than caches hold, and no
// less than memoryBytesPerNS.
func (f *finder) ceiling(without *subject) float64 {
	best := float64(memoryBytesPerNS)
	for _, s := range f.all {
		if s != without && s.known && s.Trusted && s.work.Weights >= outOfCache {
			best = max(best, float64(s.work.Bytes())/s.ns)
		}
	}
	return best
}

// computeRate is what an op would reach if only its MACs counted: the highest rate of its class, in MACs a ns; 0 when none has MACs.
func (f *finder) computeRate(of *subject) float64 {
	best := 0.0
	for _, s := range f.all {
		if s.known && s.Trusted && s.class == of.class {
			best = max(best, float64(s.work.MACs)/s.ns)
		}
	}
	return best
}

// memoryBound says that an op moves more than caches hold, computes little with it, and takes about as long as the bytes do; nil when it
// doesn't.
func (f *finder) memoryBound(s *subject) *Verdict {
	if !s.known || !s.Trusted || s.work.Bytes() < outOfCache {
		return nil
	}
	ceiling := f.ceiling(s)
	bytes := float64(s.work.Bytes()) / ceiling
	compute := 0.0
	if s.work.MACs > 0 {
		rate := f.computeRate(s)
		compute = float64(s.work.MACs) / rate
		if compute >= s.ns { // it is the fastest of its class: nothing shows what it could reach
			compute = 0
			if s.work.MACs > 2*s.work.Bytes() {
				return nil
			}
		}
	}
	if part := bytes / s.ns; part < nearCeiling || compute > nearCeiling*s.ns {
		return nil
	}
	intensity := float64(s.work.MACs+s.work.Ops) / float64(s.work.Bytes())
	return &Verdict{MemoryBound, inferred,
		fmt.Sprintf("it moves %.1f MB at %.1f bytes a ns, where memory gives about %.1f, and computes %.2g times a byte", float64(s.work.Bytes())/1e6,
			float64(s.work.Bytes())/s.ns, ceiling, intensity),
		Evidence{"bytes": float64(s.work.Bytes()), "bytes_per_ns": rounded(float64(s.work.Bytes()) / s.ns), "ceiling_bytes_per_ns": rounded(ceiling),
			"operations_per_byte": rounded(intensity), "bytes_ns": rounded(bytes)}}
}
