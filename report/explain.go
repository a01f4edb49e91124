package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/edgexray/edgexray/analyze/explain"
)

// Explain writes what an app did to make an input: in a sentence, and as the lines of a pipeline.
func Explain(w io.Writer, r *explain.Result, format Format, width int) error {
	p := printer{w: w, format: format, width: width}
	p.line("%s", ExplainVerdict(r))
	for _, note := range r.Notes {
		p.line("! %s", note)
	}
	if len(r.Steps) > 0 {
		title := "What the app did"
		if !r.Explained {
			title = "What comes nearest"
		}
		p.heading("%s", title)
		for _, s := range r.Steps {
			p.line("%s", s)
		}
	}
	if len(r.Same) > 0 {
		title, few := "What makes the same of this raw data", 12
		if !r.Explained {
			title, few = "What comes about as near", 3
		}
		p.heading("%s", title)
		for i, s := range r.Same {
			if i == few && len(r.Same) > few+1 {
				p.line("... and %d more (--json has all)", len(r.Same)-i)
				break
			}
			p.line("%s", strings.Join(s, ", "))
		}
	}
	if len(r.Differences) > 0 {
		p.heading("What differs")
		t := &table{columns: []column{{name: "aspect", left: true}, {name: "app", left: true}, {name: "reference", left: true}}}
		for _, d := range r.Differences {
			t.add(string(d.Aspect), d.App, d.Reference)
		}
		p.table(t)
		p.heading("What to change")
		for _, d := range r.Differences {
			p.line("%s: %s", d.Aspect, d.Advice)
		}
	}
	return p.err
}

// ExplainVerdict is the result in a sentence.
func ExplainVerdict(r *explain.Result) string {
	of := fmt.Sprintf("Input %d of %s, frame %d", r.Input, r.Model, r.Frame)
	if r.Name != "" {
		of = fmt.Sprintf("Input %d (%s) of %s, frame %d", r.Input, r.Name, r.Model, r.Frame)
	}
	switch {
	case r.Raw == "" && len(r.Differences) == 0:
		return of + ": its values prove nothing wrong. Without raw data (--raw), no more can be said."
	case r.Raw == "":
		return of + ": its values prove that something is wrong."
	case r.Healthy != nil && *r.Healthy:
		return fmt.Sprintf("%s: healthy. %s makes it of %s, but for %.2f steps of 8 bits.", of, r.Pipeline, r.Raw, remainder(r.Distance, r.Residual))
	case !r.Explained && r.Residual != nil:
		return fmt.Sprintf("%s: unexplained. What comes nearest leaves %.2f steps of 8 bits.", of, *r.Residual)
	case !r.Explained:
		return of + ": unexplained."
	}
	return fmt.Sprintf("%s: explained, but for %.2f steps of 8 bits.", of, remainder(r.Residual))
}

// remainder is the first that is known of what is left. A healthy app has no distance where it feeds more or less of the raw data
// than the reference makes.
func remainder(of ...*float64) float64 {
	for _, left := range of {
		if left != nil {
			return *left
		}
	}
	return 0
}
