package html

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/edgexray/edgexray/analyze/compare"
	"github.com/edgexray/edgexray/report"
)

// layers is what comparing two snapshots gave.
type layers struct {
	Verdict  string
	Class    string
	Problems []string
	Lists    []layerList
	Charts   []layerChart
}

// layerList is ops worth a look, and why.
type layerList struct {
	Title string
	Ops   []layerFinding
	More  int
}

type layerFinding struct{ Place, Op, Why, Tensor string }

// layerChart shows the error of each layer of a model.
type layerChart struct {
	Title      string
	Alone      bool // ops were run alone
	Grid       []gridLine
	Points     []point
	Frames     []frame
	First      string // where the first error is, or the first jump; empty without one
	Rows       []layerRow
	Unmatched  []string
	HiddenRows int
}

type gridLine struct {
	Y     string
	Label string
}

type point struct{ X, Y, Class string }

type layerRow struct {
	Order                                             int
	Place, Op, Status, Class                          string
	NRMSE, Jump, SQNR, Cosine, MaxAbs, Tensor, Remark string
}

const (
	chartHeight = 200 // px
	maxListed   = 10  // findings of a kind
	maxCharts   = 4
)

// leastError is the lowest the axis goes: what is under it lies on its lower end, as layers without an error do.
const leastError = 1e-6

func newLayers(r *compare.Result) *layers {
	if r == nil {
		return nil
	}
	v := &layers{Verdict: verdict(r), Class: verdictMarks[r.Verdict.Status], Problems: shownAll(r.Problems)}
	for _, l := range []struct {
		title string
		all   []compare.Finding
	}{{"Wrong by themselves, in the order in which they ran", r.Verdict.Guilty}, {"Suspects, in the order in which they ran", r.Verdict.Suspects},
		{"Largest jumps of the accumulated error", r.Verdict.Jumps}} {
		if len(l.all) > 0 {
			v.Lists = append(v.Lists, newLayerList(l.title, l.all))
		}
	}
	for _, m := range r.Models[:min(len(r.Models), maxCharts)] {
		v.Charts = append(v.Charts, newLayerChart(m))
	}
	return v
}

var verdictMarks = map[compare.VerdictStatus]string{compare.PastTolerance: bad, compare.Suspicious: caution, compare.WithinTolerance: good}

// verdict is the answer as a sentence.
func verdict(r *compare.Result) string {
	text := report.CompareVerdict(r)
	for _, loud := range []string{"PAST TOLERANCE", "SUSPICIOUS", "WITHIN TOLERANCE"} {
		if rest, ok := strings.CutPrefix(text, loud); ok {
			text = loud[:1] + strings.ToLower(loud[1:]) + rest
		}
	}
	return shownText(text)
}

func newLayerList(title string, all []compare.Finding) layerList {
	l := layerList{Title: title, More: max(len(all)-maxListed, 0)}
	for _, f := range all[:min(len(all), maxListed)] {
		l.Ops = append(l.Ops, layerFinding{report.ComparedPlace(f.Place), shown(f.Op), shownText(f.Why), shown(f.Tensor)})
	}
	return l
}

func newLayerChart(m *compare.Model) layerChart {
	c := layerChart{Title: fmt.Sprintf("%s against %s of the reference, %s", shown(m.Edge), shown(m.Reference), count(m.Invokes, "invoke")), Alone: m.Local}
	c.HiddenRows = max(len(m.Ops)-maxOps, 0)
	ops := m.Ops[:min(len(m.Ops), maxOps)]
	top := 1e-3
	for _, op := range ops {
		if e := worst(op); e != nil {
			top = max(top, e.Worst.NRMSE)
		}
	}
	high := math.Ceil(math.Log10(top))
	height := func(nrmse float64) float64 { // 0 to 1
		return min(max((math.Log10(max(nrmse, leastError))-math.Log10(leastError))/(high-math.Log10(leastError)), 0), 1)
	}
	for power := high; power > math.Log10(leastError); power-- {
		c.Grid = append(c.Grid, gridLine{at(1-height(math.Pow(10, power)), 1), strings.Replace(fmt.Sprintf("%g", math.Pow(10, power)), "e-0", "e-", 1)})
	}
	for i, op := range ops {
		middle := at(float64(i)+0.5, float64(len(ops)))
		row := newLayerRow(i, op)
		c.Rows = append(c.Rows, row)
		text := fmt.Sprintf("node %s %s: %s", row.Place, row.Op, row.Status)
		if e := worst(op); e != nil {
			c.Points = append(c.Points, point{middle, at(1-height(e.Worst.NRMSE), 1), row.Class})
			text += fmt.Sprintf(", nRMSE %s", row.NRMSE)
		}
		if row.Remark != "" {
			text += ", " + row.Remark
		}
		c.Frames = append(c.Frames, frame{ID: -1, X: at(float64(i), float64(len(ops))), Width: at(1, float64(len(ops))), Text: text})
		if c.First == "" && row.Class != "" {
			c.First = middle
		}
	}
	for _, side := range []struct {
		text   string
		places []compare.Place
	}{{"only on the edge", m.EdgeOnly}, {"only in the reference", m.ReferenceOnly}} {
		if len(side.places) > 0 {
			c.Unmatched = append(c.Unmatched, fmt.Sprintf("%s %s", count(len(side.places), "node"), side.text))
		}
	}
	return c
}

// worst is the largest accumulated error of an op's outputs.
func worst(op *compare.Op) *compare.Error {
	var most *compare.Error
	for _, o := range op.Outputs {
		if e := o.Accumulated; e != nil && e.Worst != nil && (most == nil || e.Worst.NRMSE > most.Worst.NRMSE) {
			most = e
		}
	}
	return most
}

// layerMarks are the statuses that stand out.
var layerMarks = map[compare.Status]string{compare.Guilty: bad, compare.Suspect: caution}

func newLayerRow(order int, op *compare.Op) layerRow {
	row := layerRow{Order: order, Place: report.ComparedPlace(op.Place), Op: shown(op.Op), Status: string(op.Status), Class: layerMarks[op.Status],
		Tensor: shown(op.Tensor), Remark: shownText(op.Why)}
	e := worst(op)
	if e == nil {
		return row
	}
	m := e.Worst
	row.NRMSE, row.Cosine, row.MaxAbs = fmt.Sprintf("%.2g", m.NRMSE), fmt.Sprintf("%.5f", m.Cosine), fmt.Sprintf("%.2g", m.MaxAbs)
	if m.SQNR != nil {
		row.SQNR = fmt.Sprintf("%.1f", *m.SQNR)
	}
	jump := 0.0
	for _, o := range op.Outputs {
		jump = max(jump, o.Jump)
	}
	row.Jump = fmt.Sprintf("%.1f", jump)
	return row
}

// comparedFinding is the comparison's sentence of the summary.
func comparedFinding(r *compare.Result) finding {
	f := finding{Kind: "Accuracy", Mark: verdictMarks[r.Verdict.Status], Title: verdict(r), Link: "#layers"}
	v := &r.Verdict
	f.Detail = fmt.Sprintf("%s right when run alone, %s not run alone.", count(v.Right, "op"), number(v.NotAlone))
	switch v.Status {
	case compare.PastTolerance:
		f.Do = "Start with the first op that is wrong by itself; later ones may be other faults."
	case compare.Suspicious:
		f.Do = cmp.Or(doAlone(r), "Look at the first suspect.")
	default:
		f.Do = doAlone(r)
	}
	return f
}

// doAlone says how ops are run alone, where none was.
func doAlone(r *compare.Result) string {
	for _, m := range r.Models {
		if m.Local {
			return ""
		}
	}
	return "Give --model: then ops are run alone, and an error has one op to blame."
}
