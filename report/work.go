package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/work"
)

// Work writes how much each op has to do, and how fast it does it by its median time. Formats and width are as for Ops; CSV has numbers as
// they are.
func Work(w io.Writer, r *work.Result, format Format, width int) error {
	if format == CSV {
		return workCSV(r).csv(w)
	}
	p := printer{w: w, format: format, width: width}
	if len(r.Models) == 0 {
		p.line("No op was recorded.")
	}
	for _, m := range r.Models {
		p.heading("%s in %s (pid %d)", m.Model, m.Process, m.PID)
		unknown := ""
		if m.Unknown > 0 {
			unknown = fmt.Sprintf(", without %d ops whose work is unknown", m.Unknown)
		}
		p.line("%.1f million MACs an invoke%s; rates are by the median time", float64(m.MACs)/1e6, unknown)
		p.table(workTable(m))
	}
	return p.err
}

func workTable(m *work.ModelWork) *table {
	t := &table{columns: []column{
		{name: "node"}, {name: "op", left: true, max: 40}, {name: "million MACs", rare: true}, {name: "operations", drop: 3}, {name: "read KiB", drop: 4},
		{name: "written KiB", drop: 4}, {name: "weights KiB", rare: true, drop: 2}, {name: "p50 us"}, {name: "GMAC/s", rare: true}, {name: "GB/s"},
		{name: "assumed", left: true, rare: true, drop: 1, max: 80},
	}}
	for _, o := range m.Ops {
		cells := []string{Place(o.Of), opName(o.Of)}
		if !o.Known {
			t.add(append(cells, "unknown", "", "", "", "", us(float64(o.P50NS)), "", "", "")...)
			continue
		}
		macs, rate, weights := "", "", ""
		if o.MACs > 0 {
			macs, rate = strconv.FormatFloat(float64(o.MACs)/1e6, 'f', 3, 64), perNS(o.MACs, o.P50NS)
		}
		if o.Weights > 0 {
			weights = kib(o.Weights)
		}
		t.add(append(cells, macs, strconv.FormatUint(o.Operations, 10), kib(o.Read), kib(o.Written), weights, us(float64(o.P50NS)), rate,
			perNS(o.Read+o.Written, o.P50NS), strings.Join(o.Assumed, "; "))...)
	}
	return t.withoutEmpty()
}

func perNS(amount, ns uint64) string {
	return strconv.FormatFloat(float64(amount)/float64(max(ns, 1)), 'f', 2, 64)
}

func workCSV(r *work.Result) *table {
	t := &table{columns: named("pid", "process", "model", "subgraph", "node", "operator_index", "delegate_node", "op", "known", "macs", "operations",
		"read_bytes", "written_bytes", "weights_bytes", "p50_ns", "formula", "assumed")}
	number := func(v uint64) string { return strconv.FormatUint(v, 10) }
	for _, m := range r.Models {
		for _, o := range m.Ops {
			t.add(strconv.Itoa(int(m.PID)), m.Process, m.Model, strconv.Itoa(int(o.Subgraph)), strconv.Itoa(int(o.Node)), strconv.Itoa(o.OperatorIndex),
				strconv.Itoa(int(o.DelegateNode)), o.Op, strconv.FormatBool(o.Known), number(o.MACs), number(o.Operations), number(o.Read), number(o.Written),
				number(o.Weights), number(o.P50NS), o.Formula, strings.Join(o.Assumed, "; "))
		}
	}
	return t
}
