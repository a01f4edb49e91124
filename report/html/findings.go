package html

import (
	"fmt"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// finding is a sentence of the summary.
type finding struct {
	Kind   string // what it is about, in a word
	Mark   string // class: bad, caution, good or note
	Title  string // what
	Detail string // why, and how sure
	Do     string // what to do about it
	Link   string // the section that shows it
}

// group is findings that concern the same.
type group struct {
	Title    string // empty when all of the page does
	Findings []finding
}

// The marks.
const (
	bad     = "bad"
	caution = "caution"
	good    = "good"
	note    = "note"
)

// What there is to say of a model: first where the time goes, then why there is too much of it, then what else to know.
var (
	firstRules = []func(*analyze.Model) *finding{speed, dominant}
	lastRules  = []func(*analyze.Model) *finding{shortOps, tail, peak}
)

// findings returns the sentences of the summary: those of all, what to know before trusting a recording, and those of each model.
func findings(in *Input, models []*model) []group {
	var all []group
	add := func(title string, found []finding) {
		if len(found) > 0 {
			all = append(all, group{title, found})
		}
	}
	add("", pageFindings(in))
	for _, run := range in.Runs {
		title := ""
		if len(in.Runs) > 1 {
			title = shown(run.Name)
		}
		add(title, recordingFindings(run))
	}
	for _, v := range models {
		found := slices.Concat(follow(firstRules, v.of), stragglerFindings(v.of, v.in.Stragglers), follow(lastRules, v.of))
		for i := range found {
			found[i].Link = "#" + v.Anchor + "-" + found[i].Link
		}
		add(v.Heading, found)
	}
	return all
}

func follow(rules []func(*analyze.Model) *finding, m *analyze.Model) []finding {
	var all []finding
	for _, rule := range rules {
		if f := rule(m); f != nil {
			all = append(all, *f)
		}
	}
	return all
}

// pageFindings are about several recordings, or about snapshots.
func pageFindings(in *Input) []finding {
	var all []finding
	if in.Diff != nil {
		all = append(all, diffFinding(in.Diff))
	}
	for _, run := range in.Runs {
		if run.Stragglers == nil {
			continue
		}
		for _, a := range run.Stragglers.Against {
			all = append(all, againstFinding(a))
		}
	}
	if in.NotDiff != "" {
		all = append(all, finding{Kind: "Diff", Mark: note, Title: "The recordings are not compared op by op.", Detail: shownText(sentences([]string{in.NotDiff}))})
	}
	if in.Compared != nil {
		all = append(all, comparedFinding(in.Compared))
	}
	return all
}

// recordingFindings say what limits the trust in a recording.
func recordingFindings(run *Run) []finding {
	var all []finding
	for _, w := range report.Warnings(run.Ops) {
		all = append(all, finding{Kind: "Caveat", Mark: caution, Title: shownText(w) + ".", Link: "#recording"})
	}
	for _, mode := range report.Modes(run.Ops) {
		all = append(all, finding{Kind: "Caveat", Mark: note, Title: shownText(mode) + ".", Link: "#recording"})
	}
	if run.Unjudged != "" {
		all = append(all, finding{Kind: "Caveat", Mark: note, Title: "Its ops were not judged by their work.", Detail: shownText(sentences([]string{run.Unjudged}))})
	}
	if len(run.Ops.Models) == 0 {
		all = append(all, finding{Kind: "Empty", Mark: caution, Title: fmt.Sprintf("No op of a model was recorded in %s.", shown(run.Name)),
			Do: "The notes on how it was recorded may say why.", Link: "#recording"})
	}
	return all
}

func speed(m *analyze.Model) *finding {
	w := m.InvokeWall
	f := &finding{Kind: "Speed", Mark: note, Link: "ops"}
	switch {
	case w.Count == 0:
		f.Title = fmt.Sprintf("No whole invoke was recorded, parts of %s only.", number(m.Invokes))
		f.Do = "Record for longer than one invoke takes."
	case w.Quantile(0.5) == 0:
		f.Title = fmt.Sprintf("An invoke takes %s: the mean of %s.", duration(w.Mean()), number(w.Count))
		f.Detail = "Ops were summed up as they ran, so there is no distribution of invokes."
	default:
		f.Title = fmt.Sprintf("An invoke takes %s: the median of %s.", duration(w.Quantile(0.5)), number(w.Count))
		f.Detail = fmt.Sprintf("Nine of ten take at most %s; the longest took %s.", duration(w.Quantile(0.9)), duration(w.Max))
	}
	if m.InvokesPartial > 0 {
		f.Detail = strings.TrimSpace(fmt.Sprintf("%s %s seen in part only, and left out.", f.Detail, count(m.InvokesPartial, "more invoke")))
	}
	return f
}

// Shares from which on something is worth a sentence.
const (
	dominantShare = 0.2  // of the time, of an op type
	shortShare    = 0.02 // of the time, of ops too short to trust
	longTail      = 2    // p99 over median
)

func dominant(m *analyze.Model) *finding {
	types := m.ByType()
	if len(types) < 2 || types[0].Share < dominantShare {
		return nil
	}
	g := types[0]
	most := largest(m.Ops, func(op *analyze.Op) bool { return op.FusedOp() == g.Name })
	f := &finding{Kind: "Time", Mark: note, Link: "types",
		Title: fmt.Sprintf("%s takes %s of the time.", shown(g.Name), percent(g.Share))}
	if g.Nodes > 1 {
		f.Detail = fmt.Sprintf("%s do it; the dearest, node %s, takes %s by itself.", count(g.Nodes, "op"), report.Place(most), percent(most.Share))
	}
	return f
}

func largest(ops []*analyze.Op, fits func(*analyze.Op) bool) *analyze.Op {
	var most *analyze.Op
	for _, op := range ops {
		if fits(op) && (most == nil || op.SelfNS > most.SelfNS) {
			most = op
		}
	}
	return most
}

func shortOps(m *analyze.Model) *finding {
	n, share := 0, 0.0
	for _, op := range m.Ops {
		if !op.Trusted {
			n++
			share += op.Share
		}
	}
	if share < shortShare {
		return nil
	}
	return &finding{Kind: "Trust", Mark: caution, Link: "ops",
		Title:  fmt.Sprintf("%s, with %s of the time, are too short to trust.", count(n, "op"), percent(share)),
		Detail: fmt.Sprintf("They last less than %d times what their probe costs.", analyze.TrustFactor),
		Do:     "Record with --entry-only or --via shim, which cost less."}
}

func tail(m *analyze.Model) *finding {
	w := m.InvokeWall
	median, p99 := w.Quantile(0.5), w.Quantile(0.99)
	if w.Count < 20 || median == 0 || ratio(p99, median) < longTail {
		return nil
	}
	return &finding{Kind: "Tail", Mark: caution, Link: "ops",
		Title: fmt.Sprintf("One invoke in a hundred takes %s the median or more.", times(ratio(p99, median)))}
}

func peak(m *analyze.Model) *finding {
	mm := m.Memory
	if mm == nil || mm.Peak == 0 {
		return nil
	}
	at := analyze.Op{Subgraph: mm.PeakSubgraph, Node: mm.PeakNode}
	f := &finding{Kind: "Memory", Mark: note, Link: "memory",
		Title:  fmt.Sprintf("Tensors take %s at the most, while %s (node %s) runs.", size(mm.Peak), shown(mm.PeakOp), report.Place(&at)),
		Detail: fmt.Sprintf("Weights come on top, %s.", size(mm.Weights))}
	if !mm.Complete {
		f.Detail += " Not all tensors are known."
	}
	return f
}
