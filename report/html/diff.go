package html

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze/diff"
)

// diffView is what became slower or faster from base to new.
type diffView struct {
	Verdict, Class string
	Problems       []string
	Models         []diffModel
	Only           []string
}

type diffModel struct {
	Title   string
	Sides   [][2]string
	Scale   string // of the intervals' axis, at both ends
	Shown   []changeRow
	Rest    []changeRow
	Counts  string
	Several bool // recordings a side
	Only    []string
}

// changeRow is a line of the table of changes.
type changeRow struct {
	Place, Name, Base, New, Change, P, Status, Class, Why string
	From, To, At                                          string // of the interval; empty without one
}

const (
	largestChanges = 10 // are shown where none was told
	maxScale       = 0.5
)

func newDiff(r *diff.Result) *diffView {
	if r == nil {
		return nil
	}
	v := &diffView{Problems: shownAll(r.Problems)}
	v.Verdict, v.Class = diffVerdict(r)
	for _, m := range r.Models {
		v.Models = append(v.Models, newDiffModel(m))
	}
	for _, side := range []struct {
		name string
		only []diff.ModelName
	}{{"base", r.BaseOnly}, {"new", r.NewOnly}} {
		for _, m := range side.only {
			v.Only = append(v.Only, fmt.Sprintf("%s ran in %s only", shown(m.Name), side.name))
		}
	}
	return v
}

var diffMarks = map[diff.Status]string{diff.Regression: bad, diff.NoRegression: good, diff.NotEnoughData: caution}

// diffVerdict is the answer as a sentence, and its mark.
func diffVerdict(r *diff.Result) (text, mark string) {
	text = capital(string(r.Verdict.Status))
	switch {
	case r.Verdict.Status == diff.NotEnoughData:
		text += ": " + shownWhy(r.Verdict.Why)
	case r.Verdict.Slower+r.Verdict.Faster == 0:
		text += ": nothing changed by as much as would be told"
	default:
		text += ": " + strings.Join(changeNames(worstChanges(r)), ", ")
	}
	return text + ".", diffMarks[r.Verdict.Status]
}

func newDiffModel(m *diff.Model) diffModel {
	v := diffModel{Title: fmt.Sprintf("%s, matched by %s", shown(m.Name), shown(m.MatchedBy))}
	v.Sides = [][2]string{{"Base", sideText(m.Base, m.BaseRuns)}, {"New", sideText(m.New, m.NewRuns)}}
	changes, rest := told(m)
	scale := scaleOf(slices.Concat(changes, rest))
	v.Scale = percent(scale)
	for _, c := range changes {
		v.Shown = append(v.Shown, newChangeRow(c, scale))
	}
	for _, c := range rest {
		v.Rest = append(v.Rest, newChangeRow(c, scale))
	}
	v.Counts, v.Several = countsText(m.Ops), len(m.BaseRuns)+len(m.NewRuns) > 2
	for _, side := range []struct {
		name string
		only []diff.Op
	}{{"base", m.BaseOnly}, {"new", m.NewOnly}} {
		if n := len(side.only); n > 0 {
			v.Only = append(v.Only, fmt.Sprintf("%s ran in %s only", count(n, "op"), side.name))
		}
	}
	return v
}

// told returns what is to be seen at once, the whole and what changed, or else the largest differences; and the rest.
func told(m *diff.Model) (changes, rest []*diff.Change) {
	for _, c := range []*diff.Change{m.Invoke, m.AllOps, m.Common} {
		if c != nil {
			changes = append(changes, c)
		}
	}
	ops := slices.Clone(m.Ops)
	slices.SortStableFunc(ops, func(a, b *diff.Change) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(math.Abs(b.NewNS-b.BaseNS), math.Abs(a.NewNS-a.BaseNS)))
	})
	n := 0
	for n < len(ops) && rank(ops[n]) > 0 {
		n++
	}
	if n == 0 {
		n = min(largestChanges, len(ops))
	}
	return append(changes, ops[:n]...), ops[n:]
}

// rank puts what is slower before what is faster, and both before others.
func rank(c *diff.Change) int {
	switch c.Status {
	case diff.Slower:
		return 2
	case diff.Faster:
		return 1
	}
	return 0
}

// scaleOf is the change at either end of the axis, 5 % at the least: what is judged is to be seen well.
func scaleOf(changes []*diff.Change) float64 {
	most := 0.05
	judged := slices.ContainsFunc(changes, func(c *diff.Change) bool { return c.Status != diff.NotJudged })
	for _, c := range changes {
		if judged && c.Status == diff.NotJudged {
			continue
		}
		for _, v := range []float64{c.Low, c.High, c.Change} {
			if !math.IsNaN(v) {
				most = max(most, math.Abs(v))
			}
		}
	}
	return min(most, maxScale)
}

var changeMarks = map[diff.ChangeStatus]string{diff.Slower: bad, diff.Faster: good}

func newChangeRow(c *diff.Change, scale float64) changeRow {
	place := func(v float64) string { return at(min(max(v/scale, -1), 1)+1, 2) }
	row := changeRow{Name: shown(c.Name), Status: string(c.Status), Class: changeMarks[c.Status], Why: shownWhy(c.Why)}
	if c.Node >= 0 {
		row.Place = fmt.Sprint(c.Node)
		if c.Subgraph > 0 {
			row.Place = fmt.Sprintf("%d:%d", c.Subgraph, c.Node)
		}
	}
	if c.BaseNS > 0 {
		row.Base, row.New = us(c.BaseNS), us(c.NewNS)
	}
	row.Change = signed(c.Change)
	row.At = place(c.Change)
	if c.Low < c.High {
		row.From, row.To = place(c.Low), place(c.High)
	}
	if c.P > 0 && c.P < 1 {
		row.P = probability(c.P)
	}
	return row
}

// signed shows a change: "+5.3 %".
func signed(change float64) string {
	if math.Abs(change) < 0.0005 {
		return "0.0\u00a0%"
	}
	return fmt.Sprintf("%+.1f\u00a0%%", 100*change)
}

func probability(p float64) string {
	if p < 0.0001 {
		return "<0.0001"
	}
	return fmt.Sprintf("%.2g", p)
}

func sideText(name diff.ModelName, runs []*diff.Run) string {
	c := diff.Count(runs)
	text := fmt.Sprintf("%s, %s of %s invokes undisturbed", count(c.Runs, "run"), number(c.Clean), number(c.Invokes))
	var causes []string
	for why, n := range c.Apart {
		causes = append(causes, number(n)+" "+shown(why))
	}
	if slices.Sort(causes); len(causes) > 0 {
		text += " (" + strings.Join(causes, ", ") + ")"
	}
	if c.SetApart > 0 {
		text += fmt.Sprintf("; %s set apart", count(c.SetApart, "run"))
	}
	if name.Runtime.Path != "" {
		text += "; in " + shown(path.Base(cmp.Or(name.Runtime.Entry, name.Runtime.Path)))
		if name.Runtime.BuildID != "" {
			text += ", build ID " + shown(name.Runtime.BuildID)
		}
	}
	return text
}

func countsText(ops []*diff.Change) string {
	counts := make(map[diff.ChangeStatus]int)
	for _, c := range ops {
		counts[c.Status]++
	}
	var parts []string
	for _, status := range []diff.ChangeStatus{diff.Slower, diff.Faster, diff.Same, diff.Unclear, diff.NotJudged} {
		if n := counts[status]; n > 0 {
			parts = append(parts, number(n)+" "+string(status))
		}
	}
	return fmt.Sprintf("%s: %s.", count(len(ops), "op"), strings.Join(parts, ", "))
}

// worstChanges are those that became slower, or else those that became faster, in all models, in the order of the tables.
func worstChanges(r *diff.Result) []*diff.Change {
	worst := 1
	var found []*diff.Change
	for _, m := range r.Models {
		changes, _ := told(m)
		for _, c := range changes {
			if rank(c) > worst {
				worst, found = rank(c), nil
			}
			if rank(c) == worst {
				found = append(found, c)
			}
		}
	}
	return found
}

func changeNames(changes []*diff.Change) []string {
	var names []string
	for _, c := range changes[:min(len(changes), maxSentences)] {
		names = append(names, changeName(c)+" "+signed(c.Change))
	}
	if more := len(changes) - maxSentences; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return names
}

func changeName(c *diff.Change) string {
	if c.Node < 0 {
		return shown(c.Name)
	}
	return fmt.Sprintf("%s (node %d)", shown(c.Name), c.Node)
}

// diffFinding is the diff's sentence of the summary.
func diffFinding(r *diff.Result) finding {
	text, mark := diffVerdict(r)
	f := finding{Kind: "Diff", Mark: mark, Title: text, Link: "#diff"}
	if r.Verdict.Status == diff.NotEnoughData {
		f.Do = "Record more runs of both, in turns, and give them as BASE... -- NEW..."
		return f
	}
	var details []string
	if changes := worstChanges(r); len(changes) > 0 {
		c := changes[0]
		if c.BaseNS > 0 {
			details = append(details, fmt.Sprintf("%s took %s and takes %s", changeName(c), duration(c.BaseNS), duration(c.NewNS)))
		}
		if c.P > 0 && c.P < 1 {
			details = append(details, fmt.Sprintf("Chance makes such a change anywhere in the model with a probability of %s", probability(c.P)))
		}
	}
	for _, m := range r.Models {
		if m.Invoke != nil && rank(m.Invoke) == 0 {
			details = append(details, fmt.Sprintf("The whole invoke of %s: %s, %s", shown(m.Name), signed(m.Invoke.Change), m.Invoke.Status))
		}
	}
	f.Detail = sentences(details)
	return f
}
