package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/stragglers"
)

// Stragglers writes what is slower than it should be: of each model its findings and stragglers, and what other traces show. Text lines
// have at most width characters as far as possible, where 0 is no limit.
func Stragglers(w io.Writer, r *stragglers.Result, format Format, width int) error {
	if format == CSV {
		return stragglerTable(r.Stragglers, true).csv(w)
	}
	p := printer{w: w, format: format, width: width}
	for _, problem := range r.Problems {
		p.line("! %s", problem)
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Lost)) {
		p.line("! LOST: %s: %d", cause, r.Lost[cause])
	}
	if r.Truncated != "" {
		p.line("! INCOMPLETE: %s", r.Truncated)
	}
	if len(r.Models) == 0 {
		p.line("No op was recorded.")
	}
	for _, m := range r.Models {
		p.judgedModel(r, m)
	}
	for _, a := range r.Against {
		p.against(a)
	}
	return p.err
}

func (p *printer) judgedModel(r *stragglers.Result, m *stragglers.Model) {
	p.heading("%s in %s (pid %d): %d invokes of %.1f us", m.Model, m.Process, m.PID, m.Invokes, micro(m.InvokeNS))
	var own []*stragglers.Straggler
	for _, s := range r.Stragglers {
		if s.Model == m.Model && s.PID == m.PID {
			own = append(own, s)
		}
	}
	for _, f := range r.Findings {
		if f.Model == m.Model && f.PID == m.PID {
			p.line("* %s: %s%s (confidence %.2f)", f.Cause, f.Why, worth(f.ExcessNS, f.Share), f.Confidence)
		}
	}
	if len(own) == 0 {
		p.line("No op takes longer than its work explains: %s", judgedText(m))
		return
	}
	p.line("%s: %s", takeLonger(len(own)), judgedText(m))
	p.table(stragglerTable(own, false))
	for _, s := range own {
		p.line("node %s, %s: %s: %s", stragglerPlace(&s.Place), s.Op, s.Cause, s.Why)
	}
}

func takeLonger(n int) string {
	if n == 1 {
		return "1 op takes longer than its work explains"
	}
	return fmt.Sprintf("%d ops take longer than their work explains", n)
}

func worth(ns uint64, share float64) string {
	if ns == 0 {
		return ""
	}
	return fmt.Sprintf("; worth %.1f us an invoke, %s", micro(ns), percent(share))
}

func judgedText(m *stragglers.Model) string {
	var parts []string
	say := func(n int, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	say(m.ByHistory, "judged by their history")
	say(m.ByPeers, "by ops of their kind")
	say(len(m.NoPeers), "without peers")
	say(len(m.Unknown), "of unknown work")
	return fmt.Sprintf("of %s, %s", plural(m.Ops, "op"), strings.Join(parts, ", "))
}

func stragglerPlace(p *stragglers.Place) string {
	node := strconv.Itoa(int(p.Node))
	if p.Node < 0 {
		node = fmt.Sprintf("%d/%d", p.DelegateNode, p.OperatorIndex)
	}
	if p.Subgraph > 0 {
		return fmt.Sprintf("%d:%s", p.Subgraph, node)
	}
	return node
}

func stragglerTable(list []*stragglers.Straggler, machine bool) *table {
	time := func(ns uint64) string {
		if machine {
			return strconv.FormatUint(ns, 10)
		}
		return us(float64(ns))
	}
	unit := " us"
	if machine {
		unit = "_ns"
	}
	t := &table{columns: []column{
		{name: "node"}, {name: "op", left: true, max: 40}, {name: "excess" + unit}, {name: "share"}, {name: "takes" + unit}, {name: "expected" + unit},
		{name: "by", left: true, drop: 2}, {name: "peers", drop: 1}, {name: "cause", left: true}, {name: "confidence"}, {name: "kernel", left: true, max: 64, drop: 3},
	}}
	for _, s := range list {
		share := percent(s.Share)
		if machine {
			share = strconv.FormatFloat(s.Share, 'g', -1, 64)
		}
		t.add(stragglerPlace(&s.Place), s.Op, time(s.ExcessNS), share, time(s.ActualNS), time(s.ExpectedNS), string(s.Basis), strconv.Itoa(s.Peers),
			string(s.Cause), strconv.FormatFloat(s.Confidence, 'f', 2, 64), shortKernel(s.Kernel))
	}
	return t
}

func (p *printer) against(a *stragglers.Against) {
	p.heading("%s against %s of %s: %.1f us an invoke, there %.1f: %s", a.Model, a.Other, a.Trace, micro(a.InvokeNS), micro(a.OtherNS), timesText(a.Speedup))
	for _, l := range a.Losses {
		p.line("* %d %s %s lost %.1f us an invoke (%.1f, there %.1f): %s: %s", l.Ops, l.Op, typesText(l.Type, l.OtherType), micro(l.LossNS), micro(l.NS), micro(l.OtherNS), l.Cause, l.Why)
	}
	if len(a.Losers) > 0 {
		p.table(pairTable(a.Losers[:min(len(a.Losers), shownLosers)]))
		if more := len(a.Losers) - shownLosers; more > 0 {
			p.line("and %d more", more)
		}
	} else {
		p.line("No op takes longer than there.")
	}
	p.alone("Only here", a.Only, a.OnlyNS)
	p.alone("Only there", a.OtherOnly, a.OtherOnlyNS)
}

// shownLosers is how many ops that lose are shown; JSON has them all.
const shownLosers = 20

// timesText says how many times faster or slower something is.
func timesText(speedup float64) string {
	switch {
	case speedup == 0:
		return "not comparable"
	case speedup >= 1:
		return fmt.Sprintf("%.2f times as fast", speedup)
	}
	return fmt.Sprintf("%.2f times as slow", 1/speedup)
}

func typesText(here, there string) string {
	if here == there {
		return here
	}
	return fmt.Sprintf("%s (there %s)", here, there)
}

func (p *printer) alone(title string, places []stragglers.Place, ns uint64) {
	if len(places) == 0 {
		return
	}
	var names []string
	for _, place := range places[:min(len(places), unmatchedNodes)] {
		names = append(names, stragglerPlace(&place)+" "+place.Op)
	}
	if more := len(places) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	p.line("%s: %s, %.1f us an invoke: %s", title, plural(len(places), "op"), micro(ns), strings.Join(names, ", "))
}

func pairTable(pairs []*stragglers.Pair) *table {
	t := &table{columns: []column{
		{name: "node"}, {name: "op", left: true, max: 40}, {name: "us"}, {name: "there"}, {name: "loss"}, {name: "speedup"},
		{name: "cause", left: true}, {name: "type", left: true, drop: 3}, {name: "there", left: true, drop: 3}, {name: "kernel", left: true, max: 48, drop: 2}, {name: "there", left: true, max: 48, drop: 1},
	}}
	for _, q := range pairs {
		there := ""
		if len(q.Other) > 0 {
			there = shortKernel(q.Other[0].Kernel)
		}
		t.add(stragglerPlace(&q.Place), q.Op, us(float64(q.NS)), us(float64(q.OtherNS)), us(float64(q.LossNS)), strconv.FormatFloat(q.Speedup, 'f', 2, 64),
			string(q.Cause), q.Type, q.OtherType, shortKernel(q.Kernel), there)
	}
	return t
}
