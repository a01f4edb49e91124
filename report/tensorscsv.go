package report

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/edgexray/edgexray/analyze/tensors"
	"github.com/edgexray/edgexray/shim/snapshot"
)

// TensorsCSV writes one line for each capture, of all invokes for 0, or of the one with that number: what it is of, and
// its statistics. It holds one line at a time.
func TensorsCSV(w io.Writer, f *snapshot.File, invoke uint64) error {
	out := csv.NewWriter(w)
	err := out.Write([]string{"pid", "process", "model", "subgraph", "node", "op", "role", "tensor", "name", "type", "shape", "scale", "zero_point", "channels",
		"invoke", "tid", "start_ns", "duration_ns", "status", "bytes", "missing",
		"elements", "nans", "infs", "min", "max", "mean", "rms", "real_min", "real_max", "real_mean", "real_rms"})
	if err != nil {
		return err
	}
	for c := range f.All() {
		if invoke != 0 && c.Invoke != invoke {
			continue
		}
		if err := out.Write(captureCells(f, c)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func captureCells(f *snapshot.File, c snapshot.Captured) []string {
	d := tensors.Describe(f, c.Capture)
	s := f.Subgraphs[f.Nodes[c.Node].GetSubgraph()]
	process := f.Processes[s.GetProcess()]
	stored, real, err := tensors.Summarize(f.Tensor(c.Capture), c)
	missing := c.Missing
	if err != nil {
		missing = err.Error()
	}
	return append([]string{
		decimal(process.GetPid()), Printable(process.GetName()), Printable(f.Models[s.GetModel()].GetPath()), decimal(s.GetIndex()),
		decimal(d.Node), Printable(d.Op), d.Role, decimal(d.Tensor), Printable(d.Name), d.Type, Shape(d.Shape),
		exact(float64(d.Scale)), decimal(d.ZeroPoint), decimal(d.Channels),
		decimal(c.Invoke), decimal(f.Threads[c.Thread].GetTid()), decimal(c.StartNs), decimal(c.DurationNs), decimal(c.Status), decimal(len(c.Data)), Printable(missing),
		decimal(stored.GetElements()), decimal(stored.GetNans()), decimal(stored.GetInfs()),
	}, append(momentCells(stored), momentCells(real)...)...)
}

// momentCells are empty for nil.
func momentCells(s *snapshot.Statistics) []string {
	if s == nil {
		return make([]string, 4)
	}
	return []string{exact(s.Min), exact(s.Max), exact(s.Mean), exact(s.Rms)}
}

func decimal[T int | int32 | int64 | uint32 | uint64](v T) string {
	if v < 0 {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatUint(uint64(v), 10)
}

func exact(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
