package html

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze"
)

// paletteSize is how many op types have a colour of their own (style.css has them); the others share a grey.
const paletteSize = 8

// palette gives each op type its colour, the same in all charts of a page: the types that take most time have one of their own.
type palette map[string]string

func newPalette(runs []*Run) palette {
	time := make(map[string]float64)
	for _, run := range runs {
		for _, m := range run.Ops.Models {
			for _, g := range m.ByType() {
				time[g.Name] += g.Share
			}
		}
	}
	var types []string
	for t := range time {
		types = append(types, t)
	}
	slices.SortFunc(types, func(a, b string) int { return cmp.Or(cmp.Compare(time[b], time[a]), cmp.Compare(a, b)) })
	p := make(palette)
	for i, t := range types[:min(len(types), paletteSize)] {
		p[t] = fmt.Sprintf("c%d", i)
	}
	return p
}

// class returns the CSS class of the op type's colour.
func (p palette) class(opType string) string { return cmp.Or(p[opType], "cx") }

func (p palette) of(op *analyze.Op) string { return p.class(op.FusedOp()) }
