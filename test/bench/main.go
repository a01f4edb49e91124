// Command bench measures what edgexray costs and how fast it is, on real
// runtimes and models:
//
//	go run ./test/bench [SUBJECT...]
//
// It runs from the module's root, as root, on Linux with BPF. Each subject
// prints a table; docs/performance.md says what the numbers should be. Nothing
// here passes or fails by a time: the exit status is 1 only when a subject
// could not be measured.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A subject is one question, answered by a table.
type subject struct {
	name, question string
	measure        func(*bench) error
}

var subjects = []subject{
	{"cost", "What does recording add to an op?", measureCost},
	{"follow", "What does following what ops pay for add?", measureFollow},
	{"slowdown", "How much longer does an invoke of MobileNetV2 take while it is recorded?", measureSlowdown},
	{"modes", "What do the ways to record cost a model of many short XNNPACK operators?", measureModes},
	{"size", "How large is a trace?", measureSize},
	{"agent", "What does the recorder itself use?", measureAgent},
	{"loss", "What is lost?", measureLoss},
	{"find", "How long does it take to find a library's kernels?", measureFind},
	{"analyse", "How long does it take to analyse 10 million ops?", measureAnalyse},
	{"diff", "How often does diff tell what isn't so, and how often does it find what is?", measureDiff},
	{"capture", "What does it cost to capture every tensor of a model?", measureCapture},
	{"shim", "What do statistics and timing cost from within the app?", measureShim},
	{"markers", "What does a marker cost with nobody listening, in a snapshot, and with the recorder?", measureMarkers},
	{"stragglers", "Are ops found that are delayed? (in apps that go before other programs)", measureDetection},
	{"causes", "Are causes named that are produced on purpose?", measureCauses},
	{"explainaudio", "Is what apps did to sound named?", measureExplainAudio},
	{"paper", "What do the mistakes of the paper's section 4.3 cost, and are they named? (the example apps)", measurePaper},
	{"explain", "Is what an app fed of a photo named, and what no pipeline says left unnamed?", measureExplain},
	{"startup", "What does `record -- CMD` add before CMD runs, and while it loads libraries?", measureStartup},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(names []string) error {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	b, err := newBench()
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	fmt.Println(machine())
	var errs []error
	for _, s := range chosen {
		fmt.Printf("\n%s: %s\n\n", s.name, s.question)
		began := time.Now()
		if err := s.measure(b); err != nil {
			fmt.Printf("not measured: %v\n", err)
			errs = append(errs, fmt.Errorf("measure %s: %w", s.name, err))
		}
		fmt.Printf("(%.0f s)\n", time.Since(began).Seconds())
	}
	return errors.Join(errs...)
}

func choose(names []string) ([]subject, error) {
	if len(names) == 0 {
		return subjects, nil
	}
	var chosen []subject
	for _, name := range names {
		i := slices.IndexFunc(subjects, func(s subject) bool { return s.name == name })
		if i < 0 {
			var known []string
			for _, s := range subjects {
				known = append(known, s.name)
			}
			return nil, fmt.Errorf("choose subject %q: there is no such one (known: %s)", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, subjects[i])
	}
	return chosen, nil
}

// machine says where and when this was measured, and how busy the machine was.
func machine() string {
	var name unix.Utsname
	var info unix.Sysinfo_t
	unix.Uname(&name)
	unix.Sysinfo(&info)
	const loadScale = 1 << 16 // SI_LOAD_SHIFT, linux/sysinfo.h
	return fmt.Sprintf("%s, Linux %s, %s, %d CPUs, load average %.2f", time.Now().Format(time.DateOnly),
		unix.ByteSliceToString(name.Release[:]), runtime.GOARCH, runtime.NumCPU(), float64(info.Loads[0])/loadScale)
}
