package stragglers

import (
	"cmp"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// drift is how an op's time changes over the recording.
type drift struct {
	early, late, typical float64 // ns of a run: medians of the slices of the first third, the last one, and all
}

func (d *drift) ratio() float64 { return d.late / d.early }

const (
	fewSlices = 6    // of time, fewer than which show no trend
	minDrift  = 1.25 // late over early
	minTrend  = 0.6  // Kendall's tau of slices and time: 1 when each one is slower than all before
)

// drift returns how the op's time changes; nil when it shows no trend.
func (s *subject) drift() *drift {
	probe := 0.0
	if s.Running.Count > 0 {
		probe = float64(s.Running.Quantile(0.5)) - s.ns
	}
	var means []float64
	for _, slice := range s.Course.Slices {
		if slice.Count > 0 {
			means = append(means, max(float64(slice.SumNS)/float64(slice.Count)-probe, 1))
		}
	}
	if len(means) < fewSlices || kendall(means) < minTrend {
		return nil
	}
	third := len(means) / 3
	d := &drift{median(slices.Clone(means[:third])), median(slices.Clone(means[len(means)-third:])), median(means)}
	if d.ratio() < minDrift {
		return nil
	}
	return d
}

// kendall is Kendall's tau of values and their order: from -1, falling, to 1, rising.
func kendall(values []float64) float64 {
	rising, pairs := 0, 0
	for i := range values {
		for j := range i {
			rising += cmp.Compare(values[i], values[j])
			pairs++
		}
	}
	return float64(rising) / float64(max(pairs, 1))
}

// modelDrift is by how much the model's ops become slower together: the median, each op with the weight of its time; 1 when they
// don't.
func (f *finder) modelDrift(m *analyze.Model) float64 {
	return f.weighted(m, func(s *subject) (float64, bool) {
		if d := s.drift(); d != nil {
			return d.ratio(), true
		}
		return 1, true
	}, 1)
}
