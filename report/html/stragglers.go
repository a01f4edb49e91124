package html

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/stragglers"
	"github.com/edgexray/edgexray/report"
)

// stragglerView is what is slower in a model than its work explains.
type stragglerView struct {
	Judged   string // how many ops were, and by what
	Findings []cause
	Ops      []stragglerRow
	More     int
}

// cause is why something is slow, with its evidence.
type cause struct {
	Name, Class, Why, Worth, Confidence, Evidence string
}

// Sentence is why, as one.
func (c cause) Sentence() string { return sentences([]string{c.Why}) }

type stragglerRow struct {
	ID                             int // of its details; -1: it has none
	Place, Op                      string
	Takes, Expected, Excess, Share string // µs
	Bar                            string
	Basis                          string
	cause
	Others []cause
}

const (
	maxStragglers = 40 // of a model
	maxSentences  = 4  // in the summary
)

// stragglers shows what was found of a model; nil when it was not judged.
func (b *builder) stragglers(m *analyze.Model, r *stragglers.Result) *stragglerView {
	judged := judgedModel(m, r)
	if judged == nil {
		return nil
	}
	v := &stragglerView{Judged: judgedText(judged)}
	for _, f := range findingsOf(m, r) {
		v.Findings = append(v.Findings, newCause(&f.Verdict, worth(f.ExcessNS, f.Share)))
	}
	places := placesOf(m)
	own := stragglersOf(m, r)
	v.More = max(len(own)-maxStragglers, 0)
	for _, s := range own[:min(len(own), maxStragglers)] {
		row := stragglerRow{
			ID: -1, Place: placeName(&s.Place), Op: shown(s.Op), Takes: us(s.ActualNS), Expected: us(s.ExpectedNS),
			Excess: us(s.ExcessNS), Share: percent(s.Share), Bar: at(float64(s.ExcessNS), float64(own[0].ExcessNS)),
			Basis: basis(s), cause: newCause(&s.Verdict, ""),
		}
		if op := places[keyOf(&s.Place)]; op != nil {
			row.ID = b.details(op)
		}
		for _, other := range s.Others {
			row.Others = append(row.Others, newCause(&other, ""))
		}
		v.Ops = append(v.Ops, row)
	}
	return v
}

// basis says what the expectation rests on.
func basis(s *stragglers.Straggler) string {
	switch s.Basis {
	case stragglers.ByPeers:
		return count(s.Peers, "op") + " of its kind"
	case stragglers.ByHistory:
		return "its history"
	}
	return "its own faster runs"
}

func newCause(v *stragglers.Verdict, worth string) cause {
	c := cause{Name: capital(shown(string(v.Cause))), Class: caution, Why: shownWhy(v.Why), Worth: worth, Confidence: percent(v.Confidence), Evidence: evidence(v.Evidence)}
	if v.Cause == stragglers.Unexplained {
		c.Class, c.Confidence = note, "" // of no cause there is none
	}
	return c
}

// evidence is the numbers behind a cause, by name.
func evidence(e stragglers.Evidence) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(e)) {
		all = append(all, fmt.Sprintf("%s %s", name, digits(e[name])))
	}
	return shownText(strings.Join(all, ", "))
}

func worth(ns uint64, share float64) string {
	if ns == 0 {
		return ""
	}
	return fmt.Sprintf("%s an invoke, %s", duration(ns), percent(share))
}

func judgedModel(m *analyze.Model, r *stragglers.Result) *stragglers.Model {
	if r == nil {
		return nil
	}
	for _, judged := range r.Models {
		if judged.Model == m.Name && judged.PID == m.PID {
			return judged
		}
	}
	return nil
}

func judgedText(m *stragglers.Model) string {
	var parts []string
	say := func(n int, what string) {
		if n > 0 {
			parts = append(parts, number(n)+" "+what)
		}
	}
	say(m.ByHistory, "judged by their history")
	say(m.ByPeers, "judged by others of their kind")
	say(len(m.NoPeers), "without peers")
	say(len(m.Unknown), "of unknown work")
	return fmt.Sprintf("%s: %s.", count(m.Ops, "op"), strings.Join(parts, ", "))
}

func findingsOf(m *analyze.Model, r *stragglers.Result) []*stragglers.Finding {
	return kept(r.Findings, func(f *stragglers.Finding) bool { return f.Model == m.Name && f.PID == m.PID })
}

func stragglersOf(m *analyze.Model, r *stragglers.Result) []*stragglers.Straggler {
	return kept(r.Stragglers, func(s *stragglers.Straggler) bool { return s.Model == m.Name && s.PID == m.PID })
}

func kept[T any](all []T, want func(T) bool) []T {
	return slices.DeleteFunc(slices.Clone(all), func(v T) bool { return !want(v) })
}

// opKey finds an op by what a straggler says of its place.
type opKey struct{ subgraph, node, delegate, operator int32 }

func keyOf(p *stragglers.Place) opKey {
	return opKey{p.Subgraph, p.Node, p.DelegateNode, int32(p.OperatorIndex)}
}

func placesOf(m *analyze.Model) map[opKey]*analyze.Op {
	all := make(map[opKey]*analyze.Op)
	for _, op := range m.Ops {
		all[opKey{op.Subgraph, op.Node, op.DelegateNode, int32(op.OperatorIndex)}] = op
	}
	return all
}

// placeName names a straggler's node as report.Place names an op's.
func placeName(p *stragglers.Place) string {
	op := analyze.Op{Subgraph: p.Subgraph, Node: p.Node, DelegateNode: p.DelegateNode, OperatorIndex: p.OperatorIndex}
	if p.OperatorIndex >= 0 {
		op.Mapping = "unknown"
	}
	return report.Place(&op)
}

// stragglerFindings are the summary's sentences about what is slower than it should be.
func stragglerFindings(m *analyze.Model, r *stragglers.Result) []finding {
	if judgedModel(m, r) == nil {
		return nil
	}
	var all []finding
	for _, f := range findingsOf(m, r) {
		title, rest, _ := strings.Cut(shownWhy(f.Why), ". ")
		details := []string{rest}
		if f.ExcessNS > 0 {
			details = append(details, "Worth "+worth(f.ExcessNS, f.Share)+".")
		}
		details = append(details, confidence(f.Confidence))
		all = append(all, finding{Kind: capital(string(f.Cause)), Mark: markOf(f.Share), Title: sentences([]string{title}),
			Detail: sentences(details), Do: advice[f.Cause], Link: "stragglers"})
	}
	own := stragglersOf(m, r)
	for _, s := range own[:min(len(own), maxSentences)] {
		all = append(all, finding{Kind: "Straggler", Mark: markOf(s.Share),
			Title:  fmt.Sprintf("%s (node %s) takes %s, where %s would take %s.", shown(s.Op), placeName(&s.Place), duration(s.ActualNS), basis(s), duration(s.ExpectedNS)),
			Detail: sentences([]string{string(s.Cause) + ": " + shownWhy(s.Why), confidence(s.Confidence)}), Do: advice[s.Cause], Link: "stragglers"})
	}
	if more := len(own) - maxSentences; more > 0 {
		all = append(all, finding{Kind: "Straggler", Mark: note, Title: fmt.Sprintf("%s slower than their work explains.", count(more, "more op")), Link: "stragglers"})
	}
	return all
}

// confidence puts a number between 0 and 1 in words.
func confidence(c float64) string {
	switch {
	case c >= 0.8:
		return "This is nearly certain."
	case c >= 0.5:
		return "This is likely."
	case c > 0:
		return "This is possible, not more."
	}
	return ""
}

// badShare is the part of an invoke from which on a loss is marked as bad.
const badShare = 0.1

func markOf(share float64) string {
	if share >= badShare {
		return bad
	}
	return caution
}

// sentences joins texts that are sentences or become such.
func sentences(texts []string) string {
	var all []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			all = append(all, strings.TrimSuffix(capital(t), ".")+".")
		}
	}
	return strings.Join(all, " ")
}

func capital(s string) string {
	if s == "" {
		return s
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}
