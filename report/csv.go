package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

func opsCSV(models []*analyze.Model) *table {
	t := &table{columns: named("pid", "process", "model", "subgraph", "node", "run_order", "op", "kernel", "delegate", "name",
		"inputs", "outputs", "count", "mean_ns", "p50_ns", "p90_ns", "p99_ns", "min_ns", "max_ns", "sum_ns", "self_ns", "share", "trusted",
		"cpu_ns", "off_cpu_ns", "preempted_ns", "blocked_ns", "workers_cpu_ns", "threads", "efficiency", "minor_faults", "major_faults", "migrations",
		"resident_bytes", "mean_khz", "cores", "causes", "delegate_node", "operator_index", "operator", "mapping", "mapped_nodes", "mapped_ops")}
	for _, m := range models {
		for _, op := range m.Ops {
			t.add(append([]string{
				strconv.Itoa(int(m.PID)), m.Process, m.Name, strconv.Itoa(int(op.Subgraph)), strconv.Itoa(int(op.Node)),
				strconv.Itoa(op.RunOrder), op.Op, op.Kernel, op.Delegate, outputNames(op), outputs(op.Inputs), outputs(op.Outputs),
			}, slices.Concat(numbers(op.Wall, op.SelfNS, op.Share), []string{strconv.FormatBool(op.Trusted)}, paid(op.Paid),
				[]string{causes(op)}, operatorCells(op), []string{strings.Trim(fmt.Sprint(op.MappedNodes), "[]"), strings.Join(op.MappedOps, " ")})...)...)
		}
	}
	return t
}

func operatorCells(op *analyze.Op) []string {
	return []string{strconv.Itoa(int(op.DelegateNode)), strconv.Itoa(op.OperatorIndex), op.Operator, op.Mapping}
}

func paid(p *analyze.Paid) []string {
	var cells []string
	for _, v := range []uint64{p.CPUNS(), p.OffCPUNS, p.PreemptedNS, p.BlockedNS(), p.WorkersNS} {
		cells = append(cells, strconv.FormatUint(v, 10))
	}
	cells = append(cells, strconv.FormatFloat(p.Threads(), 'f', 2, 64), strconv.FormatFloat(p.Efficiency(), 'f', 4, 64))
	for _, v := range []uint64{p.MinorFaults, p.MajorFaults, p.Migrations} {
		cells = append(cells, strconv.FormatUint(v, 10))
	}
	return append(cells, strconv.FormatInt(p.Resident, 10), strconv.FormatUint(p.MeanKHz(), 10), ranOn(p))
}

func groupsCSV(groups []*analyze.Group) *table {
	t := &table{columns: named("pid", "process", "tid", "name", "nodes",
		"count", "mean_ns", "p50_ns", "p90_ns", "p99_ns", "min_ns", "max_ns", "sum_ns", "self_ns", "share")}
	for _, g := range groups {
		t.add(append([]string{strconv.Itoa(int(g.PID)), g.Process, strconv.Itoa(int(g.TID)), g.Name, strconv.Itoa(g.Nodes)},
			numbers(g.Wall, g.SelfNS, g.Share)...)...)
	}
	return t
}

func named(names ...string) []column {
	columns := make([]column, len(names))
	for i, name := range names {
		columns[i].name = name
	}
	return columns
}

// numbers are the cells from count to share.
func numbers(d *analyze.Distribution, self uint64, share float64) []string {
	cells := []string{strconv.FormatUint(d.Count, 10), strconv.FormatFloat(d.Mean(), 'f', 1, 64)}
	for _, v := range []uint64{d.Quantile(0.5), d.Quantile(0.9), d.Quantile(0.99), d.Min, d.Max, d.Sum, self} {
		cells = append(cells, strconv.FormatUint(v, 10))
	}
	return append(cells, strconv.FormatFloat(share, 'f', 6, 64))
}

func outputNames(op *analyze.Op) string {
	names := make([]string, len(op.Outputs))
	for i, t := range op.Outputs {
		names[i] = t.Name
	}
	return strings.Join(names, ";")
}
