// Package diff says what became slower or faster from one set of recordings to another, and what only seems to.
package diff

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/analyze"
)

// Options say what counts as a change.
type Options struct {
	Alpha      float64 // probability of a false alarm, of each model; 0 is DefaultAlpha
	Quantile   float64 // of a run's executions stands for the run; 0 is DefaultQuantile
	Confidence float64 // of intervals; 0 is DefaultConfidence
	Thresholds Thresholds
}

// The defaults.
const (
	DefaultAlpha      = 0.01
	DefaultQuantile   = 0.05
	DefaultConfidence = 0.95
)

// Side is the runs of one side.
type Side struct {
	name     string
	runs     []*Run
	problems []string
	machines map[string]bool // architectures
	hosts    map[string]bool
	methods  map[string]bool
}

// NewSide returns a side, "base" or "new", without runs.
func NewSide(name string) *Side {
	return &Side{name: name, machines: make(map[string]bool), hosts: make(map[string]bool), methods: make(map[string]bool)}
}

// AddRuns adds runs of traces whose own properties don't matter.
func (s *Side) AddRuns(runs ...*Run) { s.runs = append(s.runs, runs...) }

// Add adds a trace's runs. Quantile is that of the options; nothing else of the trace is kept.
func (s *Side) Add(path string, r *analyze.OpsResult, quantile float64) {
	s.runs = append(s.runs, Runs(path, r, quantile)...)
	s.machines[r.Recording.Architecture] = true
	s.hosts[r.Recording.Hostname+", Linux "+r.Recording.Linux] = true
	s.methods[r.Recording.AttachMethod] = true
	say := func(format string, args ...any) {
		s.problems = append(s.problems, fmt.Sprintf("%s: %s: ", s.name, path)+fmt.Sprintf(format, args...))
	}
	if r.Truncated != "" {
		say("%s", r.Truncated)
	}
	for _, cause := range slices.Sorted(maps.Keys(r.Lost)) {
		say("%d lost: %s", r.Lost[cause], cause)
	}
	if len(r.Models) == 0 {
		say("no op was recorded")
	}
}

// Diff compares two sides.
func Diff(base, new *Side, o Options) (*Result, error) {
	for _, s := range []*Side{base, new} {
		if len(s.runs) == 0 {
			return nil, fmt.Errorf("%s: %w: %s", s.name, ErrNoOps, strings.Join(s.problems, "; "))
		}
	}
	if machines := union(base.machines, new.machines); len(machines) > 1 {
		return nil, fmt.Errorf("%w: they were recorded on %s, and a change would be the machine's: record both on the same one", ErrDifferent, strings.Join(machines, " and "))
	}
	r := &Result{Alpha: o.Alpha, Quantile: o.Quantile, Confidence: o.Confidence, Problems: problems(base, new), Models: []*Model{}}
	pairs, baseOnly, newOnly := matchModels(base.runs, new.runs)
	r.BaseOnly, r.NewOnly = modelNames(baseOnly), modelNames(newOnly)
	if len(pairs) == 0 {
		return nil, fmt.Errorf("%w: they ran different models: base %s, new %s", ErrDifferent, namesText(r.BaseOnly), namesText(r.NewOnly))
	}
	for _, p := range pairs {
		m := compare(p, o)
		r.Models = append(r.Models, m)
		r.Problems = append(r.Problems, m.problems()...)
		r.Verdict.Slower += m.Verdict.Slower
		r.Verdict.Faster += m.Verdict.Faster
	}
	r.Verdict.settle(r.Models)
	return r, nil
}

// problems says what makes the model's verdict less certain.
func (m *Model) problems() (all []string) {
	if m.Order != "" {
		all = append(all, m.Name+": "+m.Order)
	}
	if m.Base.SHA256 != m.New.SHA256 && m.Base.SHA256 != "" && m.New.SHA256 != "" {
		all = append(all, fmt.Sprintf("%s of base and %s of new are different files, matched by %s", m.Base.Name, m.New.Name, m.MatchedBy))
	}
	return all
}

func union(a, b map[string]bool) []string {
	var all []string
	for _, m := range []map[string]bool{a, b} {
		for name := range m {
			if name != "" && !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return all
}

func problems(base, new *Side) []string {
	all := append(append([]string{}, base.problems...), new.problems...)
	if hosts := union(base.hosts, new.hosts); len(hosts) > 1 {
		all = append(all, "the traces were recorded on different systems: "+strings.Join(hosts, "; "))
	}
	if methods := union(base.methods, new.methods); len(methods) > 1 {
		all = append(all, "the traces were recorded in different ways, which cost ops differently: "+strings.Join(methods, ", "))
	}
	return all
}

func modelNames(models [][]*Run) []ModelName {
	names := []ModelName{}
	for _, runs := range models {
		names = append(names, modelName(runs[0]))
	}
	return names
}

func modelName(r *Run) ModelName {
	return ModelName{Name: r.model.name, Path: r.model.path, SHA256: r.model.sha256, Runtime: r.runtime}
}

func namesText(models []ModelName) string {
	var names []string
	for _, m := range models {
		name := m.Name
		if len(m.SHA256) >= 8 {
			name += " (SHA-256 " + m.SHA256[:8] + "...)"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// compare compares the runs of a model.
func compare(p matched, o Options) *Model {
	m := &Model{Name: p.new[0].model.name, MatchedBy: p.by, Base: modelName(p.base[0]), New: modelName(p.new[0]),
		BaseRuns: p.base, NewRuns: p.new, Ops: []*Change{}, BaseOnly: []Op{}, NewOnly: []Op{}}
	c := &comparison{Model: m, options: o, costs: probeCosts(slices.Concat(p.base, p.new))}
	c.slow = setApart(slices.Concat(p.base, p.new))
	c.base, c.new = counting(p.base), counting(p.new)
	m.Verdict.Why = c.lacks()
	c.enough = m.Verdict.Why == ""
	if len(c.base) == 0 { // to show at least what there is
		c.base = p.base
	}
	if len(c.new) == 0 {
		c.new = p.new
	}
	c.shifts = newShifts(len(c.base), len(c.new), o.Confidence)
	m.Covers = c.shifts.covers
	c.order = c.orderOf()
	m.Order = c.order.caveat()
	c.changes()
	c.judge()
	m.settle()
	return m
}

func counting(runs []*Run) []*Run {
	return slices.DeleteFunc(slices.Clone(runs), func(r *Run) bool { return r.SetApart != "" })
}

// lacks says why there is no verdict; nothing when there is enough data for one.
func (c *comparison) lacks() string {
	least := leastRuns(c.options.Alpha)
	switch base, new := len(c.base), len(c.new); {
	case base == 0 || new == 0:
		side, runs := "base", c.BaseRuns
		if base > 0 {
			side, runs = "new", c.NewRuns
		}
		return fmt.Sprintf("all runs of %s were set apart: %s", side, runs[0].SetApart)
	case leastP(base, new) > c.options.Alpha:
		return fmt.Sprintf("%d and %d runs count, and it takes %d a side to tell a change from chance with a false alarm rate of %g", base, new, least, c.options.Alpha)
	}
	return ""
}

// settle decides on the model.
func (m *Model) settle() {
	c := comparison{Model: m}
	for _, change := range c.all() {
		switch change.Status {
		case Slower:
			m.Verdict.Slower++
		case Faster:
			m.Verdict.Faster++
		}
	}
	switch {
	case m.Verdict.Slower > 0:
		m.Verdict.Status = Regression
	case m.Verdict.Why != "":
		m.Verdict.Status = NotEnoughData
	case m.Tests == 0:
		m.Verdict.Status, m.Verdict.Why = NotEnoughData, "nothing of it could be judged"
	default:
		m.Verdict.Status = NoRegression
	}
}

// settle decides on the whole: a regression of one model is one, and without any all models have to have enough data.
func (v *Verdict) settle(models []*Model) {
	v.Status = NoRegression
	for _, m := range models {
		switch {
		case m.Verdict.Status == Regression:
			v.Status, v.Why = Regression, ""
			return
		case m.Verdict.Status == NotEnoughData && v.Why == "":
			v.Status, v.Why = NotEnoughData, m.Name+": "+m.Verdict.Why
		}
	}
}

// WithDefaults returns the options with what is 0 replaced.
func (o Options) WithDefaults() (Options, error) {
	set := func(v *float64, to float64) {
		if *v == 0 {
			*v = to
		}
	}
	set(&o.Alpha, DefaultAlpha)
	set(&o.Quantile, DefaultQuantile)
	set(&o.Confidence, DefaultConfidence)
	for name, v := range map[string]float64{"alpha": o.Alpha, "quantile": o.Quantile} {
		if math.IsNaN(v) || v <= 0 || v >= 1 {
			return o, fmt.Errorf("%s %g: want a number between 0 and 1", name, v)
		}
	}
	return o, nil
}
