package html

import (
	"math"

	"github.com/edgexray/edgexray/analyze"
)

// histogramBins is how many bars a chart of an op's runs has.
const histogramBins = 40

// histogram is the chart of an op's runs in its details.
type histogram struct {
	Counts []uint64 `json:"counts"`
	Low    string   `json:"low"` // the ends of the axis
	High   string   `json:"high"`
	Beyond uint64   `json:"beyond"` // runs that took longer
	Marks  []mark   `json:"marks"`
}

type mark struct {
	Name string  `json:"name"`
	At   float64 `json:"at"` // 0 to 1
}

// newHistogram counts runs in bars of equal width, up to the 99th percentile and a bit more: a single run that took far
// longer would press the others into one bar.
func newHistogram(d *analyze.Distribution) *histogram {
	if d.Count == 0 {
		return nil
	}
	low, high := d.Min, min(d.Max, uint64(1.1*float64(d.Quantile(0.99))))
	if high <= low {
		high = low + 1
	}
	width := float64(high-low) / histogramBins
	bounds := make([]uint64, histogramBins)
	for i := range bounds {
		bounds[i] = low + uint64(math.Ceil(width*float64(i+1)))
	}
	bounds[histogramBins-1] = high + 1
	counts := d.Counts(bounds)
	h := &histogram{Counts: counts[:histogramBins], Low: duration(low), High: duration(high), Beyond: counts[histogramBins]}
	for _, m := range []struct {
		name string
		at   float64
	}{{"median", float64(d.Quantile(0.5))}, {"mean", d.Mean()}, {"p90", float64(d.Quantile(0.9))}} {
		h.Marks = append(h.Marks, mark{m.name, min(max((m.at-float64(low))/float64(high-low), 0), 1)})
	}
	return h
}
