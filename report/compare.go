package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/analyze/compare"
)

// Compare writes the verdict of a comparison and, of each model, a table of its ops in the order in which they ran. Text
// lines have at most width characters as far as possible, where 0 is no limit.
func Compare(w io.Writer, r *compare.Result, format Format, width int) error {
	p := printer{w: w, format: format, width: width}
	p.line("%s", CompareVerdict(r))
	p.verdict(&r.Verdict)
	for _, problem := range r.Problems {
		p.line("! %s", problem)
	}
	for _, m := range r.Models {
		p.comparedModel(m)
	}
	return p.err
}

const (
	findings       = 10 // are shown of each kind
	unmatchedNodes = 20 // are named (JSON has them all)
)

func (p *printer) verdict(v *compare.Verdict) {
	p.findings("Guilty, in the order in which they ran", v.Guilty)
	p.findings("Suspects, in the order in which they ran", v.Suspects)
	p.findings("Largest jumps of the accumulated error", v.Jumps)
	p.line("%s; right when run alone: %d, of these with an error that came in: %d; not run alone: %d",
		plural(v.Right+len(v.Guilty)+v.NotAlone, "op"), v.Right, v.Downstream, v.NotAlone)
	if v.NothingSeen > 0 {
		p.line("! %s output the same value everywhere: there a wrong kernel may not show", plural(v.NothingSeen, "op"))
	}
}

// CompareVerdict is a comparison's answer in one line. Its texts hold names from the device; they are not made printable.
func CompareVerdict(r *compare.Result) string {
	v := &r.Verdict
	switch {
	case len(v.Guilty) > 0:
		g := v.Guilty[0]
		return fmt.Sprintf("PAST TOLERANCE: node %s, %s, is wrong by itself: %s", ComparedPlace(g.Place), g.Op, g.Why)
	case len(v.Suspects) > 0:
		s := v.Suspects[0]
		if s.Node < 0 {
			return fmt.Sprintf("SUSPICIOUS: the inputs differ, at tensor %q: %s", s.Tensor, s.Why)
		}
		return fmt.Sprintf("SUSPICIOUS: the error jumps at node %s, %s, which could not be run alone, so nothing is proved: %s", ComparedPlace(s.Place), s.Op, s.Why)
	case !slices.ContainsFunc(r.Models, func(m *compare.Model) bool { return m.Local }):
		return "WITHIN TOLERANCE, as far as accumulated errors tell: no op was run alone (--model does that)"
	case v.Right == 0:
		return "WITHIN TOLERANCE, as far as accumulated errors tell: no op could be run alone"
	}
	if v.NotAlone == 0 {
		return "WITHIN TOLERANCE: no op is wrong by itself"
	}
	return fmt.Sprintf("WITHIN TOLERANCE: %s right when run alone, %d as far as accumulated errors tell, %d not judged", plural(v.Right, "op"), v.NotAlone-v.NotJudged, v.NotJudged)
}

func (p *printer) findings(title string, list []compare.Finding) {
	if len(list) == 0 {
		return
	}
	p.heading("%s", title)
	t := &table{columns: []column{{name: "node"}, {name: "op", left: true, max: 40}, {name: "what", left: true}, {name: "tensor", left: true, drop: 1, max: 60}}}
	for _, f := range list[:min(len(list), findings)] {
		t.add(ComparedPlace(f.Place), f.Op, f.Why, f.Tensor)
	}
	p.table(t)
	if more := len(list) - findings; more > 0 {
		p.line("and %d more", more)
	}
}

// ComparedPlace is a node's index, with that of its subgraph when it isn't the first; of an input it is the latter only.
func ComparedPlace(p compare.Place) string {
	switch {
	case p.Node < 0 && p.Subgraph > 0:
		return fmt.Sprintf("%d:", p.Subgraph)
	case p.Node < 0:
		return ""
	}
	if p.Subgraph > 0 {
		return fmt.Sprintf("%d:%d", p.Subgraph, p.Node)
	}
	return strconv.Itoa(int(p.Node))
}

func (p *printer) comparedModel(m *compare.Model) {
	p.heading("%s against %s of the reference, %s", m.Edge, m.Reference, plural(m.Invokes, "invoke"))
	if !m.Local {
		p.line("Ops were not run alone: errors are accumulated ones, of an op and of all before it")
	}
	p.table(comparedTable(m))
	p.notAlone(m)
	p.unmatched("Only on the edge", m.EdgeOnly)
	p.unmatched("Only in the reference", m.ReferenceOnly)
}

// notAlone says why ops were not run alone, reason by reason.
func (p *printer) notAlone(m *compare.Model) {
	var reasons []string
	places := make(map[string][]compare.Place)
	for _, op := range m.Ops {
		if !m.Local || op.Why == "" || op.Status != compare.Unclear && op.Status != compare.NotJudged {
			continue
		}
		if places[op.Why] == nil {
			reasons = append(reasons, op.Why)
		}
		places[op.Why] = append(places[op.Why], op.Place)
	}
	for _, why := range reasons {
		p.unmatched(strings.ToUpper(why[:1])+why[1:], places[why])
	}
}

func (p *printer) unmatched(title string, places []compare.Place) {
	if len(places) == 0 {
		return
	}
	var names []string
	for _, place := range places[:min(len(places), unmatchedNodes)] {
		names = append(names, fmt.Sprintf("%s %s", ComparedPlace(place), place.Op))
	}
	if more := len(places) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	p.line("%s: %s: %s", title, plural(len(places), "node"), strings.Join(names, ", "))
}

func comparedTable(m *compare.Model) *table {
	t := &table{columns: []column{
		{name: "node"}, {name: "op", left: true, max: 32}, {name: "status", left: true}, {name: "alone", left: true, rare: true},
		{name: "nRMSE"}, {name: "jump", drop: 6}, {name: "SQNR dB", drop: 5}, {name: "cosine", drop: 4}, {name: "max abs", drop: 7},
		{name: "RMSE/scale", drop: 8, rare: true}, {name: "off by 1, 2, more", drop: 9, rare: true}, {name: "worst channel", drop: 3, rare: true},
		{name: "NaN, inf", rare: true}, {name: "aligned", left: true, drop: 2}, {name: "tensor", left: true, drop: 10, max: 48},
		{name: "note", left: true, rare: true, drop: 1, max: 70},
	}}
	for _, input := range m.Inputs {
		t.add(append([]string{ComparedPlace(compare.Place{Subgraph: input.Subgraph, Node: -1}), "input", "", ""}, accumulatedCells(input)...)...)
	}
	for _, op := range m.Ops {
		for i, o := range op.Outputs {
			status := string(op.Status)
			if i > 0 {
				status = ""
			}
			t.add(append([]string{ComparedPlace(op.Place), op.Op, status, aloneText(o)}, accumulatedCells(o)...)...)
		}
		if len(op.Outputs) == 0 {
			t.add(append([]string{ComparedPlace(op.Place), op.Op, string(op.Status), ""}, accumulatedCells(&compare.Output{NotAccumulated: op.Why})...)...)
		}
	}
	return t.withoutEmpty()
}

// aloneText sums up a local error.
func aloneText(o *compare.Output) string {
	if o.Local == nil {
		return ""
	}
	m := o.Local.Worst
	switch {
	case m.Identical:
		return "identical"
	case m.NonfiniteDiffers > 0:
		return fmt.Sprintf("NaN or inf: %d", m.NonfiniteDiffers)
	case m.Off != nil:
		off := m.Off.By1 + m.Off.By2 + m.Off.ByMore
		return fmt.Sprintf("%s off, max %d", percent(float64(off)/float64(max(m.Elements, 1))), m.Off.Max)
	case o.Local.Why != "" && m.MaxRelative == 0:
		return "size differs"
	}
	return fmt.Sprintf("%.1g of its size", m.MaxRelative)
}

// accumulatedCells are the cells from nRMSE on.
func accumulatedCells(o *compare.Output) []string {
	note := o.NotAccumulated
	if o.NotLocal != "" {
		note = strings.TrimPrefix(note+"; not run alone: "+o.NotLocal, "; ")
	}
	name := o.Name
	if o.ReferenceName != "" && o.ReferenceName != o.Name {
		name += " = " + o.ReferenceName
	}
	if o.Accumulated == nil {
		return []string{"", "", "", "", "", "", "", "", "", o.Aligned, name, note}
	}
	m := o.Accumulated.Worst
	sqnr, scale, off, channel, nonfinite := "", "", "", "", ""
	if m.SQNR != nil {
		sqnr = fmt.Sprintf("%.1f", *m.SQNR)
	}
	if m.RMSEScale != 0 {
		scale = fmt.Sprintf("%.2f", m.RMSEScale)
	}
	if m.Off != nil && m.Off.Max > 0 {
		off = fmt.Sprintf("%d, %d, %d", m.Off.By1, m.Off.By2, m.Off.ByMore)
	}
	if m.WorstChannel != nil && m.NRMSE > 0 {
		channel = fmt.Sprintf("%d: %.2g", m.WorstChannel.Index, m.WorstChannel.NRMSE)
	}
	if n := m.EdgeNaNs + m.ReferenceNaNs + m.EdgeInfs + m.ReferenceInfs; n > 0 {
		nonfinite = fmt.Sprintf("%d, %d (%d, %d)", m.EdgeNaNs, m.EdgeInfs, m.ReferenceNaNs, m.ReferenceInfs)
	}
	return []string{fmt.Sprintf("%.2g", m.NRMSE), fmt.Sprintf("%.1f", o.Jump), sqnr, fmt.Sprintf("%.5f", m.Cosine),
		fmt.Sprintf("%.2g", m.MaxAbs), scale, off, channel, nonfinite, o.Aligned, name, note}
}
