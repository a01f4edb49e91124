package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// column is a column of a table.
type column struct {
	name string
	left bool // aligned
	drop int  // when a line is too long, columns go in this order; those with 0 stay
	max  int  // characters shown as text; 0 is no limit
	min  int  // width as text, so that it doesn't change with the rows
	rare bool // left out when all its cells are empty
}

// table is rows of text under columns. What devices send goes into cells, so cells are made printable when shown.
type table struct {
	columns []column
	rows    [][]string
}

// add appends a row; it must have one cell for each column.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// withoutEmpty returns the table without rare columns that have nothing to show.
func (t *table) withoutEmpty() *table {
	for i := len(t.columns) - 1; i >= 0; i-- {
		if !t.columns[i].rare || slices.ContainsFunc(t.rows, func(row []string) bool { return row[i] != "" }) {
			continue
		}
		t.columns = slices.Delete(t.columns, i, i+1)
		for n := range t.rows {
			t.rows[n] = slices.Delete(t.rows[n], i, i+1)
		}
	}
	return t
}

// text writes the table aligned. Columns are left out until lines have at most width characters, where 0 is no limit.
func (t *table) text(w io.Writer, width int) error {
	widths := t.widths()
	shown := t.fit(widths, width)
	line := func(cells []string) error {
		var b strings.Builder
		for n, i := range shown {
			cell := t.cell(i, cells[i])
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if n > 0 {
				b.WriteString("  ")
			}
			if t.columns[i].left {
				b.WriteString(cell + pad)
			} else {
				b.WriteString(pad + cell)
			}
		}
		_, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
		return err
	}
	if err := line(t.names()); err != nil {
		return err
	}
	for _, row := range t.rows {
		if err := line(row); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) names() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

func (t *table) cell(i int, cell string) string {
	cell = Printable(cell)
	if limit := t.columns[i].max; limit > 0 && utf8.RuneCountInString(cell) > limit {
		return string([]rune(cell)[:limit-1]) + "…"
	}
	return cell
}

func (t *table) widths() []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = c.min
	}
	for _, row := range append([][]string{t.names()}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(t.cell(i, cell)))
		}
	}
	return widths
}

// fit returns the indices of the columns that are shown.
func (t *table) fit(widths []int, width int) []int {
	shown := make([]int, len(t.columns))
	total := 0
	for i := range shown {
		shown[i] = i
		total += widths[i] + 2
	}
	for width > 0 && total-2 > width {
		next := -1
		for n, i := range shown {
			if drop := t.columns[i].drop; drop != 0 && (next < 0 || drop < t.columns[shown[next]].drop) {
				next = n
			}
		}
		if next < 0 {
			break
		}
		total -= widths[shown[next]] + 2
		shown = slices.Delete(shown, next, next+1)
	}
	return shown
}

func (t *table) markdown(w io.Writer) error {
	var b strings.Builder
	row := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + strings.ReplaceAll(Printable(cell), "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	row(t.names())
	for _, c := range t.columns {
		if c.left {
			b.WriteString("|:---")
		} else {
			b.WriteString("|---:")
		}
	}
	b.WriteString("|\n")
	for _, cells := range t.rows {
		row(cells)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *table) csv(w io.Writer) error {
	c := csv.NewWriter(w)
	if err := c.Write(t.names()); err != nil {
		return err
	}
	for _, row := range t.rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = Printable(cell)
		}
		if err := c.Write(cells); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// Printable escapes what could act on a terminal or hide: control characters, direction marks, invalid bytes.
func Printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unprintable(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
