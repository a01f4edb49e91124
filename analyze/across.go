package analyze

import (
	"cmp"
	"fmt"
	"slices"
)

// Across shows what ops of each type take in several traces: one column for each model of each trace.
type Across struct {
	By      By          `json:"by"`
	Columns []Column    `json:"columns"`
	Rows    []AcrossRow `json:"rows"` // the one that takes most in any column first
}

// Column is a model of a trace.
type Column struct {
	Trace    string  `json:"trace"` // as the caller named it
	Model    string  `json:"model"`
	PID      int32   `json:"pid"`
	Invokes  uint64  `json:"invokes"`
	InvokeNS float64 `json:"invoke_ns"` // typical
}

// AcrossRow is a type of ops.
type AcrossRow struct {
	Name  string `json:"name"`
	Cells []Cell `json:"cells"` // one for each column
}

// Cell is the ops of one type in one column.
type Cell struct {
	Nodes int     `json:"nodes"` // 0: there are none
	NS    float64 `json:"ns"`    // that they take together in a typical invoke
}

// Named is a trace's result with what to call it.
type Named struct {
	Name   string
	Result *OpsResult
}

// AcrossTraces sums up the ops of each model of each trace, by op or by kernel.
func AcrossTraces(traces []Named, by By) (*Across, error) {
	if by != ByOp && by != ByKernel {
		return nil, fmt.Errorf("compare ops of %d traces by %s: only by op or kernel do they have something in common", len(traces), by)
	}
	a := &Across{By: by, Columns: []Column{}, Rows: []AcrossRow{}}
	at := make(map[string]int)
	for _, t := range traces {
		for _, m := range t.Result.Models {
			a.Columns = append(a.Columns, Column{t.Name, m.Name, m.PID, m.Invokes, m.typicalInvoke()})
			for _, g := range groupOps(m.Ops, by) {
				if _, known := at[g.Name]; !known {
					at[g.Name] = len(a.Rows)
					a.Rows = append(a.Rows, AcrossRow{Name: g.Name})
				}
				row := &a.Rows[at[g.Name]]
				row.Cells = append(row.Cells, make([]Cell, len(a.Columns)-len(row.Cells))...)
				row.Cells[len(a.Columns)-1].Nodes = g.Nodes
			}
			for _, op := range m.Ops {
				a.Rows[at[op.groupName(by)]].Cells[len(a.Columns)-1].NS += op.typicalSelf(m)
			}
		}
	}
	for i := range a.Rows {
		row := &a.Rows[i]
		row.Cells = append(row.Cells, make([]Cell, len(a.Columns)-len(row.Cells))...)
	}
	slices.SortStableFunc(a.Rows, func(x, y AcrossRow) int {
		return cmp.Or(cmp.Compare(y.most(), x.most()), cmp.Compare(x.Name, y.Name))
	})
	return a, nil
}

func (r *AcrossRow) most() float64 {
	most := 0.0
	for _, c := range r.Cells {
		most = max(most, c.NS)
	}
	return most
}

// typicalInvoke is the median of what an invoke takes; the mean where there is none.
func (m *Model) typicalInvoke() float64 {
	return cmp.Or(float64(m.InvokeWall.Quantile(0.5)), m.InvokeWall.Mean())
}

// typicalSelf is what the op takes in an invoke, without ops within: by the median of its runs or, when others ran within them, the mean.
func (op *Op) typicalSelf(m *Model) float64 {
	if op.SelfNS < op.Wall.Sum {
		return share(op.SelfNS, m.Invokes)
	}
	return float64(op.Wall.Quantile(0.5)) * share(op.Count, m.Invokes)
}
