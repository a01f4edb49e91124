package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/analyze/diff"
	"github.com/edgexray/edgexray/trace"
	"github.com/edgexray/edgexray/trace/tracetest"
)

// diffed is a diff of two apps with something of everything: ops that became slower and faster, one that another kernel runs, one
// that only base has, a run that was set apart, losses, hostile names.
func diffed(t *testing.T) *diff.Result {
	t.Helper()
	base, new := tracetest.NewApp(1), tracetest.NewApp(2)
	evil := "x\x1b[2J|<script>alert(1)</script> @team `rm` [a](http://b)"
	for _, a := range []*tracetest.App{base, new} {
		a.Processes = 6
		a.Nodes[5].Op = evil
	}
	new.Times[0] /= 4 // too short to be judged
	base.Times[0] /= 4
	new.Times[4] *= 1.08
	new.Times[5] *= 0.9
	new.Nodes[6].Kernel = 4
	new.Nodes[11].Outputs[0].Shape = []int32{1, 9}
	new.Nodes, new.Times = new.Nodes[1:], new.Times[1:]
	new.Losses = []*trace.Loss{{Cause: "ring full", Count: 7}}
	new.Paid = func(process, invoke int) trace.Paid {
		if process == 1 && invoke > 1 {
			return trace.Paid{MajorFaults: 1}
		}
		return trace.Paid{}
	}
	thresholds, err := diff.ParseThresholds(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := diff.Options{Thresholds: thresholds}.WithDefaults()
	if err != nil {
		t.Fatal(err)
	}
	side := func(name string, a *tracetest.App) *diff.Side {
		var file bytes.Buffer
		if err := a.Write(&file); err != nil {
			t.Fatal(err)
		}
		r, err := trace.NewReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		ops, err := analyze.Ops(r, analyze.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := diff.NewSide(name)
		s.Add(name+".xray", ops, o.Quantile)
		return s
	}
	r, err := diff.Diff(side("base", base), side("new", new), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDiffGolden(t *testing.T) {
	for _, c := range []struct {
		golden string
		format Format
		width  int
	}{
		{"testdata/diff.txt", Text, 0},
		{"testdata/diff-100.txt", Text, 100},
		{"testdata/diff.md", Markdown, 0},
		{"testdata/diff.csv", CSV, 0},
	} {
		t.Run(c.golden, func(t *testing.T) {
			var out bytes.Buffer
			if err := Diff(&out, diffed(t), c.format, c.width); err != nil {
				t.Fatal(err)
			}
			golden(t, c.golden, out.String())
		})
	}
}

// Names of the device do nothing in a terminal, in HTML, or in a pull request.
func TestDiffEscapes(t *testing.T) {
	for _, format := range []Format{Text, Markdown, CSV} {
		var out bytes.Buffer
		if err := Diff(&out, diffed(t), format, 0); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		if strings.Contains(text, "\x1b") || !strings.Contains(text, `x\x1b`) {
			t.Errorf("format %d: control characters are not escaped:\n%s", format, text)
		}
		if format != Markdown {
			continue
		}
		for _, bad := range []string{"<script", "@team", "`rm`", "[a]("} {
			if at := strings.Index(text, bad); at >= 0 && text[max(at-1, 0)] != '\\' {
				t.Errorf("%q is in\n%s", bad, text)
			}
		}
	}
}
