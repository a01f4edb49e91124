package analyze

import (
	"testing"

	"github.com/edgexray/edgexray/trace"
)

// The mean is over the ops of which the frequency is known.
func TestMeanKHz(t *testing.T) {
	var p, other Paid
	for _, khz := range []uint64{0, 1_000_000, 2_000_000} {
		p.add(trace.Op{Paid: trace.Paid{KHz: khz}})
	}
	if got := p.MeanKHz(); got != 1_500_000 {
		t.Errorf("mean of 1 and 2 GHz is %d kHz", got)
	}
	other.add(trace.Op{Paid: trace.Paid{KHz: 3_000_000}})
	p.merge(&other)
	if got := p.MeanKHz(); got != 2_000_000 || new(Paid).MeanKHz() != 0 {
		t.Errorf("mean of 1, 2 and 3 GHz is %d kHz", got)
	}
}
