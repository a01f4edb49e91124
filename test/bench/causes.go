package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/edgexray/edgexray/analyze/stragglers"
)

// produce records a scenario, and returns the cause that is named for it.
func (d *delays) produce(s *scenario, a app) (stragglers.Cause, error) {
	line, err := d.runs(a)
	if err != nil {
		return "", err
	}
	line = append(line, s.flags...)
	var at place
	if s.delay != "" {
		if at, err = d.draw(a, line); err != nil {
			return "", err
		}
	}
	if s.hog {
		stop, err := hog(s.cores)
		if err != nil {
			return "", err
		}
		defer stop()
	}
	if !s.fair {
		line = first(line)
	}
	if s.cores != "" {
		line = append([]string{"taskset", "-c", s.cores}, line...)
	}
	file, err := d.recordScenario(s, line, at)
	if err != nil {
		return "", err
	}
	defer os.Remove(file)
	var flags []string
	if s.against != nil {
		twin, err := d.runs(*s.against)
		if err != nil {
			return "", err
		}
		other, err := d.recordPlain(first(twin))
		if err != nil {
			return "", err
		}
		defer os.Remove(other)
		flags = []string{"--against", other}
	}
	result, err := d.named(file, flags...)
	if err != nil {
		return "", err
	}
	return s.namedCause(result, at), nil
}

func (d *delays) recordScenario(s *scenario, line []string, at place) (string, error) {
	if s.delay != "" {
		return d.record(line, fmt.Sprintf("%s %v", s.delay, at))
	}
	file, err := d.recordPlain(line)
	if err != nil || s.made == nil {
		return file, err
	}
	return file, remade(file, s.made)
}

// recordPlain records a command as it is.
func (d *delays) recordPlain(line []string) (string, error) {
	d.traces++
	file := filepath.Join(d.dir, fmt.Sprintf("plain%d.xray", d.traces))
	if output, err := d.command("cache", append([]string{"record", "-o", file, "--"}, line...)...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("record %v: %w\n%s", line, err, output)
	}
	return file, nil
}

// first has Linux prefer a command to all others, whatever else the machine does.
func first(line []string) []string { return append([]string{"chrt", "--fifo", "10"}, line...) }

// draw picks an op that takes a good part of its model's time.
func (d *delays) draw(a app, line []string) (place, error) {
	if d.drawn[a.model] == nil {
		file, err := d.recordPlain(line)
		if err != nil {
			return place{}, err
		}
		defer os.Remove(file)
		places, err := trusted(file)
		if err != nil {
			return place{}, err
		}
		var total uint64
		for _, p := range places {
			total += p.ns
		}
		d.drawn[a.model] = slices.DeleteFunc(places, func(p place) bool { return p.ns*100 < total || p.ns < 20_000 })
	}
	places := d.drawn[a.model]
	return places[d.random.IntN(len(places))], nil
}

// nothing is what is named when nothing is.
const nothing stragglers.Cause = "nothing"

// namedCause returns what is named for a scenario: of an op its cause; of a model the finding that is supported best; against
// another form the cause of what it lost most by.
func (s *scenario) namedCause(result *stragglers.Result, at place) stragglers.Cause {
	switch {
	case s.delay != "":
		for _, x := range result.Stragglers {
			if x.Subgraph == at.subgraph && x.Node == at.node {
				return x.Cause
			}
		}
	case s.against != nil:
		if len(result.Against) > 0 && len(result.Against[0].Losses) > 0 {
			return result.Against[0].Losses[0].Cause
		}
	case len(result.Findings) > 0:
		best := slices.MaxFunc(result.Findings, func(a, b *stragglers.Finding) int { return cmp.Compare(a.Confidence, b.Confidence) })
		return best.Cause
	}
	return nothing
}

// hog keeps a core busy until it is stopped.
func hog(core string) (stop func(), err error) {
	command := exec.Command("taskset", "-c", core, "sh", "-c", "while :; do :; done")
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start what computes beside the app: %w", err)
	}
	return func() {
		command.Process.Kill()
		command.Wait()
	}, nil
}

// measureCauses produces each cause and prints which one is named.
func measureCauses(b *bench) error {
	d, err := b.newDelays()
	if err != nil {
		return err
	}
	var columns []stragglers.Cause
	counts := make([]map[stragglers.Cause]int, len(scenarios))
	for i := range scenarios {
		s := &scenarios[i]
		counts[i] = make(map[stragglers.Cause]int)
		for _, a := range s.apps {
			for range rounds {
				cause, err := d.produce(s, a)
				if err != nil {
					return err
				}
				counts[i][cause]++
				if !slices.Contains(columns, cause) {
					columns = append(columns, cause)
				}
			}
		}
	}
	printMatrix(columns, counts)
	return nil
}

// printMatrix prints what was produced in rows, and what was named in columns.
func printMatrix(columns []stragglers.Cause, counts []map[stragglers.Cause]int) {
	order := func(c stragglers.Cause) int {
		at := slices.IndexFunc(scenarios, func(s scenario) bool { return s.cause == c })
		if at < 0 {
			return len(scenarios)
		}
		return at
	}
	slices.SortFunc(columns, func(a, b stragglers.Cause) int { return cmp.Or(cmp.Compare(order(a), order(b)), cmp.Compare(a, b)) })
	header, line := "| produced | how |", "|---|---|"
	for _, c := range columns {
		header += fmt.Sprintf(" %s |", c)
		line += "---:|"
	}
	fmt.Println(header + "\n" + line)
	right, all := 0, 0
	for i, s := range scenarios {
		fmt.Printf("| %s | %s |", s.cause, s.how)
		for _, c := range columns {
			n := counts[i][c]
			all += n
			cell := ""
			switch {
			case n > 0 && c == s.cause:
				right += n
				cell = fmt.Sprintf("**%d**", n)
			case n > 0:
				cell = fmt.Sprint(n)
			}
			fmt.Printf(" %s |", cell)
		}
		fmt.Println()
	}
	fmt.Printf("\n%d of %d are named as they were produced.\n", right, all)
}
