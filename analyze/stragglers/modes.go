package stragglers

import "github.com/edgexray/edgexray/analyze"

// modes are the two groups that an op's runs fall into.
type modes struct {
	low, high float64 // ns, mean of each group's runs, without the probe
	share     float64 // of runs in the slower group
}

const (
	fewForModes = 20  // runs, fewer than which don't tell
	minModes    = 0.2 // of the runs must be in each group
	farModes    = 1.3 // times as long as the faster group's the slower one's must take
	clearModes  = 0.9 // of the runs' variance must be between the groups: two halves of a normal distribution have 0.64
)

// usualRange is how much longer the model's ops take when they are slow than when they are fast: what one of them does alone is more.
func (f *finder) usualRange(m *analyze.Model) float64 {
	return f.weighted(m, func(s *subject) (float64, bool) {
		if s.Running.Count == 0 {
			return 1, false
		}
		return float64(s.Running.Quantile(1-minModes/2)) / float64(max(s.Running.Quantile(minModes/2), 1)), true
	}, 1)
}

// waitsWhenSlow tells whether the slower runs are those that wait.
func (s *subject) waitsWhenSlow(m *modes) bool {
	return float64(s.Paid.Waited) >= 0.8*m.share*float64(s.Count)
}

// waitsAlone tells whether the op waits more often than the model's ops do as a whole: else that isn't a matter of the op.
func (f *finder) waitsAlone(s *subject) bool {
	var waited, runs uint64
	for _, o := range f.all {
		if o.model == s.model {
			waited, runs = waited+o.Paid.Waited, runs+o.Count
		}
	}
	return float64(s.Paid.Waited)/float64(s.Count) > 2*float64(waited)/float64(runs)
}

// modes returns the two groups, split where the variance between them is largest (Otsu, 1979); nil when the runs are one group.
func (s *subject) modes() *modes {
	d := s.Running
	if d.Count < fewForModes {
		return nil
	}
	probe := float64(d.Quantile(0.5)) - s.ns
	limit := float64(d.Quantile(0.95)) // what is beyond are outliers, not a group
	var count, sum, squares float64
	for v, n := range d.All() {
		v := min(float64(v), limit)
		count += float64(n)
		sum += v * float64(n)
		squares += v * v * float64(n)
	}
	mean := sum / count
	total := squares - mean*mean*count
	var below, belowSum, between float64
	var best modes
	for v, n := range d.All() {
		below += float64(n)
		belowSum += min(float64(v), limit) * float64(n)
		above := count - below
		if above < minModes*count {
			break
		}
		low, high := belowSum/below, (sum-belowSum)/above
		if b := below * above / count * (high - low) * (high - low); below >= minModes*count && b > between {
			between, best = b, modes{max(low-probe, 1), high - probe, above / count}
		}
	}
	if between < clearModes*total || best.high < farModes*best.low {
		return nil
	}
	return &best
}
