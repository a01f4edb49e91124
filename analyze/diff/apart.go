package diff

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// setApart decides which runs count, by what they paid and not by how long they took.
func setApart(runs []*Run) (slow bool) {
	var onSlow, onFast uint64
	var fastest float64
	for _, r := range runs {
		onSlow += r.invoke.slow.count
		onFast += r.invoke.fast.count
		fastest = max(fastest, r.khz)
	}
	slow = onSlow > onFast
	for _, r := range runs {
		r.CleanInvokes, r.SetApart = r.invoke.on(slow).count, ""
		if other := r.invoke.on(!slow).count; other > 0 {
			r.Apart["other core"] = other
		}
		switch {
		case r.summedUp:
			r.SetApart = "its ops were summed up as they ran, so disturbed executions can't be told from others (record without --aggregate)"
		case r.khz != 0 && r.khz < throttled*fastest:
			r.SetApart = fmt.Sprintf("throttled: its cores ran at %.0f MHz on average, those of another run at %.0f", r.khz/1000, fastest/1000)
		case r.fewClean(slow):
			r.SetApart = fmt.Sprintf("too few clean executions: of %d invokes %s", r.Invokes, r.apartText())
		}
	}
	return slow
}

const (
	minExecutions = 5   // clean ones of an op in a run, for it to be judged
	throttled     = 0.9 // of the frequency of the fastest run
)

// fewClean says whether most ops have too few clean executions.
func (r *Run) fewClean(slow bool) bool {
	few := 0
	for _, o := range r.ops {
		if o.time.on(slow).count < minExecutions {
			few++
		}
	}
	return 2*few > len(r.ops)
}

// apartText says how many invokes were disturbed, by what: "33 were preempted, 1 was cold".
func (r *Run) apartText() string {
	type cause struct {
		name string
		n    uint64
	}
	var causes []cause
	for name, n := range r.Apart {
		causes = append(causes, cause{name, n})
	}
	slices.SortFunc(causes, func(a, b cause) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) })
	var texts []string
	for _, c := range causes {
		texts = append(texts, fmt.Sprintf("%d %s", c.n, c.name))
	}
	if len(texts) == 0 {
		return "there are not enough"
	}
	return strings.Join(texts, ", ")
}

// Counts sums up runs.
type Counts struct {
	Runs, SetApart int
	Invokes, Clean uint64
	Apart          map[string]uint64 // invokes that aren't clean, by why
}

// Count sums up runs of one side.
func Count(runs []*Run) Counts {
	c := Counts{Runs: len(runs), Apart: make(map[string]uint64)}
	for _, r := range runs {
		c.Invokes += r.Invokes
		c.Clean += r.CleanInvokes
		for why, n := range r.Apart {
			c.Apart[why] += n
		}
		if r.SetApart != "" {
			c.SetApart++
		}
	}
	return c
}
