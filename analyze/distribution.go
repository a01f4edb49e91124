package analyze

import (
	"encoding/json"
	"iter"
	"math"
	"math/bits"
	"slices"
)

// A Distribution keeps up to exactSamples values as they are. Beyond that it counts them in buckets, of which every
// octave has 1<<bucketBits: a quantile is then off by at most 1/2^(bucketBits+1) = 0.4 % of its value.
const (
	exactSamples = 256
	bucketBits   = 7
	octaveSize   = 1 << bucketBits
)

// Distribution summarises durations in ns. Count, sum, min and max are exact; quantiles are exact up to 256 values and
// within 0.4 % beyond. Its size does not grow with the number of values. The zero value is empty and ready to use.
type Distribution struct {
	Count, Sum, Min, Max uint64

	exact   []uint64                              // while count <= exactSamples
	octaves *[65 - bucketBits]*[octaveSize]uint64 // by bit length; nil until then
}

// Add counts one value.
func (d *Distribution) Add(v uint64) {
	if d.Count == 0 || v < d.Min {
		d.Min = v
	}
	d.Max = max(d.Max, v)
	d.Count++
	d.Sum += v
	if d.octaves == nil && len(d.exact) < exactSamples {
		d.exact = append(d.exact, v)
		return
	}
	d.bucket(v, 1)
}

// Merge adds the values of other, which stays as it is.
func (d *Distribution) Merge(other *Distribution) {
	if other.Count == 0 {
		return
	}
	if d.Count == 0 || other.Min < d.Min {
		d.Min = other.Min
	}
	d.Max = max(d.Max, other.Max)
	d.Count += other.Count
	d.Sum += other.Sum
	if d.octaves == nil && other.octaves == nil && len(d.exact)+len(other.exact) <= exactSamples {
		d.exact = append(d.exact, other.exact...)
		return
	}
	for _, v := range other.exact {
		d.bucket(v, 1)
	}
	other.each(func(v, count uint64) bool {
		d.bucket(v, count)
		return true
	})
}

// addSum counts values of which the exact sum and bounds are known, beside what they were roughly.
func (d *Distribution) addSum(count, sum, least, most uint64, rough func(yield func(v, count uint64) bool)) {
	if count == 0 {
		return
	}
	if d.Count == 0 || least < d.Min {
		d.Min = least
	}
	d.Max = max(d.Max, most)
	d.Count += count
	d.Sum += sum
	rough(func(v, count uint64) bool {
		d.bucket(v, count)
		return true
	})
}

// bucket counts v in the buckets, where it moves the exact values first.
func (d *Distribution) bucket(v, count uint64) {
	if d.octaves == nil {
		d.octaves = new([65 - bucketBits]*[octaveSize]uint64)
		exact := d.exact
		d.exact = nil
		for _, e := range exact {
			d.bucket(e, 1)
		}
	}
	// Octave 0 holds the values below octaveSize as they are; octave o those of bit length bucketBits+o.
	octave := max(bits.Len64(v)-bucketBits, 0)
	shift := max(octave-1, 0)
	page := d.octaves[octave]
	if page == nil {
		page = new([octaveSize]uint64)
		d.octaves[octave] = page
	}
	page[v>>shift&(octaveSize-1)] += count
}

// each yields the buckets that aren't empty in ascending order, with the value in the middle of each.
func (d *Distribution) each(yield func(v, count uint64) bool) {
	if d.octaves == nil {
		return
	}
	for octave, page := range d.octaves {
		if page == nil {
			continue
		}
		for i, count := range page {
			if count != 0 && !yield(middle(octave, uint64(i)), count) {
				return
			}
		}
	}
}

// All yields the values in ascending order, each with how often it was added; beyond exactSamples values the middle of its bucket.
func (d *Distribution) All() iter.Seq2[uint64, uint64] {
	if d.octaves != nil {
		return d.each
	}
	return func(yield func(v, count uint64) bool) {
		slices.Sort(d.exact)
		for _, v := range d.exact {
			if !yield(v, 1) {
				return
			}
		}
	}
}

// middle returns the value in the middle of a bucket.
func middle(octave int, i uint64) uint64 {
	if octave == 0 {
		return i
	}
	return (octaveSize+i)<<(octave-1) + (1<<(octave-1))>>1
}

// Quantile returns the smallest value that at least the fraction q (0 to 1) of the values don't exceed; 0 without
// values.
func (d *Distribution) Quantile(q float64) uint64 {
	rank := max(uint64(math.Ceil(q*float64(d.Count))), 1)
	if d.octaves == nil {
		if len(d.exact) == 0 {
			return 0
		}
		slices.Sort(d.exact)
		return d.exact[min(rank, uint64(len(d.exact)))-1]
	}
	var seen, result uint64
	d.each(func(v, count uint64) bool {
		seen += count
		result = v
		return seen < rank
	})
	return min(max(result, d.Min), d.Max)
}

// Mean returns the arithmetic mean; 0 without values.
func (d *Distribution) Mean() float64 {
	if d.Count == 0 {
		return 0
	}
	return float64(d.Sum) / float64(d.Count)
}

// MarshalJSON writes the object that docs/ops-json.md calls a distribution: times in ns, the mean rounded to 0.1 ns.
func (d *Distribution) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Mean float64 `json:"mean"`
		P50  uint64  `json:"p50"`
		P90  uint64  `json:"p90"`
		P99  uint64  `json:"p99"`
		Min  uint64  `json:"min"`
		Max  uint64  `json:"max"`
		Sum  uint64  `json:"sum"`
	}{math.Round(d.Mean()*10) / 10, d.Quantile(0.5), d.Quantile(0.9), d.Quantile(0.99), d.Min, d.Max, d.Sum})
}
