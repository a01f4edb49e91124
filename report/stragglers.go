package report

import (
	"fmt"
	"io"
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
	p.line("%s longer than their work explains: %s", takes(len(own)), judgedText(m))
	p.table(stragglerTable(own, false))
	for _, s := range own {
		p.line("node %s, %s: %s: %s", stragglerPlace(&s.Place), s.Op, s.Cause, s.Why)
	}
}

func takes(n int) string {
	if n == 1 {
		return "1 op takes"
	}
	return fmt.Sprintf("%d ops take", n)
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

func (p *printer) against(a *stragglers.Against) {}
