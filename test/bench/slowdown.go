package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/edgexray/edgexray/report"
)

func measureSlowdown(b *bench) error {
	var rows [][]string
	for _, a := range mobileNets {
		for _, flags := range [][]string{nil, {"--entry-only"}} {
			row, err := b.slowdown(a, slowdownPairs, flags)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
	}
	return report.Listing(os.Stdout, slowdownColumns, rows)
}

// modes are ways to record, cheapest to dearest as far as that is known before.
var modes = [][]string{
	{"--budget", "1%"}, {"--entry-only", "--follow", "none"}, {"--follow", "none"}, {"--aggregate"}, nil, {"--sample", "999"}, {"--heap"},
}

// A budget is kept over seconds, so a step is one here.
const (
	modesPairs   = 7
	modesInvokes = 1500
)

func measureModes(b *bench) error {
	var rows [][]string
	a := operators
	a.invokes, a.mean = modesInvokes, true
	for _, flags := range modes {
		row, err := b.slowdown(a, modesPairs, flags)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return report.Listing(os.Stdout, slowdownColumns, rows)
}

var slowdownColumns = []string{"app", "record", "ops an invoke", "bare ms", "recorded ms", "slower", "95 % interval", "pairs", "lost"}

// slowdown measures one row.
func (b *bench) slowdown(a app, pairs int, flags []string) ([]string, error) {
	m, err := b.interleave(a, pairs, flags...)
	if err != nil {
		return nil, err
	}
	slower := estimateOf(over(m.pairs, func(p pair) float64 { return 100 * (p.recorded/p.bare - 1) }))
	return []string{
		a.name(), strings.Join(flags, " "), fmt.Sprint(m.ops),
		fmt.Sprintf("%.3f", median(over(m.pairs, bareOf))/1e6), fmt.Sprintf("%.3f", median(over(m.pairs, recordedOf))/1e6),
		fmt.Sprintf("%+.2f %%", slower.median), fmt.Sprintf("%+.2f to %+.2f", slower.low, slower.high),
		fmt.Sprint(len(m.pairs)), fmt.Sprint(m.lost),
	}, nil
}
