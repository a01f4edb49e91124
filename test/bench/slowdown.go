package main

import (
	"fmt"
	"os"

	"github.com/edgexray/edgexray/report"
)

func measureSlowdown(b *bench) error {
	var rows [][]string
	for _, a := range mobileNets {
		m, err := b.interleave(a, slowdownPairs)
		if err != nil {
			return err
		}
		slower := estimateOf(over(m.pairs, func(p pair) float64 { return 100 * (p.recorded/p.bare - 1) }))
		rows = append(rows, []string{
			a.name(), fmt.Sprint(m.ops),
			fmt.Sprintf("%.3f", median(over(m.pairs, bareOf))/1e6), fmt.Sprintf("%.3f", median(over(m.pairs, recordedOf))/1e6),
			fmt.Sprintf("%+.2f %%", slower.median), fmt.Sprintf("%+.2f to %+.2f", slower.low, slower.high),
			fmt.Sprint(len(m.pairs)), fmt.Sprint(m.lost),
		})
	}
	return report.Listing(os.Stdout, []string{"app", "ops an invoke", "bare ms", "recorded ms", "slower", "95 % interval", "pairs", "lost"}, rows)
}
