package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/report"
)

// How many pairs. Attaching takes most of a pair's time, about half a second.
const (
	costPairs     = 25
	slowdownPairs = 30
)

// measureCost shows what the recorder's own calibration says, and what real
// apps pay.
func measureCost(b *bench) error {
	if err := b.calibrations(5); err != nil {
		return err
	}
	fmt.Println()
	var rows [][]string
	for _, a := range append(slices.Clip(smallOps), operators) {
		m, err := b.interleave(a, costPairs)
		if err != nil {
			return err
		}
		ops := float64(m.ops)
		added := estimateOf(over(m.pairs, func(p pair) float64 { return (p.recorded - p.bare) / ops / 1e3 }))
		rows = append(rows, []string{
			a.name(), fmt.Sprint(m.ops), classes(m.nodes),
			fmt.Sprintf("%.1f", median(over(m.pairs, bareOf))/1e3), fmt.Sprintf("%.1f", median(over(m.pairs, recordedOf))/1e3),
			fmt.Sprintf("%.2f", added.median), fmt.Sprintf("%.2f to %.2f", added.low, added.high),
			fmt.Sprint(len(m.pairs)), fmt.Sprint(m.lost),
		})
	}
	return report.Listing(os.Stdout, []string{"app", "ops an invoke", "probed at", "bare us", "recorded us", "us an op", "95 % interval", "pairs", "lost"}, rows)
}

// classes says how many nodes are probed at which class of instruction.
func classes(nodes map[string]int) string {
	var parts []string
	for _, class := range slices.Sorted(maps.Keys(nodes)) {
		parts = append(parts, fmt.Sprintf("%d %s", nodes[class], class))
	}
	return strings.Join(parts, ", ")
}

// calibrations shows what doctor measures, so many times.
func (b *bench) calibrations(times int) error {
	total, inside := make(map[string][]float64), make(map[string][]float64)
	for range times {
		output, err := b.command("cache", "doctor", "--json").Output()
		if err != nil {
			return fmt.Errorf("run doctor: %w", err)
		}
		var diagnosis struct {
			ProbeCosts []struct {
				Class    string  `json:"instruction_class"`
				TotalNs  float64 `json:"total_ns"`
				InsideNs float64 `json:"inside_ns"`
			} `json:"probe_costs"`
		}
		if err := json.Unmarshal(output, &diagnosis); err != nil {
			return fmt.Errorf("read what doctor says: %w", err)
		}
		for _, c := range diagnosis.ProbeCosts {
			total[c.Class] = append(total[c.Class], c.TotalNs/1e3)
			inside[c.Class] = append(inside[c.Class], c.InsideNs/1e3)
		}
	}
	var rows [][]string
	for _, class := range slices.Sorted(maps.Keys(total)) {
		t := estimateOf(total[class])
		rows = append(rows, []string{class, fmt.Sprintf("%.2f", t.median), fmt.Sprintf("%.2f to %.2f", t.low, t.high),
			fmt.Sprintf("%.2f", median(inside[class])), fmt.Sprint(times)})
	}
	return report.Listing(os.Stdout, []string{"probed instruction", "us an op", "95 % interval", "of that within the op's time", "calibrations"}, rows)
}
