// Package rows reads tables that people write: a row a line, its fields apart by spaces, comments from # on.
package rows

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Read makes a row of the fields of each line that has some. An error begins with what the table is and names the line.
func Read[R any](r io.Reader, what string, row func(fields []string) (R, error)) ([]R, error) {
	var table []R
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		made, err := row(fields)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", what, n, err)
		}
		table = append(table, made)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return table, nil
}
