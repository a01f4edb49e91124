package html

import (
	"fmt"
	"math"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// A spread shows how an op's runs lie around their median: from half to four times of it, in steps of an eighth of an octave.
// So all ops' can be compared, and steps are not finer than the buckets of a recording that was summed up as it ran.
const (
	spreadBins   = 24
	spreadOctave = 8  // bins
	spreadHeight = 16 // of the path, whose width is spreadBins
)

// spread returns the path of an op's small histogram; empty without a median. Runs beyond either end are in the bin there.
func spread(d *analyze.Distribution) string {
	median := float64(d.Quantile(0.5))
	if median == 0 {
		return ""
	}
	bounds := make([]uint64, spreadBins-1)
	for i := range bounds {
		bounds[i] = uint64(math.Round(median / 2 * math.Exp2((float64(i)+1)/spreadOctave)))
	}
	counts := d.Counts(bounds)
	var most uint64
	for _, n := range counts {
		most = max(most, n)
	}
	var path strings.Builder
	for i, n := range counts {
		if n == 0 {
			continue
		}
		height := max(float64(n)/float64(most)*spreadHeight, 1) // every run is to be seen
		fmt.Fprintf(&path, "M%d %dv-%.3[3]gh1v%.3[3]g", i, spreadHeight, height)
	}
	return path.String()
}
