package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/edgexray/edgexray/analyze/debug"
	"github.com/edgexray/edgexray/test/examples"
	"github.com/edgexray/edgexray/test/parts"
)

// An answer is what `edgexray debug` said of an app, without anyone's help.
type answer struct {
	verdict debug.Verdict
	checks  []string // of its findings, in their order
	summary string
}

// How an answer stands to the mistake that was made.
const (
	namedFirst = "named" // the first finding says what it is
	namedLater = "named later"
	caught     = "caught" // something is found wrong, but not that
	missed     = "missed"
)

// judge tells how an answer stands to a mistake.
func (a answer) judge(bug examples.Bug) string {
	i := slices.IndexFunc(a.checks, func(check string) bool { return slices.Contains(bug.Checks(), check) })
	switch {
	case i == 0:
		return namedFirst
	case i > 0:
		return namedLater
	case a.verdict == debug.Healthy || len(a.checks) == 0:
		return missed
	}
	return caught
}

// debug takes a snapshot of an app and asks what is wrong with it.
func (p *paper) debug(a examples.App, m examples.Model, form, bug, folder string) (answer, error) {
	snapshot := filepath.Join(p.dir, "paper.tensors")
	app := p.set.Command(a, m, form, bug, folder)
	if err := p.under(app, "snapshot", "-o", snapshot, "--kernels", "builtin"); err != nil {
		return answer{}, err
	}
	args := []string{"--edge", snapshot}
	if bug == "reference" { // what costs time shows in a trace
		trace := filepath.Join(p.dir, "paper.xray")
		if err := p.under(app, "record", "--via", "shim", "-o", trace); err != nil {
			return answer{}, err
		}
		args = append(args, "--trace", trace)
	}
	return p.ask(a, m, form, args...)
}

// under runs an app under a verb of edgexray.
func (p *paper) under(app *exec.Cmd, verb ...string) error {
	c := p.command("cache", append(append(verb, "--"), app.Args...)...)
	c.Env = append(c.Env, app.Env...)
	if output, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w\n%s", c, err, output)
	}
	return nil
}

func (p *paper) ask(a examples.App, m examples.Model, form string, args ...string) (answer, error) {
	python, err := parts.Find("python-examples/bin/python")
	if err != nil {
		return answer{}, err
	}
	c := p.command("cache", append([]string{"debug", "--json", "--frames", "3", "--python", python, "--model", p.set.Model(m, form),
		"--pipeline", p.set.Pipeline(m, form), "--classes", p.set.Labels(a)}, args...)...)
	c.Dir = p.set.Root()
	said, err := c.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1: something is wrong
		return answer{}, fmt.Errorf("run %s: %w", c, err)
	}
	var result debug.Result
	if err := json.Unmarshal(said, &result); err != nil {
		return answer{}, fmt.Errorf("read what %s says: %w", c, err)
	}
	found := answer{verdict: result.Verdict, summary: result.Summary}
	for _, f := range result.Findings {
		found.checks = append(found.checks, f.Check)
	}
	return found, nil
}

// named asks what is wrong with each app and each of its mistakes, and with none.
func (p *paper) named() error {
	const frames = 15
	for _, a := range examples.Apps {
		folder, err := p.set.Make(a.Data, frames)
		if err != nil {
			return err
		}
		for _, m := range a.Models {
			for _, form := range examples.Forms {
				if err := p.ofModel(a, m, form, folder); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (p *paper) ofModel(a examples.App, m examples.Model, form, folder string) error {
	for _, bug := range append([]examples.Bug{{Name: "none"}}, a.Bugs...) {
		if !bug.Makes(form) {
			continue
		}
		said, err := p.debug(a, m, form, bug.Name, folder)
		if err != nil {
			return err
		}
		n := naming{a, m, form, bug, said}
		p.answers = append(p.answers, n)
		fmt.Fprintln(os.Stderr, a.Name, m.Name, form, bug.Name, n.how(), said.checks)
	}
	return nil
}

// naming is what was said of a mistake, or of an app without one.
type naming struct {
	app    examples.App
	model  examples.Model
	form   string
	bug    examples.Bug // named "none" for none
	answer answer
}

// how says how well it was named.
func (n naming) how() string {
	if n.bug.Name == "none" {
		return string(n.answer.verdict)
	}
	return n.answer.judge(n.bug)
}

// printNamed prints Figure 3: a model a column, what is wrong a row; and what was said word for word.
func (p *paper) printNamed() {
	fmt.Print("\nWhat `edgexray debug` says, of how many mistakes of a kind: named, by its first finding\n\n| |")
	for _, a := range examples.Apps {
		fmt.Printf(" %s |", a.Name)
	}
	fmt.Print("\n|---|")
	for range examples.Apps {
		fmt.Print("---|")
	}
	fmt.Println()
	for _, issue := range examples.Issues {
		row, any := "", false
		for _, a := range examples.Apps {
			first, of := p.count(a, issue)
			if of == 0 {
				row += " |"
				continue
			}
			any = true
			row += fmt.Sprintf(" %d of %d |", first, of)
		}
		if any {
			fmt.Printf("| %s |%s\n", issue, row)
		}
	}
	fmt.Println("\n| app | model | mistake | | what was said |\n|---|---|---|---|---|")
	for _, n := range p.answers {
		fmt.Printf("| %s | %s %s | %s | %s | %s |\n", n.app.Name, n.model.Name, n.form, n.bug.Name, n.how(), n.answer.summary)
	}
}

// count tells of how many mistakes of a kind an app was named.
func (p *paper) count(a examples.App, issue examples.Issue) (first, of int) {
	for _, n := range p.answers {
		if n.app.Name == a.Name && n.bug.Issue == issue && n.bug.Name != "none" {
			of++
			if n.how() == namedFirst {
				first++
			}
		}
	}
	return first, of
}
