// Package report shows the answers of package analyze to people: as text, Markdown or CSV.
package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

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

func (p *printer) overview(r *analyze.OpsResult) {
	rec := r.Recording
	p.line("Recorded %.1f s on Linux %s (%s) by %s, attached with %s: %d ops", float64(r.DurationNS)/1e9, rec.Linux, rec.Architecture,
		rec.Recorder, rec.AttachMethod, rec.Ops)
	var costs []string
	for _, c := range rec.ProbeCosts {
		costs = append(costs, fmt.Sprintf("%s %.2f us (%.2f)", c.InstructionClass, micro(c.TotalNS), micro(c.InsideNS)))
	}
	if len(costs) > 0 {
		p.line("Cost of the probe per op, and the part of it within the op's time, by instruction: %s", strings.Join(costs, ", "))
	}
	for _, mode := range modes(r) {
		p.line("%s", mode)
	}
	for _, warning := range Warnings(r) {
		p.line("%s", warning)
	}
	for _, n := range r.Notes {
		p.line("Note (%s): %s", n.Kind, n.Text)
	}
}

// modes says how the recording was restricted.
func modes(r *analyze.OpsResult) []string {
	rec := &r.Recording
	var modes []string
	say := func(format string, args ...any) { modes = append(modes, fmt.Sprintf(format, args...)) }
	if len(rec.Only) > 0 {
		say("Only %s was recorded: invokes and shares are of that alone, and a delegate node's own time has the operators that were left out",
			strings.Join(rec.Only, ", "))
	}
	if rec.EntryOnly {
		var ops, inferred uint64
		for _, m := range r.Models {
			for _, op := range m.Ops {
				ops += op.Count
				inferred += op.EndsInferred
			}
		}
		how := "ops"
		if inferred > 0 {
			how = percent(ratio(inferred, ops)) + " of the ops"
		}
		say("Entry probes only: %s end where the next one begins, so their times include what the runtime does between them", how)
	}
	if rec.AggregateError != 0 {
		say("Ops were summed up as they ran: counts, means, minima and maxima are exact, quantiles within %s", percent(rec.AggregateError))
	}
	if rec.Budget != 0 {
		say("Recorded %s of the time, in %s, for a budget of %s: by estimate it cost the app %s of its time", percent(1-ratio(rec.GapsNS, r.DurationNS)),
			plural(rec.Gaps+1, "turn"), percent(rec.Budget), strconv.FormatFloat(100*ratio(rec.CostNS, r.DurationNS), 'f', 2, 64)+"%")
	}
	return modes
}

func ratio(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// Warnings says what a user must know before trusting the result: losses, an early end, processes that died. Its texts
// hold names from the device; they are made printable.
func Warnings(r *analyze.OpsResult) []string {
	var warnings []string
	if len(r.Recording.ProbeCosts) == 0 {
		warnings = append(warnings, "The cost of a probe was not measured: no op can be trusted")
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Lost)) {
		warnings = append(warnings, Printable(fmt.Sprintf("LOST: %s: %d", cause, r.Lost[cause])))
	}
	if r.Truncated != "" {
		warnings = append(warnings, Printable("INCOMPLETE: "+r.Truncated))
	}
	for _, process := range r.Processes {
		if process.LastWords != "" {
			warnings = append(warnings, Printable(fmt.Sprintf("%s (pid %d): %s", process.Name, process.PID, process.LastWords)))
		}
	}
	return warnings
}

func (p *printer) model(m *analyze.Model, summary bool) {
	p.heading("%s in %s (pid %d), %s", m.Name, m.Process, m.PID, runtimeName(m.Runtime))
	wall, ops := m.InvokeWall, plural(m.OpsPerInvoke, "op")
	if n := operators(m.Ops); n > 0 {
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

// operators is how many of the ops, each with one set of shapes, are operators within delegate nodes.
func operators(ops []*analyze.Op) int {
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

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func runtimeName(r analyze.Runtime) string {
	if r.Path == "" {
		return "runtime not known"
	}
	name := r.Path
	if r.Entry != "" {
		name += "!" + r.Entry
	}
	if r.BuildID != "" {
		name += " (build ID " + r.BuildID + ")"
	}
	return name
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

// mhz shows the cores' mean frequency, nothing when it isn't known.
func mhz(p *analyze.Paid) string {
	if p.MeanKHz() == 0 {
		return ""
	}
	return strconv.FormatUint(p.MeanKHz()/1000, 10)
}

// causes shows what an op's time went to beside its work: "preempted 35%, parallel 48%".
func causes(op *analyze.Op) string {
	shown := make([]string, len(op.Causes))
	for i, c := range op.Causes {
		shown[i] = fmt.Sprintf("%s %.0f%%", c.Name, 100*c.Share)
	}
	return strings.Join(shown, ", ")
}

// shortKernel leaves out the namespaces that TFLite's own kernels share: "conv::Eval<(conv::KernelType)2>".
func shortKernel(name string) string { return strings.ReplaceAll(name, "tflite::ops::builtin::", "") }

// opName indents operators under their delegate node.
func opName(op *analyze.Op) string {
	if op.Mapping == "" {
		return op.Op
	}
	return "└ " + op.FusedOp()
}

// Place names a node: "12", or "1:12" in another subgraph than the first. An operator is named by the node it stands for,
// or else by its place in the delegate node: "64/3".
func Place(op *analyze.Op) string {
	node := strconv.Itoa(int(op.Node))
	if op.Node < 0 && op.Mapping != "" {
		node = fmt.Sprintf("%d/%d", op.DelegateNode, op.OperatorIndex)
	} else if op.Node < 0 {
		node = "?"
	}
	if op.Subgraph > 0 {
		return strconv.Itoa(int(op.Subgraph)) + ":" + node
	}
	return node
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

// outputs shows types and shapes: "FLOAT32 1x112x112x32".
func outputs(tensors []analyze.Tensor) string {
	shown := make([]string, len(tensors))
	for i, t := range tensors {
		shown[i] = strings.TrimSpace(t.Type + " " + Shape(t.Shape))
	}
	return strings.Join(shown, ", ")
}

// Shape shows a tensor's shape as 1x224x224x3; a scalar's is empty.
func Shape(shape []int32) string {
	dims := make([]string, len(shape))
	for i, d := range shape {
		dims[i] = strconv.Itoa(int(d))
	}
	return strings.Join(dims, "x")
}

func micro(ns uint64) float64 { return float64(ns) / 1e3 }

func us(ns float64) string { return strconv.FormatFloat(ns/1e3, 'f', 1, 64) }

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + "%" }
