package html

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/report"
)

// page is what the templates show.
type page struct {
	Title    string
	Subtitle string
	Policy   string
	Style    template.CSS
	Script   template.JS
	Data     *data

	Findings []group
	Models   []*model
	Diff     *diffView
	Against  []against
	Layers   *layers
	Unshown  int // models beyond maxModels
	Records  []*record
}

// section is an entry of the page's navigation.
type section struct{ Anchor, Name string }

// Sections are those of the only model, or of all models by name, and those of the whole page.
func (p *page) Sections() []section {
	var all []section
	if p.Diff != nil {
		all = append(all, section{"diff", "Diff"})
	}
	if len(p.Against) > 0 {
		all = append(all, section{"against", "Against"})
	}
	if len(p.Models) == 1 {
		m := p.Models[0]
		for _, s := range []struct {
			there        bool
			anchor, name string
		}{{m.Stragglers != nil, "stragglers", "Stragglers"}, {true, "types", "Op types"}, {true, "ops", "Ops"}, {m.Timeline != nil, "timeline", "Timeline"}, {m.Flame != nil, "flame", "Flame graph"}, {m.Memory != nil, "memory", "Memory"}} {
			if s.there {
				all = append(all, section{m.Anchor + "-" + s.anchor, s.name})
			}
		}
	} else {
		for _, m := range p.Models {
			all = append(all, section{m.Anchor, m.Name})
		}
	}
	if p.Layers != nil {
		all = append(all, section{"layers", "Layers"})
	}
	return all
}

// data is what script.js needs beside what is in the page.
type data struct {
	Names []string   `json:"names"` // of facts
	Ops   []*details `json:"ops"`   // by id
}

// model is a model as one process ran it.
type model struct {
	of *analyze.Model
	in *Run

	Anchor  string // of its sections
	Heading string // empty when it is the only one
	Name    string // in the navigation
	Figures []figure
	Types   []opType
	Ops     []opRow
	Causes  bool // some op has one
	Hidden  int  // ops beyond maxOps

	Stragglers *stragglerView // what is nil isn't shown
	Timeline   *timeline
	Flame      *flame
	Memory     *memory
}

// figure is a number to know a model by.
type figure struct{ Value, Name string }

const (
	maxModels = 12 // of a page
	maxOps    = 6000
)

// builder makes a page.
type builder struct {
	colours palette
	ids     map[*analyze.Op]int
	data    *data
}

func newPage(in *Input) *page {
	b := &builder{colours: newPalette(in.Runs), ids: make(map[*analyze.Op]int), data: &data{Names: []string{}, Ops: []*details{}}}
	p := &page{Policy: policy, Style: template.CSS(style), Script: template.JS(script), Data: b.data}
	for _, run := range in.Runs {
		for _, m := range run.Ops.Models {
			if len(p.Models) == maxModels {
				p.Unshown++
				continue
			}
			p.Models = append(p.Models, b.model(run, m, len(p.Models)+1))
		}
	}
	p.Diff = newDiff(in.Diff)
	for _, run := range in.Runs {
		if run.Stragglers != nil {
			for _, a := range run.Stragglers.Against {
				p.Against = append(p.Against, newAgainst(a))
			}
		}
	}
	p.Layers = newLayers(in.Compared)
	p.title(in)
	p.Findings = findings(in, p.Models)
	for _, run := range in.Runs {
		p.Records = append(p.Records, newRecord(run))
	}
	return p
}

// title names the page after the only model, or else after its files.
func (p *page) title(in *Input) {
	var files, models []string
	for _, run := range in.Runs {
		files = append(files, shown(run.Name))
		for _, m := range run.Ops.Models {
			if name := shown(m.Name); !slices.Contains(models, name) {
				models = append(models, name)
			}
		}
	}
	p.Title = strings.Join(files, ", ")
	if len(models) == 1 {
		p.Title = models[0]
	}
	p.Subtitle = fmt.Sprintf("%s of %s", count(len(in.Runs), "recording"), count(len(models), "model"))
	if len(in.Runs) == 1 {
		p.Subtitle = recordedOn(in.Runs[0].Ops)
	}
	for _, m := range p.Models {
		if len(in.Runs) > 1 {
			m.Heading += ", " + shown(m.in.Name)
		}
		m.Name = shown(m.of.Name)
		if len(m.in.Ops.Models) == 1 {
			m.Name = shown(m.in.Name)
		}
	}
	if len(p.Models) == 1 {
		p.Models[0].Heading = ""
	}
}

// recordedOn says where and when, in a line.
func recordedOn(r *analyze.OpsResult) string {
	var parts []string
	if len(r.Models) == 1 {
		parts = append(parts, fmt.Sprintf("in %s (pid %d)", shown(r.Models[0].Process), r.Models[0].PID))
	}
	rec := &r.Recording
	if rec.Hostname != "" {
		parts = append(parts, "on "+shown(rec.Hostname))
	}
	parts = append(parts, strings.TrimSpace(fmt.Sprintf("Linux %s %s", shown(rec.Linux), shown(rec.Architecture))))
	if rec.StartUnixNS != 0 {
		parts = append(parts, startedAt(rec))
	}
	return strings.Join(parts, " · ")
}

func startedAt(rec *analyze.Recording) string {
	return time.Unix(0, rec.StartUnixNS).UTC().Format("2 January 2006 15:04 UTC")
}

func (b *builder) model(run *Run, m *analyze.Model, n int) *model {
	heading := fmt.Sprintf("%s in %s (pid %d)", shown(m.Name), shown(m.Process), m.PID)
	v := &model{of: m, in: run, Anchor: fmt.Sprintf("m%d", n), Heading: heading, Figures: figures(m), Types: b.byType(m)}
	shownOps := *m
	if len(m.Ops) > maxOps {
		shownOps.Ops, v.Hidden = m.Ops[:maxOps], len(m.Ops)-maxOps
	}
	v.Ops = b.opRows(&shownOps)
	v.Causes = slices.ContainsFunc(v.Ops, func(r opRow) bool { return r.Causes != "" })
	v.Stragglers = b.stragglers(m, run.Stragglers)
	v.Timeline = b.timeline(m, run.Typical[m])
	v.Flame = b.flame(run.Ops.Stacks(), m)
	v.Memory = b.memory(m)
	return v
}

func figures(m *analyze.Model) []figure {
	w := m.InvokeWall
	all := []figure{{duration(w.Quantile(0.5)), "median invoke"}, {duration(w.Quantile(0.9)), "nine of ten within"}}
	if w.Quantile(0.5) == 0 { // summed up as they ran
		all = []figure{{duration(w.Mean()), "mean invoke"}}
	}
	all = append(all, figure{number(m.Invokes), "invokes"}, figure{number(m.OpsPerInvoke), "ops in each"})
	if n := report.Operators(m.Ops); n > 0 {
		all = append(all, figure{number(n), "operators in delegates"})
	}
	if m.Memory != nil {
		all = append(all, figure{size(m.Memory.Peak), "memory at the peak"})
	}
	return all
}
