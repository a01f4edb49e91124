package report

import (
	"encoding/csv"
	"io"

	"github.com/edgexray/edgexray/analyze/markers"
	"github.com/edgexray/edgexray/tflite"
)

// MarkersCSV writes one line for each marker, in order of time, frames' beginnings and ends included.
func MarkersCSV(w io.Writer, l *markers.Log) error {
	out := csv.NewWriter(w)
	err := out.Write([]string{"time_ns", "pid", "process", "tid", "thread", "kind", "key", "frame", "model", "subgraph", "invoke",
		"text", "number_1", "number_2", "number_3", "type", "shape", "format", "rate", "bytes", "missing"})
	if err != nil {
		return err
	}
	for _, m := range l.Markers {
		if err := out.Write(markerCells(l, m)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func markerCells(l *markers.Log, m markers.Marked) []string {
	process, thread := l.Processes[m.Process], l.Threads[m.Thread]
	cells := []string{decimal(m.TimeNs), decimal(process.GetPid()), Printable(process.GetName()), decimal(thread.GetTid()), Printable(thread.GetName()),
		markers.KindName(m.Kind), Printable(m.Key), unlessZero(m.Frame), "", "", "", Printable(m.Text)}
	if r := m.Invoke; r != nil {
		cells[8], cells[9], cells[10] = Printable(r.Model), decimal(r.Subgraph), decimal(r.Number)
	}
	const numbers = 3
	for i := range numbers {
		cell := ""
		if i < len(m.Numbers) {
			cell = exact(m.Numbers[i])
		}
		cells = append(cells, cell)
	}
	if m.Type == 0 {
		return append(cells, "", "", "", "", "", Printable(m.Missing))
	}
	return append(cells, tflite.Type(m.Type).String(), Shape(m.Shape), Printable(m.Format), unlessZero(uint64(m.Rate)), decimal(m.Bytes), Printable(m.Missing))
}

func unlessZero(n uint64) string {
	if n == 0 {
		return ""
	}
	return decimal(n)
}
