package traceexport

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/edgexray/edgexray/analyze"
)

// wantRows are the rows that a table must have.
func wantRows(t *testing.T, s Source) []Row {
	t.Helper()
	var all []Row
	rows := newRows()
	err := s.Ops.Executions(s.Trace, analyze.Visitor{Invoke: func(inv *analyze.Invoke) error {
		for i := range inv.Executions {
			all = append(all, Row{})
			rows.fill(&all[len(all)-1], inv, &inv.Executions[i])
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTables(t *testing.T) {
	for _, format := range []struct {
		name  string
		write func(*bytes.Buffer, Source) error
		read  func(*testing.T, []byte) []Row
	}{
		{"csv", func(w *bytes.Buffer, s Source) error { return CSV(w, s) }, csvRows},
		{"parquet", func(w *bytes.Buffer, s Source) error { return Parquet(w, s) }, parquetRows},
	} {
		for _, c := range sources {
			t.Run(format.name+" of "+c.name, func(t *testing.T) {
				s := source(t, c.make(t))
				got := format.read(t, written(t, func(w *bytes.Buffer) error { return format.write(w, s) }))
				if diff := cmp.Diff(wantRows(t, s), got); diff != "" || len(got) == 0 {
					t.Error(diff)
				}
			})
		}
	}
}

// Everything that an op paid for is in its row, under its own name.
func TestRow(t *testing.T) {
	rows := wantRows(t, source(t, operators(t)))
	if len(rows) != 4 {
		t.Fatalf("%d rows", len(rows))
	}
	delegate, conv := rows[0], rows[1]
	want := Row{
		Process: "app", PID: 7, Thread: "main", TID: 8, Model: "m.tflite", Interpreter: 1, Invoke: 1, Node: 3, Op: "TfLiteXNNPackDelegate",
		DelegateNode: -1, StartNS: 1000, DurationNS: 10_000, SelfNS: 1000,
		OffCPUNS: 1, PreemptedNS: 2, WorkersNS: 3, MinorFaults: 4, MajorFaults: 5, Migrations: 6, Threads: 7, Core: 8, ResidentBytes: 9, KHz: 10,
	}
	if diff := cmp.Diff(want, delegate); diff != "" {
		t.Error(diff)
	}
	want = Row{
		Process: "app", PID: 7, Thread: "main", TID: 8, Model: "m.tflite", Interpreter: 1, Invoke: 1, Node: 1, Op: "PAD+CONV_2D", Operator: "Convolution",
		DelegateNode: 3, Mapping: "fused", Outputs: "FLOAT32 1x4", Depth: 1, StartNS: 1000, DurationNS: 4000, SelfNS: 4000, EndInferred: true,
	}
	if diff := cmp.Diff(want, conv); diff != "" {
		t.Error(diff)
	}
}

func csvRows(t *testing.T, file []byte) []Row {
	t.Helper()
	lines, err := csv.NewReader(bytes.NewReader(file)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(lines[0], columns()) {
		t.Errorf("columns %q", lines[0])
	}
	rows := make([]Row, len(lines)-1)
	for i, line := range lines[1:] {
		row := reflect.ValueOf(&rows[i]).Elem()
		for k, cell := range line {
			switch f := row.Field(k); f.Kind() {
			case reflect.String:
				f.SetString(cell)
			case reflect.Bool:
				f.SetBool(cell == "true")
			default:
				n, err := strconv.ParseInt(cell, 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				f.SetInt(n)
			}
		}
	}
	return rows
}

func parquetRows(t *testing.T, file []byte) []Row {
	t.Helper()
	rows, err := parquet.Read[Row](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// docs/export.md describes columns and metrics as they are.
func TestColumnsDocumented(t *testing.T) {
	docs, err := os.ReadFile("../docs/export.md")
	if err != nil {
		t.Fatal(err)
	}
	row := reflect.TypeFor[Row]()
	var want strings.Builder
	for i, name := range columns() {
		kind := map[reflect.Kind]string{reflect.String: "text", reflect.Bool: "boolean", reflect.Int32: "int32", reflect.Int64: "int64"}[row.Field(i).Type.Kind()]
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", name, kind, row.Field(i).Tag.Get("about"))
	}
	if !strings.Contains(string(docs), want.String()) {
		t.Errorf("the table of columns must be:\n%s", want.String())
	}
	for _, m := range Metrics {
		if line := fmt.Sprintf("| `%s` | %s | %s |\n", m.Name, m.Unit, m.About); !strings.Contains(string(docs), line) {
			t.Errorf("there is no %q", line)
		}
	}
}

// Stacks come apart at ";", their numbers add up, and no name makes a line or frame of its own.
func TestFolded(t *testing.T) {
	for _, c := range sources {
		t.Run(c.name, func(t *testing.T) {
			s := source(t, c.make(t))
			file := string(written(t, func(w *bytes.Buffer) error { return Folded(w, s) }))
			var got, want uint64
			deepest := 0
			for line := range strings.Lines(file) {
				at := strings.LastIndexByte(line, ' ')
				n, err := strconv.ParseUint(strings.TrimSuffix(line[at+1:], "\n"), 10, 64)
				if err != nil {
					t.Fatalf("%q: %v", line, err)
				}
				got += n
				frames := strings.Split(line[:at], ";")
				deepest = max(deepest, len(frames))
				if slices.Contains(frames, "") {
					t.Errorf("an empty frame in %q", line)
				}
			}
			frames := 0
			for _, stack := range s.Ops.Stacks() {
				want += stack.SelfNS
				frames = max(frames, len(foldedFrames(stack)))
			}
			if got != want || deepest != frames {
				t.Errorf("%d ns in up to %d frames, want %d in %d", got, deepest, want, frames)
			}
		})
	}
}
