package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/edgexray/edgexray/analyze/accuracy"
)

const (
	shownClasses = 10 // of those that lost most (JSON has them all)
	shownFlips   = 10
)

// Accuracy writes what was measured: the verdict, the metrics, the classes that lost most, the samples that flipped.
func Accuracy(w io.Writer, r *accuracy.Result, format Format, width int) error {
	p := printer{w: w, format: format, width: width}
	p.line("%s", AccuracyVerdict(r))
	p.accuracy(r)
	return p.err
}

func (p *printer) accuracy(r *accuracy.Result) {
	for _, n := range r.Notes {
		p.line("! %s", n)
	}
	if r.LeftOut > 0 {
		p.line("! %s left out: they have no label, no outputs, or no frame of the reference", plural(r.LeftOut, "frame"))
	}
	p.heading("Accuracy over %s", plural(r.Samples, "sample"))
	t := &table{columns: []column{{name: "metric", left: true}, {name: "edge"}, {name: "reference", rare: true}, {name: "difference", rare: true}, {name: "95 % interval", rare: true}, {name: "p", rare: true}}}
	for _, m := range r.Metrics {
		if !r.Reference {
			t.add(m.Name, share(m.Edge), "", "", "", "")
			continue
		}
		probability := ""
		if m.P < 1 {
			probability = strconv.FormatFloat(m.P, 'g', 2, 64)
		}
		t.add(m.Name, share(m.Edge), share(m.Reference), change(m.Difference), change(m.Low)+" to "+change(m.High), probability)
	}
	p.table(t.withoutEmpty())
	p.accuracyClasses(r)
	p.flips(r)
}

func (p *printer) accuracyClasses(r *accuracy.Result) {
	classes := r.Classes
	if r.Reference { // the others say nothing of what differs
		classes = slices.DeleteFunc(slices.Clone(classes), func(c accuracy.Class) bool { return c.Difference == 0 })
	}
	if len(r.Classes) < 2 || len(classes) == 0 {
		return
	}
	p.heading("Classes, those that lost most first")
	t := &table{columns: []column{{name: "class", left: true, max: 40}, {name: "samples"}, {name: "edge"}, {name: "reference", rare: true}, {name: "difference", rare: true}}}
	for _, c := range classes[:min(len(classes), shownClasses)] {
		if r.Reference {
			t.add(c.Class, strconv.Itoa(c.Samples), share(c.Edge), share(c.Reference), change(c.Difference))
		} else {
			t.add(c.Class, strconv.Itoa(c.Samples), share(c.Edge), "", "")
		}
	}
	p.table(t.withoutEmpty())
	if more := len(classes) - shownClasses; more > 0 {
		p.line("and %d more", more)
	}
	if same := len(r.Classes) - len(classes); same > 0 {
		p.line("The other %d don't differ.", same)
	}
}

func (p *printer) flips(r *accuracy.Result) {
	if r.Lost+r.Gained == 0 {
		return
	}
	p.heading("Flipped: %d lost, %d gained", r.Lost, r.Gained)
	t := &table{columns: []column{{name: "frame"}, {name: "data", left: true, rare: true, max: 40}, {name: "label", left: true, max: 30}, {name: "edge", left: true, max: 40}, {name: "reference", left: true, max: 40}, {name: "", left: true}}}
	for _, f := range r.Flipped[:min(len(r.Flipped), shownFlips)] {
		what := "gained"
		if f.Lost {
			what = "lost"
		}
		t.add(strconv.Itoa(f.Frame), f.Name, f.Label, f.Edge, f.Reference, what)
	}
	p.table(t.withoutEmpty())
	if more := r.Lost + r.Gained - shownFlips; more > 0 {
		p.line("and %d more", more)
	}
}

// share shows a metric; most are shares.
func share(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

func change(v float64) string { return fmt.Sprintf("%+.3f", v) }

// AccuracyVerdict is the answer in one line.
func AccuracyVerdict(r *accuracy.Result) string {
	if len(r.Metrics) == 0 {
		return "NOTHING MEASURED"
	}
	m := r.Metrics[0]
	between := fmt.Sprintf("%s %s on the edge, %s in the reference: %s (95 %% interval %s to %s) over %s",
		m.Name, share(m.Edge), share(m.Reference), change(m.Difference), change(m.Low), change(m.High), plural(r.Samples, "sample"))
	switch r.Verdict {
	case accuracy.Worse:
		return "WORSE: " + between
	case accuracy.Better:
		return "BETTER: " + between
	case accuracy.Same:
		return "NO DIFFERENCE SHOWN: " + between
	}
	return fmt.Sprintf("%s %s over %s (--ref compares it with a reference)", m.Name, share(m.Edge), plural(r.Samples, "sample"))
}
