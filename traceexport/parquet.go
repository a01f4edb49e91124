package traceexport

import (
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/edgexray/edgexray/analyze"
)

const (
	rowsAtOnce  = 1024    // that are handed to the writer
	rowsInGroup = 1 << 17 // kept in memory until they are written
)

// Parquet writes a table with one row for each op execution, as Row has them.
func Parquet(w io.Writer, s Source) error {
	out := parquet.NewGenericWriter[Row](w, parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}), parquet.MaxRowsPerRowGroup(rowsInGroup), parquet.CreatedBy("edgexray", "", ""))
	rows := newRows()
	batch := make([]Row, 0, rowsAtOnce)
	flush := func() error {
		_, err := out.Write(batch)
		batch = batch[:0]
		return err
	}
	err := s.Ops.Executions(s.Trace, analyze.Visitor{Invoke: func(inv *analyze.Invoke) error {
		for i := range inv.Executions {
			batch = append(batch, Row{})
			rows.fill(&batch[len(batch)-1], inv, &inv.Executions[i])
			if len(batch) == cap(batch) {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return nil
	}})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return out.Close()
}
