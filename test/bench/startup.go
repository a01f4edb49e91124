package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/test/parts"
)

const startupPairs = 15

// commands that print two numbers: the real time when they ran first, in ns,
// and from how many files they have mapped code.
var startupCommands = []struct {
	name string
	line []string
}{
	{"a shell", []string{"sh", "-c", "date +%s%N; grep -c 'r-xp.* /' /proc/self/maps"}},
	{"Python", []string{"python", "-c", pythonStart + pythonCount}},
	{"Python, imports LiteRT", []string{"python", "-c", pythonStart + "import ai_edge_litert.interpreter\n" + pythonCount}},
}

const (
	pythonStart = "import time\nprint(time.time_ns())\n"
	pythonCount = "print(sum('r-xp' in line and '/' in line for line in open('/proc/self/maps')))\n"
)

// started is how a command started, in ms.
type started struct {
	untilRun, total float64
	files           int
}

// measureStartup compares commands with and without a recorder, run in turn.
func measureStartup(b *bench) error {
	var rows [][]string
	for _, c := range startupCommands {
		line, err := withPython(c.line)
		if err != nil {
			return err
		}
		var before, total []pair
		var files int
		for range startupPairs {
			bare, err := b.startUp(nil, line)
			if err != nil {
				return err
			}
			record := []string{"record", "-o", filepath.Join(b.dir, "startup.xray"), "--"}
			recorded, err := b.startUp(record, line)
			if err != nil {
				return err
			}
			before = append(before, pair{bare.untilRun, recorded.untilRun})
			total = append(total, pair{bare.total, recorded.total})
			files = recorded.files
		}
		ms := func(values []float64) string { return fmt.Sprintf("%.0f", median(values)) }
		added := func(p pair) float64 { return p.recorded - p.bare }
		rows = append(rows, []string{
			c.name, ms(over(before, bareOf)), ms(over(before, recordedOf)), ms(over(before, added)),
			ms(over(total, bareOf)), ms(over(total, recordedOf)), ms(over(total, added)), fmt.Sprint(files), fmt.Sprint(startupPairs),
		})
	}
	return report.Listing(os.Stdout, []string{"command", "until it runs: bare ms", "recorded", "added",
		"until it has ended: bare ms", "recorded", "added", "files with code", "pairs"}, rows)
}

func withPython(line []string) ([]string, error) {
	if line[0] != "python" {
		return line, nil
	}
	python, err := parts.Find("python/bin/python")
	return append([]string{python}, line[1:]...), err
}

// startUp runs a command below edgexray's arguments, if there are any.
func (b *bench) startUp(record, line []string) (started, error) {
	command := exec.Command(line[0], line[1:]...)
	if record != nil {
		command = b.command("cache", append(record, line...)...)
	}
	var stdout bytes.Buffer
	command.Stdout = &stdout
	began := time.Now()
	err := command.Run()
	took := time.Since(began)
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 4) { // 4: no op was there to record
		return started{}, fmt.Errorf("run %s: %w", command, err)
	}
	said := strings.Fields(stdout.String())
	if len(said) != 2 {
		return started{}, fmt.Errorf("run %s: it said %q, not two numbers", command, stdout.String())
	}
	ran, err := strconv.ParseInt(said[0], 10, 64)
	if err != nil {
		return started{}, fmt.Errorf("run %s: %w", command, err)
	}
	files, err := strconv.Atoi(said[1])
	return started{float64(ran-began.UnixNano()) / 1e6, took.Seconds() * 1e3, files}, err
}
