package analyze

import (
	"slices"
	"testing"
)

func TestDistributionCounts(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []uint64
		bounds []uint64
		want   []uint64
	}{
		{"none", nil, []uint64{5, 10}, []uint64{0, 0, 0}},
		{"no bounds", []uint64{1, 2, 3}, nil, []uint64{3}},
		{"at bounds", []uint64{4, 5, 9, 10, 11}, []uint64{5, 10}, []uint64{1, 2, 2}},
		{"many", slices.Repeat([]uint64{1000, 2000, 4000}, 200), []uint64{1500, 3000}, []uint64{200, 200, 200}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Distribution
			for _, v := range c.values {
				d.Add(v)
			}
			if got := d.Counts(c.bounds); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
