package checks_test

import (
	"strings"
	"testing"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/checks"
)

// ran is a model whose invokes took so many milliseconds, and whose tensors take so many megabytes.
func ran(name string, ms, mb uint64) *analyze.Model {
	d := &analyze.Distribution{}
	d.Add(ms * 1e6)
	return &analyze.Model{Name: name, InvokeWall: d, Memory: &analyze.ModelMemory{Peak: mb * 1e6, Complete: true}}
}

// TestBudgets has an app with two models, of which the second is the slower and larger one.
func TestBudgets(t *testing.T) {
	s := &checks.Subject{Trace: &analyze.OpsResult{Models: []*analyze.Model{ran("detector", 5, 2), ran("classifier", 20, 8)}}}
	for source, want := range map[string]struct {
		verdict checks.Verdict
		says    string
	}{
		"check.latency(ms = 30)":               {checks.Pass, ""},
		"check.latency(ms = 10)":               {checks.Fail, "classifier takes 20 ms an invoke"},
		"check.latency(ms = 10, quantile = 2)": {checks.Broken, "quantile=2: it takes a number from 0 to 1"},
		"check.latency()":                      {checks.NotChecked, "no budget was set"},
		"check.memory(mb = 10)":                {checks.Pass, ""},
		"check.memory(mb = 5)":                 {checks.Fail, "the tensors of classifier take 8 MB"},
		"check.memory()":                       {checks.NotChecked, "no budget was set"},
	} {
		f, err := file(t, "def check_it(trace):\n  "+source)
		if err != nil {
			t.Fatal(err)
		}
		r, err := checks.Run(s, []*checks.File{f}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if o := r.Checks[len(r.Checks)-1]; o.Verdict != want.verdict || !strings.Contains(o.Evidence, want.says) {
			t.Errorf("%s says %+v, not %s %q", source, o, want.verdict, want.says)
		}
	}
}
