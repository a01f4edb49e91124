package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/edgexray/edgexray/analyze/debug"
)

// Debug writes the verdict, what to change, the questions with their answers, and where accuracy is lost.
func Debug(w io.Writer, r *debug.Result, format Format, width int) error {
	p := printer{w: w, format: format, width: width}
	p.line("%s", DebugVerdict(r))
	p.heading("Findings")
	if len(r.Findings) == 0 {
		p.line("none")
	}
	for i, f := range r.Findings {
		p.line("%d. %s: %s", i+1, f.Where, f.What)
		if f.Advice != "" {
			p.line("   change: %s", f.Advice)
		}
	}
	p.heading("Questions")
	t := &table{columns: []column{{name: "question", left: true}, {name: "", left: true}, {name: "answer", left: true}}}
	for _, q := range r.Questions {
		mark := "?"
		if q.Known && q.Wrong {
			mark = "!"
		} else if q.Known {
			mark = "ok"
		}
		t.add(q.Question, mark, q.Answer)
	}
	p.table(t)
	p.losses(r)
	for _, problem := range r.Problems {
		p.line("! %s", problem)
	}
	if r.Accuracy != nil {
		p.accuracy(r.Accuracy)
	}
	return p.err
}

func (p *printer) losses(r *debug.Result) {
	if len(r.Losses) == 0 {
		return
	}
	p.heading("Where accuracy is lost")
	t := &table{columns: []column{{name: "by", left: true}, {name: "metric", left: true}, {name: "without"}, {name: "with"}, {name: "difference"}, {name: "95 % interval"}}}
	for _, l := range r.Losses {
		t.add(string(l.Where), l.Metric, share(l.From), share(l.To), change(l.To-l.From), change(l.Low)+" to "+change(l.High))
	}
	p.table(t)
}

// DebugVerdict is the answer in one line.
func DebugVerdict(r *debug.Result) string {
	text := fmt.Sprintf("%s: %s", strings.ToUpper(string(r.Verdict)), r.Summary)
	if r.Model != "" {
		text += fmt.Sprintf(" (%s, %s)", r.Model, plural(r.Frames, "frame"))
	}
	return text
}
