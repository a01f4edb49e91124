package html

import (
	"fmt"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// opRow is a line of the table of ops.
type opRow struct {
	ID                     int // of its details
	Order                  int // in an invoke
	Place, Op, Class       string
	Within                 bool // it is an operator of the delegate node above
	Untrusted              bool
	Share, Bar             string
	Mean, P50, P99, Most   string // µs
	Spread                 string // path of its small histogram
	Causes, Output, Kernel string
}

func (b *builder) opRows(m *analyze.Model) []opRow {
	var most float64
	for _, op := range m.Ops {
		most = max(most, op.Share)
	}
	rows := make([]opRow, len(m.Ops))
	for i, op := range m.Ops {
		w := op.Wall
		rows[i] = opRow{
			ID: b.details(op), Order: i, Place: report.Place(op), Op: shown(op.FusedOp()), Class: b.colours.of(op), Within: op.Mapping != "",
			Untrusted: !op.Trusted, Share: percent(op.Share), Bar: at(op.Share, most),
			Mean: us(w.Mean()), P50: us(w.Quantile(0.5)), P99: us(w.Quantile(0.99)), Most: us(w.Max),
			Spread: spread(w),
			Causes: causes(op), Output: tensorList(op.Outputs), Kernel: kernel(op),
		}
	}
	return rows
}

// causes shows what an op's time went to beside its own work.
func causes(op *analyze.Op) string {
	all := make([]string, len(op.Causes))
	for i, c := range op.Causes {
		all[i] = fmt.Sprintf("%s %.0f%%", c.Name, 100*c.Share)
	}
	return strings.Join(all, ", ")
}

// kernel names what ran an op, without the namespaces that TFLite's own kernels share.
func kernel(op *analyze.Op) string { return shortKernel(op.RunBy()) }

func shortKernel(name string) string {
	return shown(strings.ReplaceAll(name, "tflite::ops::builtin::", ""))
}

// maxTensors of an op are named.
const maxTensors = 8

func tensorList(tensors []analyze.Tensor) string {
	var all []string
	for _, t := range tensors[:min(len(tensors), maxTensors)] {
		all = append(all, strings.TrimSpace(t.Type+" "+report.Shape(t.Shape)))
	}
	if more := len(tensors) - maxTensors; more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return shown(strings.Join(all, ", "))
}
