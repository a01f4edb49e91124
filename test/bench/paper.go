package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/edgexray/edgexray/test/examples"
)

// counts is how much of each kind of data the paper's figures are redone on.
var counts = map[string]int{"fabrics": 300, "objects": 120, "regions": 60, "words": 168, "reviews": 400}

// A loss is what a mistake costs a model.
type loss struct {
	app     examples.App
	model   examples.Model
	form    string
	bug     examples.Bug
	healthy examples.Score
	score   examples.Score
}

// measurePaper redoes the paper's Figures 3 and 4, its section 4.3 and its Table 1, with the example apps.
func measurePaper(b *bench) error {
	set, err := examples.Build(filepath.Join(b.dir, "examples"))
	if err != nil {
		return err
	}
	p := &paper{bench: b, set: set}
	for _, a := range examples.Apps {
		if err := p.app(a); err != nil {
			return err
		}
	}
	p.printLosses()
	if err := p.named(); err != nil {
		return err
	}
	p.printNamed()
	return printLines(set)
}

// paper is what it comes to.
type paper struct {
	*bench
	set     *examples.Set
	losses  []loss
	answers []naming
}

func (p *paper) app(a examples.App) error {
	folder, err := p.set.Make(a.Data, counts[a.Data])
	if err != nil {
		return err
	}
	for _, m := range a.Models {
		for _, form := range examples.Forms {
			healthy, err := p.set.Run(a, m, form, "none", folder)
			if err != nil {
				return err
			}
			for _, bug := range a.Bugs {
				if !bug.Makes(form) {
					continue
				}
				score, err := p.set.Run(a, m, form, bug.Name, folder)
				if err != nil {
					return err
				}
				p.losses = append(p.losses, loss{app: a, model: m, form: form, bug: bug, healthy: healthy, score: score})
			}
			fmt.Fprintf(os.Stderr, "%s %s %s: %s %.1f%%\n", a.Name, m.Name, form, healthy.Metric, 100*healthy.Value)
		}
	}
	return nil
}

// printLosses prints Figure 4: an app a table, a mistake a column; how good a model is without one, and the points it loses.
func (p *paper) printLosses() {
	for _, a := range examples.Apps {
		fmt.Printf("\n**%s** (%s), %d %s: points lost\n\n", a.Name, strings.TrimPrefix(filepath.Ext(a.Source), "."), counts[a.Data], a.Data)
		head, line := "| model | without a bug |", "|---|--:|"
		for _, bug := range a.Bugs {
			head, line = head+" "+bug.Name+" |", line+"--:|"
		}
		fmt.Println(head + "\n" + line)
		for _, m := range a.Models {
			for _, form := range examples.Forms {
				p.printRow(a, m, form)
			}
		}
	}
}

func (p *paper) printRow(a examples.App, m examples.Model, form string) {
	head, row := "", ""
	for _, bug := range a.Bugs {
		i := slices.IndexFunc(p.losses, func(l loss) bool {
			return l.app.Name == a.Name && l.model.Name == m.Name && l.form == form && l.bug.Name == bug.Name
		})
		if i < 0 {
			row += " |"
			continue
		}
		l := p.losses[i]
		head = fmt.Sprintf("| %s %s | %s %.1f%% |", m.Name, form, l.healthy.Metric, 100*l.healthy.Value)
		row += fmt.Sprintf(" %.1f |", 100*(l.healthy.Value-l.score.Value))
	}
	fmt.Println(head + row)
}
