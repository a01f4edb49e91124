package stragglers

import "github.com/edgexray/edgexray/analyze"

// capacity is that of the cores on which the op ended, on average, as a part of the fastest one's; 0 when Linux doesn't tell.
func (f *finder) capacity(s *subject) float64 {
	cores := f.ops.Recording.Cores
	var most uint32
	for _, c := range cores {
		most = max(most, c.Capacity)
	}
	var sum, runs float64
	for core, n := range s.Paid.Cores {
		if core < uint64(len(cores)) && cores[core].Capacity != 0 {
			sum += float64(cores[core].Capacity) * float64(n)
			runs += float64(n)
		}
	}
	if runs == 0 {
		return 0
	}
	return sum / runs / float64(most)
}

// usualCapacity is what the model's ops have.
func (f *finder) usualCapacity(m *analyze.Model) float64 {
	return f.weighted(m, func(s *subject) (float64, bool) { c := f.capacity(s); return c, c != 0 }, 0)
}

// usualKHz is the frequency at which the model's ops run; 0 when Linux doesn't tell.
func (f *finder) usualKHz(m *analyze.Model) float64 {
	return f.weighted(m, func(s *subject) (float64, bool) { k := s.Paid.MeanKHz(); return float64(k), k != 0 }, 0)
}

// usualEfficiency is that of the model's ops which have several threads; 0 when none has.
func (f *finder) usualEfficiency(m *analyze.Model) float64 {
	return f.weighted(m, func(s *subject) (float64, bool) {
		e := s.Paid.Efficiency()
		return e, e != 0 && s.Paid.Threads() >= severalThreads
	}, 0)
}

// usualThreads is how many threads the model's ops have, of those with several; 1 when none has.
func (f *finder) usualThreads(m *analyze.Model) float64 {
	return f.weighted(m, func(s *subject) (float64, bool) { t := s.Paid.Threads(); return t, t >= severalThreads }, 1)
}

// cores is how many cores the model's ops ended on.
func (g *group) cores() int {
	seen := make(map[uint64]bool)
	for _, s := range g.subjects {
		for core := range s.Paid.Cores {
			seen[core] = true
		}
	}
	return len(seen)
}

// maxKHz is the highest frequency of any core; 0 when Linux doesn't tell.
func (f *finder) maxKHz() float64 {
	var most uint64
	for _, c := range f.ops.Recording.Cores {
		most = max(most, c.MaxKHz)
	}
	return float64(most)
}
