package traceexport

import (
	"bufio"
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// CSV writes a line with the columns' names and one for each op execution, as Row has them (RFC 4180, lines end with \n).
func CSV(w io.Writer, s Source) error {
	b := bufio.NewWriterSize(w, 1<<16)
	if _, err := b.WriteString(strings.Join(columns(), ",") + "\n"); err != nil {
		return err
	}
	rows := newRows()
	var row Row
	var line []byte
	fields := reflect.ValueOf(&row).Elem()
	err := s.Ops.Executions(s.Trace, analyze.Visitor{Invoke: func(inv *analyze.Invoke) error {
		for i := range inv.Executions {
			rows.fill(&row, inv, &inv.Executions[i])
			line = appendCSV(line[:0], fields)
			if _, err := b.Write(line); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return err
	}
	return b.Flush()
}

// columns returns the names of Row's columns.
func columns() []string {
	row := reflect.TypeFor[Row]()
	names := make([]string, row.NumField())
	for i := range names {
		names[i], _, _ = strings.Cut(row.Field(i).Tag.Get("parquet"), ",")
	}
	return names
}

func appendCSV(line []byte, fields reflect.Value) []byte {
	for i := range fields.NumField() {
		if i > 0 {
			line = append(line, ',')
		}
		switch f := fields.Field(i); f.Kind() {
		case reflect.String:
			line = appendText(line, f.String())
		case reflect.Bool:
			line = strconv.AppendBool(line, f.Bool())
		default:
			line = strconv.AppendInt(line, f.Int(), 10)
		}
	}
	return append(line, '\n')
}

// appendText quotes a text where it has to be. Its line ends are escaped already.
func appendText(line []byte, text string) []byte {
	if !strings.ContainsAny(text, `",`) {
		return append(line, text...)
	}
	line = append(line, '"')
	line = append(line, strings.ReplaceAll(text, `"`, `""`)...)
	return append(line, '"')
}
