package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/trace"
)

// How often each set of parts is calibrated, in turn.
const followRounds = 9

// withHeap is none of the parts, but allocations: what ops pay that have none.
const withHeap = "none, --heap"

// measureFollow shows what each part of what ops pay for adds to the cost of a
// probe, by the recorder's own calibration at the cheapest instruction. Page
// faults and switches add to what they cost themselves, not to each op.
func measureFollow(b *bench) error {
	sets := []string{"none", "scheduling", "workers", "faults", "scheduling,workers,faults", "resident", withHeap}
	costs := make(map[string][]float64)
	for range followRounds {
		for _, set := range sets {
			cost, err := b.costFollowing(set)
			if err != nil {
				return err
			}
			costs[set] = append(costs[set], cost)
		}
	}
	var rows [][]string
	for _, set := range sets {
		e := estimateOf(costs[set])
		rows = append(rows, []string{set, fmt.Sprintf("%.2f", e.median), fmt.Sprintf("%.2f to %.2f", e.low, e.high), fmt.Sprint(followRounds)})
	}
	return report.Listing(os.Stdout, []string{"followed", "us an op", "95 % interval", "calibrations"}, rows)
}

// costFollowing is what an op pays in us, as a recording of nothing measures it.
func (b *bench) costFollowing(set string) (float64, error) {
	path := filepath.Join(b.dir, "follow.xray")
	args := []string{"record", "--follow", set, "-o", path, "--", "true"}
	if set == withHeap {
		args = []string{"record", "--follow", "none", "--heap", "-o", path, "--", "true"}
	}
	output, err := b.command("cache", args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) { // there is no op, so its exit status is 4
		return 0, err
	}
	t, err := trace.Open(path)
	if err != nil {
		return 0, fmt.Errorf("record --follow %s: %w\n%s", set, err, output)
	}
	defer t.Close()
	for t.Next() {
		if header := t.Block().Header; header != nil && len(header.ProbeCosts) > 0 {
			cheapest := slices.MinFunc(header.ProbeCosts, func(x, y *trace.ProbeCost) int { return int(x.TotalNs) - int(y.TotalNs) })
			return float64(cheapest.TotalNs) / 1e3, nil
		}
	}
	return 0, fmt.Errorf("record --follow %s: the trace tells no cost\n%s", set, output)
}
