package report

import "io"

// Listing writes rows of text under column names, left aligned. Cells are made printable.
func Listing(w io.Writer, names []string, rows [][]string) error {
	t := table{rows: rows}
	for _, name := range names {
		t.columns = append(t.columns, column{name: name, left: true})
	}
	return t.text(w, 0)
}
