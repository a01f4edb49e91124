package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/edgexray/edgexray/test/examples"
)

// A target is a row of the paper's Table 1: what is to be debugged, and the lines of code that it takes.
type target struct {
	name string
	// What is counted in the example app: the header, and the calls of these markers.
	markers []string
	check   string // the file of assertions, in examples/checks
	paper   string // ML-EXray's lines, and those without it: instrumentation + assertions
}

var targets = []target{
	{"preprocessing", []string{"include", "image"}, "preprocessing.star", "1 + 3, 18 + 7"},
	{"quantization", nil, "quantization.star", "4 + 9, 82 + 183"},
	{"latency and memory", nil, "latency.star", "4 + 4, 14 + 8"},
	{"latency of each layer", nil, "layers.star", "2 + 6, 14 + 90"},
}

// marker is a line of examples/cpp that is there for edgexray only.
var marker = regexp.MustCompile(`#(include) "edgexray\.h"|edgexray_(\w+)\(`)

// printLines prints Table 1, of lines counted in the example app in C++ and the files of assertions.
func printLines(set *examples.Set) error {
	fmt.Println("\nLines of code\n\n| to debug | instrumentation | assertions | in all | the paper's (with ML-EXray, without) |\n|---|--:|--:|--:|---|")
	folder := filepath.Join(set.Root(), "examples")
	markers, err := countMarkers(filepath.Join(folder, "cpp", "classify.cc"))
	if err != nil {
		return err
	}
	for _, t := range targets {
		lines := 0
		for _, name := range t.markers {
			lines += markers[name]
		}
		assertions, err := countCode(filepath.Join(folder, "checks", t.check))
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %d | %d | %d | %s |\n", t.name, lines, assertions, lines+assertions, t.paper)
	}
	return nil
}

// countMarkers counts the lines of a C++ file that mark something, by what they call.
func countMarkers(path string) (map[string]int, error) {
	counts := make(map[string]int)
	return counts, eachLine(path, func(line string) {
		if m := marker.FindStringSubmatch(line); m != nil {
			counts[m[1]+m[2]]++
		}
	})
}

// countCode counts the lines that are neither empty nor a comment.
func countCode(path string) (int, error) {
	n := 0
	err := eachLine(path, func(line string) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			n++
		}
	})
	return n, err
}

func eachLine(path string, do func(string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		do(lines.Text())
	}
	return lines.Err()
}
