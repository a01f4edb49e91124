package diff

import "testing"

// A change takes all of: no chance, a single test that agrees, its size, and that at least half of it was measured.
func TestVerdictOf(t *testing.T) {
	slower := Change{tested: true, Threshold: 0.03, Change: 0.05, Total: 0.05, Low: 0.04, High: 0.06, P: 0.008, MannWhitneyP: 0.008}
	for _, c := range []struct {
		name   string
		change func(*Change)
		want   ChangeStatus
	}{
		{"slower", func(*Change) {}, Slower},
		{"faster", func(c *Change) { c.Change, c.Total, c.Low, c.High = -0.05, -0.05, -0.06, -0.04 }, Faster},
		{"by chance", func(c *Change) { c.P = 0.02 }, Unclear},
		{"of one wild run", func(c *Change) { c.MannWhitneyP = 0.06 }, Unclear},
		{"too small", func(c *Change) { c.Change, c.Low, c.High = 0.02, 0.01, 0.025 }, Same},
		{"small, and perhaps not", func(c *Change) { c.Change, c.Low = 0.02, 0.01 }, Unclear},
		{"half of it was measured", func(c *Change) { c.Total = 0.015 }, Slower},
		{"less was measured", func(c *Change) { c.Total = 0.014 }, Unclear},
		{"the other way was measured", func(c *Change) { c.Total = -0.05 }, Unclear},
		{"not tested", func(c *Change) { c.tested = false }, NotJudged},
	} {
		t.Run(c.name, func(t *testing.T) {
			change := slower
			c.change(&change)
			judge := comparison{options: options(t), enough: true}
			if got := judge.verdictOf(&change); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			judge.enough = false
			if got := judge.verdictOf(&change); got != NotJudged {
				t.Errorf("without enough data %s", got)
			}
		})
	}
}
