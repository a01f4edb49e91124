package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/diff"
)

// Diff writes the verdict of a diff, what changed in each model, and all that was compared. Text lines have at most width
// characters as far as possible, where 0 is no limit.
func Diff(w io.Writer, r *diff.Result, format Format, width int) error {
	if format == CSV {
		return diffCSV(r).csv(w)
	}
	p := diffPrinter{printer{w: w, format: format, width: width}, r}
	p.verdict()
	for _, problem := range r.Problems {
		p.line("! %s", problem)
	}
	for _, m := range r.Models {
		p.model(m)
	}
	p.models("Only in base", r.BaseOnly)
	p.models("Only in new", r.NewOnly)
	return p.err
}

type diffPrinter struct {
	printer
	r *diff.Result
}

const namedChanges = 3 // of each kind, in the verdict

func (p *diffPrinter) verdict() {
	v := &p.r.Verdict
	var texts []string
	for _, m := range p.r.Models {
		if text := changesText(m, v.Status == diff.Regression); text != "" {
			texts = append(texts, m.Name+": "+text)
		}
	}
	text := strings.ToUpper(string(v.Status))
	switch {
	case v.Status == diff.NotEnoughData:
		text += ": " + v.Why
	case len(texts) > 0:
		text += ": " + strings.Join(texts, "; ")
	default:
		text += ": nothing changed by as much as would be told"
	}
	if p.format == Markdown {
		p.printer.line("**%s**", markdownText(text))
		return
	}
	p.line("%s", text)
}

// line and heading keep names of the device from being taken for Markdown.
func (p *diffPrinter) line(format string, args ...any) { p.printer.line("%s", p.text(format, args...)) }

func (p *diffPrinter) heading(format string, args ...any) {
	p.printer.heading("%s", p.text(format, args...))
}

func (p *diffPrinter) text(format string, args ...any) string {
	text := fmt.Sprintf(format, args...)
	if p.format == Markdown {
		return markdownText(text)
	}
	return text
}

// changesText names the largest changes; of a regression the slower ones first.
func changesText(m *diff.Model, slowerOnly bool) string {
	var texts []string
	for _, status := range []diff.ChangeStatus{diff.Slower, diff.Faster} {
		changes := changed(m, status)
		if len(changes) == 0 || slowerOnly && status != diff.Slower {
			continue
		}
		var names []string
		for _, c := range changes[:min(len(changes), namedChanges)] {
			names = append(names, fmt.Sprintf("%s %s", changeName(c), signed(c.Change)))
		}
		if more := len(changes) - namedChanges; more > 0 {
			names = append(names, fmt.Sprintf("and %d more", more))
		}
		texts = append(texts, string(status)+": "+strings.Join(names, ", "))
	}
	return strings.Join(texts, "; ")
}

// changed returns what became slower or faster: the whole, then ops and then sums, the largest share of the time first.
func changed(m *diff.Model, status diff.ChangeStatus) []*diff.Change {
	var all []*diff.Change
	for _, kind := range [][]*diff.Change{wholes(m), m.Ops, m.ByOp, m.ByKernel} {
		of := slices.DeleteFunc(slices.Clone(kind), func(c *diff.Change) bool { return c.Status != status })
		slices.SortStableFunc(of, func(a, b *diff.Change) int {
			return cmp.Compare(abs(b.NewNS-b.BaseNS), abs(a.NewNS-a.BaseNS))
		})
		all = append(all, of...)
	}
	return all
}

func abs(v float64) float64 { return max(v, -v) }

// wholes are the changes that are of no single op.
func wholes(m *diff.Model) []*diff.Change {
	return slices.DeleteFunc([]*diff.Change{m.Invoke, m.AllOps, m.Common}, func(c *diff.Change) bool { return c == nil })
}

func changeName(c *diff.Change) string {
	if c.Node >= 0 {
		return fmt.Sprintf("node %s %s", changePlace(c), c.Name)
	}
	return c.Name
}

// changePlace is the node, or all nodes of what is compared together.
func changePlace(c *diff.Change) string {
	if c.Node < 0 {
		return ""
	}
	place := strconv.Itoa(int(c.Node))
	if n := len(c.Base); n > 1 {
		place += fmt.Sprintf("+%d", n-1)
	}
	if c.Subgraph > 0 {
		place = fmt.Sprintf("%d:%s", c.Subgraph, place)
	}
	return place
}

// signed shows a change: "+5.3%".
func signed(share float64) string { return fmt.Sprintf("%+.1f%%", 100*share) }

func (p *diffPrinter) model(m *diff.Model) {
	p.heading("%s, matched by %s", m.Name, m.MatchedBy)
	if m.Base.Runtime == m.New.Runtime {
		p.line("in %s", runtimeName(m.Base.Runtime))
	} else {
		p.line("base in %s", runtimeName(m.Base.Runtime))
		p.line("new in %s", runtimeName(m.New.Runtime))
	}
	p.line("base %s; new %s", runsText(m.BaseRuns), runsText(m.NewRuns))
	p.setApart("base", m.BaseRuns)
	p.setApart("new", m.NewRuns)
	if m.Verdict.Status == diff.NotEnoughData {
		p.line("! Not enough data: %s", m.Verdict.Why)
	}
	if changes := append(changed(m, diff.Slower), changed(m, diff.Faster)...); len(changes) > 0 {
		p.heading("What changed")
		p.table(p.changes(changes))
	}
	p.heading("The whole")
	p.table(p.changes(wholes(m)))
	p.power(m)
	p.details(fmt.Sprintf("All %d ops, and their sums by op and kernel", len(m.Ops)), func() {
		p.table(p.changes(m.Ops))
		p.heading("By op")
		p.table(p.changes(m.ByOp))
		p.heading("By kernel")
		p.table(p.changes(m.ByKernel))
	})
	p.only("Only in base", m.BaseOnly)
	p.only("Only in new", m.NewOnly)
}

// details folds what is long, where that can be.
func (p *diffPrinter) details(title string, write func()) {
	if p.format != Markdown {
		p.heading("%s", title)
		write()
		return
	}
	p.printer.line("<details><summary>%s</summary>", title)
	write()
	p.printer.line("</details>")
}

// runsText counts runs and their invokes: "5 runs, 295 of 300 invokes clean (5 cold)".
func runsText(runs []*diff.Run) string {
	c := diff.Count(runs)
	var causes []string
	for cause, n := range c.Apart {
		causes = append(causes, fmt.Sprintf("%d %s", n, cause))
	}
	slices.Sort(causes)
	text := plural(c.Runs, "run")
	if c.SetApart > 0 {
		text = fmt.Sprintf("%d of %s", c.Runs-c.SetApart, text)
	}
	text += fmt.Sprintf(", %d of %d invokes clean", c.Clean, c.Invokes)
	if len(causes) > 0 {
		text += " (" + strings.Join(causes, ", ") + ")"
	}
	return text
}

func (p *diffPrinter) setApart(side string, runs []*diff.Run) {
	for _, r := range runs {
		if r.SetApart != "" {
			p.line("! set apart, %s: pid %d of %s: %s", side, r.PID, r.Trace, r.SetApart)
		}
	}
}

// power says what the test could tell.
func (p *diffPrinter) power(m *diff.Model) {
	counts := make(map[diff.ChangeStatus]int)
	why := make(map[string]int)
	for _, c := range m.Ops {
		counts[c.Status]++
		if c.Status == diff.NotJudged && c.Why != "" {
			why[c.Why]++
		}
	}
	var reasons []string
	for text, n := range why {
		reasons = append(reasons, fmt.Sprintf("%d %s", n, text))
	}
	slices.Sort(reasons)
	text := fmt.Sprintf("%s: %d slower, %d faster, %d the same, %d unclear, %d not judged", plural(len(m.Ops), "op"),
		counts[diff.Slower], counts[diff.Faster], counts[diff.Same], counts[diff.Unclear], counts[diff.NotJudged])
	if len(reasons) > 0 {
		text += " (" + strings.Join(reasons, "; ") + ")"
	}
	p.line("%s", text)
	if m.CommonRemoved {
		p.line("Changes of ops are those beside what all ops have in common, which differs between runs of the same by chance")
	}
	if m.RunsForMost > 0 {
		p.line("A change as large as the threshold is found 9 times of 10 with %d runs a side in half of the ops, with %d in nine tenths of them", m.RunsForHalf, m.RunsForMost)
	}
}

func (p *diffPrinter) only(title string, ops []diff.Op) {
	if len(ops) == 0 {
		return
	}
	var names []string
	for _, o := range ops[:min(len(ops), unmatchedNodes)] {
		names = append(names, fmt.Sprintf("%d %s (%s us, %s)", o.Node, o.Op, us(o.NS), shortKernel(o.Kernel)))
	}
	if more := len(ops) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	p.line("%s: %s: %s", title, plural(len(ops), "op"), strings.Join(names, ", "))
}

func (p *diffPrinter) models(title string, models []diff.ModelName) {
	for _, m := range models {
		p.line("%s: %s, in %s", title, m.Name, runtimeName(m.Runtime))
	}
}
