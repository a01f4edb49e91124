package debug

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/edgexray/edgexray/analyze/accuracy"
)

// named tells whether a finding says what the app did to its data. It follows from no other one, few as its frames may be.
func (f *Finding) named() bool { return f.Where == Preprocessing && f.Check != unnamed }

// following is 1 for a finding that may follow from another one: where that is named, what an input looks like; and what is doubtful.
func (r *Result) following(f *Finding) int {
	_, symptom := symptoms[f.Check]
	if !f.named() && (f.Confidence < unexplained || symptom && slices.ContainsFunc(r.Findings, func(o Finding) bool { return o.named() })) {
		return 1
	}
	return 0
}

// first is in which order places are looked at, other things being equal: what comes earlier is in everything behind it.
var first = map[Verdict]int{Data: 0, Preprocessing: 1, Kernels: 2, Quantization: 3, Latency: 4}

// conclude ranks the findings and says what it comes to.
func (d *debugger) conclude() {
	r := d.result
	ranked := slices.Clone(r.Findings)
	slices.SortStableFunc(ranked, func(a, b Finding) int {
		return cmp.Or(r.following(&a)-r.following(&b), cmp.Compare(r.cost(b.Where), r.cost(a.Where)), cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(first[a.Where], first[b.Where]))
	})
	r.Findings = ranked
	worse := r.Accuracy != nil && r.Accuracy.Verdict == accuracy.Worse
	switch {
	case len(r.Findings) > 0:
		r.Verdict = r.Findings[0].Where
		r.Summary = r.Findings[0].What
		if l := r.lost(placeOf(r.Verdict)); l != nil {
			r.Summary += fmt.Sprintf("; that costs %s %.3f (%.3f instead of %.3f)", l.Metric, l.From-l.To, l.To, l.From)
		}
	case worse:
		r.Verdict, r.Summary = Unknown, "it is less accurate than its reference, and nothing that could be checked says why"
		if r.lost(Preprocessing) != nil {
			r.Summary = "it is less accurate than its reference by what it feeds its model, and what differs has no name"
		}
	case !slices.ContainsFunc(r.Questions, func(q Question) bool { return q.Known }):
		r.Verdict, r.Summary = Nothing, "nothing could be checked: the questions say what is missing"
	case d.unjudged != "":
		r.Verdict, r.Summary = Unjudged, "nothing is wrong in what could be checked, but not one input could be judged by the pipeline: "+d.unjudged
	default:
		r.Verdict, r.Summary = Healthy, "nothing is wrong in what could be checked"
	}
}

// placeOf is where what is lost by a finding is measured: improper data is a way of preprocessing.
func placeOf(v Verdict) Verdict {
	if v == Data {
		return Preprocessing
	}
	return v
}

// cost is how much accuracy is lost at a place, as far as that is more than chance.
func (r *Result) cost(where Verdict) float64 {
	if l := r.lost(placeOf(where)); l != nil {
		return l.From - l.To
	}
	return 0
}
