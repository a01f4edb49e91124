package report

import (
	"fmt"
	"io"
	"strconv"

	"github.com/edgexray/edgexray/analyze"
)

// Across writes what ops of each type take in several traces, in ms. Text lines have at most width characters as far as possible, where 0 is
// no limit.
func Across(w io.Writer, a *analyze.Across, format Format, width int) error {
	if format == CSV {
		return acrossTable(a, true).csv(w)
	}
	p := printer{w: w, format: format, width: width}
	if len(a.Columns) == 0 {
		p.line("No op was recorded.")
		return p.err
	}
	for i, c := range a.Columns {
		p.line("%s: %s, %d invokes of %.2f ms, %s", columnName(i), c.Model, c.Invokes, c.InvokeNS/1e6, c.Trace)
	}
	p.table(acrossTable(a, false))
	return p.err
}

// columnName names a column: A, B, ..., Z, 27, 28, ...
func columnName(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return strconv.Itoa(i + 1)
}

func acrossTable(a *analyze.Across, machine bool) *table {
	t := &table{columns: []column{{name: string(a.By), left: true, max: 60}}}
	for i := range a.Columns {
		if machine {
			t.columns = append(t.columns, column{name: columnName(i) + "_nodes"}, column{name: columnName(i) + "_ns"})
		} else {
			t.columns = append(t.columns, column{name: columnName(i) + " ms"})
		}
	}
	total := make([]analyze.Cell, len(a.Columns))
	for _, row := range a.Rows {
		cells := []string{row.Name}
		for i, c := range row.Cells {
			total[i].NS += c.NS
			total[i].Nodes += c.Nodes
			if machine {
				cells = append(cells, strconv.Itoa(c.Nodes), strconv.FormatFloat(c.NS, 'f', 0, 64))
			} else {
				cells = append(cells, cellText(c))
			}
		}
		t.add(cells...)
	}
	if !machine {
		cells := []string{"all"}
		for _, c := range total {
			cells = append(cells, cellText(c))
		}
		t.add(cells...)
	}
	return t
}

// cellText shows ms and how many nodes they are of; nothing of none.
func cellText(c analyze.Cell) string {
	if c.Nodes == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f (%d)", c.NS/1e6, c.Nodes)
}
