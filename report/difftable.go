package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/diff"
)

const mentionedProbe = 0.005 // of the time, by which the sides' probes differ

func (p *diffPrinter) changes(changes []*diff.Change) *table {
	t := &table{columns: []column{
		{name: "node", rare: true}, {name: "what", left: true, max: 44}, {name: "base us"}, {name: "new us"}, {name: "change"},
		{name: "interval", drop: 5}, {name: "total", drop: 4}, {name: "p", drop: 3}, {name: "p (M-W)", drop: 1}, {name: "verdict", left: true}, {name: "kernel", left: true, rare: true, drop: 2, max: 60},
	}}
	for _, c := range changes {
		verdict := string(c.Status)
		if c.Why != "" {
			verdict += ": " + c.Why
		}
		if c.How != "" {
			verdict += "; " + c.How
		}
		if abs(c.ProbeNS) >= mentionedProbe*c.NewNS && c.ProbeNS != 0 {
			verdict += fmt.Sprintf("; its probes cost %+.1f us", c.ProbeNS/1e3)
		}
		t.add(slices.Concat([]string{changePlace(c), c.Name, microOrNone(c.BaseNS), microOrNone(c.NewNS)}, changeCells(c), []string{verdict, kernels(c)})...)
	}
	if p.format == Markdown {
		for _, row := range t.rows {
			for i := range row {
				row[i] = markdownText(row[i])
			}
		}
	}
	return t.withoutEmpty()
}

func changeCells(c *diff.Change) []string {
	if !c.Compared() {
		return []string{"", "", "", "", ""}
	}
	cells := []string{signed(c.Change), "", signed(c.Total), "", ""}
	if c.Low < c.High { // otherwise nothing is known of it
		cells[1] = fmt.Sprintf("%+.1f to %+.1f%%", 100*c.Low, 100*c.High)
	}
	if c.Status != diff.NotJudged {
		cells[3], cells[4] = fmt.Sprintf("%.4f", c.P), fmt.Sprintf("%.4f", c.MannWhitneyP)
	}
	return cells
}

func microOrNone(ns float64) string {
	if ns == 0 {
		return ""
	}
	return us(ns)
}

// kernels shows what runs it, on both sides where they differ in more than the kernel's place.
func kernels(c *diff.Change) string {
	name := func(ops []diff.Op) string {
		var names []string
		for _, o := range ops {
			names = append(names, shortKernel(o.Kernel))
		}
		return strings.Join(slices.Compact(names), "+")
	}
	base, new := name(c.Base), name(c.New)
	if base == new {
		return base
	}
	return base + " -> " + new
}

// markdownText keeps text from being taken for Markdown, HTML or somebody's name.
func markdownText(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "&#64;", "*", `\*`, "[", `\[`, "`", "\\`").Replace(s)
}

// diffCSV is all that was compared.
func diffCSV(r *diff.Result) *table {
	t := &table{columns: named("model", "kind", "subgraph", "node", "name", "verdict", "why", "how", "base_ns", "new_ns", "base_median_ns", "new_median_ns",
		"change", "low", "high", "total", "p", "mann_whitney_p", "threshold", "runs_needed", "base_kernel", "new_kernel")}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	for _, m := range r.Models {
		for _, kind := range []struct {
			name    string
			changes []*diff.Change
		}{{"whole", wholes(m)}, {"op", m.Ops}, {"by op", m.ByOp}, {"by kernel", m.ByKernel}} {
			for _, c := range kind.changes {
				cells := []string{m.Name, kind.name, strconv.Itoa(int(c.Subgraph)), strconv.Itoa(int(c.Node)), c.Name, string(c.Status), c.Why, c.How}
				for _, v := range []float64{c.BaseNS, c.NewNS, c.BaseMedianNS, c.NewMedianNS, c.Change, c.Low, c.High, c.Total, c.P, c.MannWhitneyP, c.Threshold, float64(c.RunsNeeded)} {
					cells = append(cells, number(v))
				}
				t.add(append(cells, kernelOf(c.Base), kernelOf(c.New))...)
			}
		}
	}
	return t
}

func kernelOf(ops []diff.Op) string {
	var names []string
	for _, o := range ops {
		names = append(names, o.Kernel)
	}
	return strings.Join(slices.Compact(names), "+")
}
