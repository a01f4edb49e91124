package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/checks"
)

// Validate writes what checks found: the verdict, then a table with a row for each check, those that failed first. Text
// lines have at most width characters as far as possible, where 0 is no limit.
func Validate(w io.Writer, r *checks.Result, format Format, width int) error {
	p := printer{w: w, format: format, width: width}
	p.line("%s", ValidateVerdict(r))
	for _, problem := range r.Problems {
		p.line("! %s", problem)
	}
	for _, printed := range r.Printed {
		p.line("> %s", printed)
	}
	t := &table{columns: []column{{name: "check", left: true}, {name: "verdict", left: true}, {name: "of", left: true, drop: 1}, {name: "evidence", left: true}}}
	for _, v := range []checks.Verdict{checks.Fail, checks.Broken, checks.Pass, checks.NotChecked} {
		for _, o := range alike(r.Checks, v) {
			t.add(o.Check, string(o.Verdict), o.Of, o.Evidence)
		}
	}
	if len(t.rows) > 0 {
		p.heading("Checks")
		p.table(t)
	}
	var advised bool
	for _, o := range r.Checks {
		if o.Verdict == checks.Fail && o.Advice != "" {
			if !advised {
				p.heading("What to change")
				advised = true
			}
			p.line("%s: %s", o.Check, o.Advice)
		}
	}
	return p.err
}

// alike returns the outcomes with a verdict. Checks that couldn't be done for the same reason are one row.
func alike(list []checks.Outcome, v checks.Verdict) []checks.Outcome {
	var rows []checks.Outcome
	for _, o := range list {
		if o.Verdict != v {
			continue
		}
		i := slices.IndexFunc(rows, func(r checks.Outcome) bool { return v == checks.NotChecked && r.Evidence == o.Evidence && r.Of == o.Of })
		if i < 0 {
			rows = append(rows, o)
		} else {
			rows[i].Check += ", " + o.Check
		}
	}
	return rows
}

// ValidateVerdict is the answer in one line.
func ValidateVerdict(r *checks.Result) string {
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{r.Failures, "failed"}, {r.Errors, "with an error"}, {r.Passed, "passed"}, {r.NotChecked, "not checked"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	verdict := map[checks.Verdict]string{
		checks.Pass: "PASS", checks.Fail: "FAIL", checks.Broken: "ERROR", checks.NotChecked: "NOTHING CHECKED",
	}[r.Verdict]
	text := fmt.Sprintf("%s: %s", verdict, strings.Join(parts, ", "))
	if r.Model != "" {
		text += fmt.Sprintf(", of %s in %s", r.Model, plural(r.Frames, "frame"))
	}
	return text
}

// BuiltInChecks lists the checks that come with edgexray.
func BuiltInChecks(w io.Writer, width int) error {
	p := printer{w: w, width: width}
	t := &table{columns: []column{{name: "check", left: true}, {name: "of", left: true}, {name: "asserts that", left: true}, {name: "in a check file", left: true, drop: 1}}}
	for _, c := range checks.BuiltIn {
		t.add(c.Name, c.Of, c.About, fmt.Sprintf("check.%s(%s)", c.Name, c.Takes))
	}
	p.table(t)
	return p.err
}
