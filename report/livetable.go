package report

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// LiveSort is the column by which rows are sorted: figures from the largest, nodes in run order, names from A.
type LiveSort string

// The columns, in the order in which they stand.
const (
	SortNode  LiveSort = "node"
	SortName  LiveSort = "name"
	SortShare LiveSort = "share"
	SortMean  LiveSort = "mean"
	SortP99   LiveSort = "p99"
	SortCount LiveSort = "count"
)

// LiveSorts are all of them.
var LiveSorts = []LiveSort{SortNode, SortName, SortShare, SortMean, SortP99, SortCount}

// ParseLiveSort returns the sort column with that name.
func ParseLiveSort(name string) (LiveSort, error) {
	if s := LiveSort(name); slices.Contains(LiveSorts, s) {
		return s, nil
	}
	return "", fmt.Errorf("sort by %q: no such column (use one of %s)", name, strings.Trim(fmt.Sprint(LiveSorts), "[]"))
}

// ran leaves out rows of which nothing ran.
func ran(rows []analyze.LiveRow) []analyze.LiveRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r analyze.LiveRow) bool { return r.Count == 0 })
}

// sorted returns the rows in the view's order; equal ones stay in run order.
func (v LiveView) sorted(rows []analyze.LiveRow) []analyze.LiveRow {
	rows = ran(rows)
	compare := map[LiveSort]func(a, b analyze.LiveRow) int{
		SortNode:  func(a, b analyze.LiveRow) int { return 0 },
		SortName:  func(a, b analyze.LiveRow) int { return cmp.Compare(a.Name, b.Name) },
		SortShare: func(a, b analyze.LiveRow) int { return cmp.Compare(b.Share, a.Share) },
		SortMean:  func(a, b analyze.LiveRow) int { return cmp.Compare(b.MeanNS, a.MeanNS) },
		SortP99:   func(a, b analyze.LiveRow) int { return cmp.Compare(b.P99NS, a.P99NS) },
		SortCount: func(a, b analyze.LiveRow) int { return cmp.Compare(b.Count, a.Count) },
	}[v.Sort]
	slices.SortStableFunc(rows, compare)
	if v.Reverse {
		slices.Reverse(rows)
	}
	return rows
}

// Widths of the name's column: what it has before others are left out, and what it takes of room that is left.
const (
	minLiveName = 24
	maxLiveName = 60
)

// liveTableLines returns the table, its column names first.
func liveTableLines(rows []analyze.LiveRow, by analyze.By, v LiveView) []LiveLine {
	rows = v.sorted(rows)
	t := liveTable(rows, by, v.Sort == SortNode)
	for i := range t.columns {
		t.columns[i].name = v.heading(t.columns[i].name)
	}
	t = t.withoutEmpty()
	if v.Width > 0 {
		name := slices.IndexFunc(t.columns, func(c column) bool { return c.max == maxLiveName })
		t.columns[name].max = minLiveName
		widths := t.widths()
		total := -2
		for _, i := range t.fit(widths, v.Width) {
			total += widths[i] + 2
		}
		if widths[name] == minLiveName && total < v.Width {
			t.columns[name].max = min(minLiveName+v.Width-total, maxLiveName)
		}
	}
	var text bytes.Buffer
	t.text(&text, v.Width)
	var lines []LiveLine
	for line := range strings.Lines(text.String()) {
		lines = append(lines, LiveLine{Text: strings.TrimSuffix(line, "\n")})
	}
	lines[0].Mark = Heading
	return lines
}

// sortedBy are the sort columns by the names of the table's columns.
var sortedBy = map[string]LiveSort{
	"node": SortNode, "op": SortName, "kernel": SortName, "share": SortShare, "mean us": SortMean, "p99 us": SortP99, "count": SortCount,
}

// heading marks the name of the column by which rows are sorted.
func (v LiveView) heading(name string) string {
	by, ok := sortedBy[name]
	if !ok || by != v.Sort {
		return name
	}
	ascending := v.Sort == SortNode || v.Sort == SortName
	if ascending != v.Reverse {
		return "↑" + name
	}
	return "↓" + name
}

// liveTable indents operators where they stand under their delegate node.
func liveTable(rows []analyze.LiveRow, by analyze.By, indent bool) *table {
	name := "op"
	if by == analyze.ByKernel {
		name = "kernel"
	}
	t := &table{columns: []column{
		{name: "node", min: 5, rare: true}, {name: name, left: true, max: maxLiveName},
		{name: "share", min: 6}, {name: "mean us", min: 8, drop: 8}, {name: "p99 us", min: 8, drop: 7},
		{name: "trend", left: true, drop: 6, min: 10}, {name: "count", min: 7, drop: 5},
		{name: "p50 us", min: 8, drop: 4}, {name: "max us", min: 8, drop: 3},
		{name: "output", left: true, rare: true, drop: 2, max: 36}, {name: "kernel", left: true, rare: true, drop: 1},
	}}
	for _, r := range rows {
		mean, place, shape, kernel, name := us(r.MeanNS), "", "", "", shortKernel(r.Name)
		if !r.Trusted {
			mean = "!" + mean
		}
		if r.Op != nil {
			place, name, shape, kernel = Place(r.Op), r.Op.FusedOp(), outputs(r.Op.Outputs), shortKernel(r.Op.RunBy())
			if indent {
				name = opName(r.Op)
			}
		}
		t.add(place, name, percent(r.Share), mean, us(float64(r.P99NS)), trend(r), strconv.FormatUint(r.Count, 10),
			us(float64(r.P50NS)), us(float64(r.MaxNS)), shape, kernel)
	}
	return t
}

var bars = []rune("▁▂▃▄▅▆▇█")

// trend shows the means of the window's slices against their mean: a bar in the middle is the same, a full one half as
// much again or more, the lowest half or less.
func trend(r analyze.LiveRow) string {
	var sum float64
	var n int
	for _, mean := range r.Trend {
		if mean > 0 {
			sum += mean
			n++
		}
	}
	shown := make([]rune, len(r.Trend))
	for i, mean := range r.Trend {
		shown[i] = ' '
		if mean > 0 {
			ratio := mean / (sum / float64(n))
			shown[i] = bars[int(min(max(math.Round(3.5+7*(ratio-1)), 0), 7))]
		}
	}
	return string(shown)
}
