// Package report shows the answers of package analyze to people: as text, Markdown or CSV.
package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/edgexray/edgexray/analyze"
)

// Format is a way to show tables.
type Format int

// The formats. CSV holds the tables only, with all columns and times in ns.
const (
	Text Format = iota
	Markdown
	CSV
)

// Ops writes the per-op tables of a result: of each model its nodes in run order and a summary by op type, or one table
// when the result has groups. Text lines have at most width characters as far as possible, where 0 is no limit.
func Ops(w io.Writer, r *analyze.OpsResult, format Format, width int) error {
	if format == CSV {
		if r.Groups != nil {
			return groupsCSV(r.Groups).csv(w)
		}
		return opsCSV(r.Models).csv(w)
	}
	p := printer{w: w, format: format, width: width, costsKnown: len(r.Recording.ProbeCosts) > 0, summedUp: r.Recording.AggregateError != 0}
	p.overview(r)
	switch {
	case r.Groups != nil:
		p.heading("Ops by %s", r.By)
		p.table(groupTable(r.Groups, r.By))
	case len(r.Models) == 0:
		p.line("No op was recorded.")
	}
	if r.Groups == nil {
		for _, m := range r.Models {
			p.model(m, r.By == "")
		}
	}
	return p.err
}

// printer writes until the first error.
type printer struct {
	w      io.Writer
	format Format
	width  int
	err    error

	costsKnown bool // of probes
	summedUp   bool // ops are known as sums only
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, Printable(fmt.Sprintf(format, args...)))
		if p.format == Markdown && p.err == nil {
			_, p.err = fmt.Fprintln(p.w)
		}
	}
}

func (p *printer) heading(format string, args ...any) {
	if p.format == Markdown {
		p.line("## "+format, args...)
		return
	}
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w)
	}
	p.line(format, args...)
}

func (p *printer) table(t *table) {
	if p.err != nil {
		return
	}
	if p.format == Markdown {
		p.err = t.markdown(p.w)
		p.line("")
		return
	}
	p.err = t.text(p.w, p.width)
}

func (p *printer) model(m *analyze.Model, summary bool) {
	p.heading("%s in %s (pid %d), %s", m.Name, m.Process, m.PID, runtimeName(m.Runtime))
	wall, ops := m.InvokeWall, plural(m.OpsPerInvoke, "op")
	if n := Operators(m.Ops); n > 0 {
		ops += fmt.Sprintf(" (and %s)", plural(n, "operator"))
	}
	by := fmt.Sprintf("%s, called from %s", plural(m.Interpreters, "interpreter"), plural(m.Threads, "thread"))
	if p.summedUp {
		p.line("%d invokes of %s: mean %.1f us; %s", m.Invokes, ops, wall.Mean()/1e3, by)
	} else {
		p.line("%d invokes of %s: mean %.1f us, p50 %.1f, p90 %.1f, p99 %.1f, min %.1f, max %.1f%s; %s", m.Invokes, ops,
			wall.Mean()/1e3, micro(wall.Quantile(0.5)), micro(wall.Quantile(0.9)), micro(wall.Quantile(0.99)), micro(wall.Min), micro(wall.Max),
			partial(m.InvokesPartial), by)
	}
	p.table(opTable(m.Ops))
	for _, d := range m.Delegates() {
		if d.Operators > 0 && d.Without > 0 {
			p.line("%d of the %d nodes that %s (node %s) replaced have no operator: XNNPACK does nothing for them by themselves",
				d.Without, len(d.Op.Replaced), d.Op.Op, Place(d.Op))
		}
	}
	untrusted := 0
	for _, op := range m.Ops {
		if !op.Trusted {
			untrusted++
		}
	}
	if untrusted > 0 && p.costsKnown {
		p.line("! %s too short to trust: median under %d times the cost of its probe", plural(untrusted, "op"), analyze.TrustFactor)
	}
	if summary {
		p.heading("Summary by op type")
		p.table(groupTable(m.ByType(), analyze.ByOp))
	}
}

// Operators is how many of the ops, each with one set of shapes, are operators within delegate nodes.
func Operators(ops []*analyze.Op) int {
	seen := make(map[[3]int32]bool)
	for _, op := range ops {
		if op.Mapping != "" {
			seen[[3]int32{op.Subgraph, op.DelegateNode, int32(op.OperatorIndex)}] = true
		}
	}
	return len(seen)
}

func partial(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" (without %d seen in part)", n)
}

// distributionColumns are the columns that distributionCells fills.
var distributionColumns = []column{
	{name: "mean us"}, {name: "share"}, {name: "cumul.", drop: 6}, {name: "count"},
	{name: "p50 us", drop: 7}, {name: "p90 us", drop: 2}, {name: "p99 us", drop: 5}, {name: "min us", drop: 1}, {name: "max us", drop: 4},
}

func distributionCells(d *analyze.Distribution, share, cumulative float64) []string {
	return []string{
		us(d.Mean()), percent(share), percent(cumulative), strconv.FormatUint(d.Count, 10),
		us(float64(d.Quantile(0.5))), us(float64(d.Quantile(0.9))), us(float64(d.Quantile(0.99))), us(float64(d.Min)), us(float64(d.Max)),
	}
}

func opTable(ops []*analyze.Op) *table {
	t := &table{columns: slices.Concat(
		[]column{{name: "node"}, {name: "op", left: true, max: 40}, {name: "", left: true}},
		distributionColumns,
		[]column{{name: "MHz", drop: 9, rare: true}, {name: "cause", left: true, rare: true}, {name: "output", left: true, drop: 8, max: 36}, {name: "kernel", left: true, drop: 3, max: 64}})}
	var cumulative float64
	for _, op := range ops {
		cumulative += op.Share
		mark := ""
		if !op.Trusted {
			mark = "!"
		}
		t.add(slices.Concat(
			[]string{Place(op), opName(op), mark},
			distributionCells(op.Wall, op.Share, cumulative),
			[]string{mhz(op.Paid), causes(op), outputs(op.Outputs), shortKernel(op.RunBy())})...)
	}
	return t.withoutEmpty()
}

func groupTable(groups []*analyze.Group, by analyze.By) *table {
	t := &table{columns: slices.Concat([]column{{name: string(by), left: true, max: 60}, {name: "nodes", drop: 3}}, distributionColumns)}
	var cumulative float64
	for _, g := range groups {
		cumulative += g.Share
		name, nodes := g.Name, strconv.Itoa(g.Nodes)
		if by == analyze.ByThread {
			name, nodes = fmt.Sprintf("%s/%s (%d/%d)", g.Process, g.Name, g.PID, g.TID), ""
		}
		t.add(slices.Concat([]string{name, nodes}, distributionCells(g.Wall, g.Share, cumulative))...)
	}
	return t
}
