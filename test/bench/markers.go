package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/edgexray/edgexray/report"
	"github.com/edgexray/edgexray/test/parts"
)

const (
	markersRounds  = 9
	markersUnheard = 100_000 // calls of a scalar marker in each of an app's rounds
	markersHeard   = 2_000   // what all rounds mark fits into the recorder's memory
)

// markersCost is what markers take in an app, as marked.c and marked.py say it, in ns.
type markersCost struct {
	Loop   float64 `json:"loop_ns"` // of a loop around nothing
	Scalar float64 `json:"scalar_ns"`
	Memcpy float64 `json:"memcpy_ns"` // of the image's bytes
	Image  float64 `json:"image_ns"`  // of 224x224x3 bytes
}

// markersVerbs are the verbs of edgexray that listen, with where what they write goes.
var markersVerbs = []struct{ name, output string }{{"snapshot", "markers.tensors"}, {"record", "markers.xray"}}

// measureMarkers runs apps with nobody listening, in a snapshot and with a recorder, in turn; what a marker is compared with is
// measured between markers, by the app itself. A recorder doesn't read the elements of arrays.
func measureMarkers(b *bench) error {
	var rows [][]string
	for _, app := range []struct {
		name  string
		build func() ([]string, error)
	}{{"C", b.markedC}, {"Python", b.markedPython}, {"Java", b.markedJava}} {
		line, err := app.build()
		if err != nil {
			return err
		}
		costs := make([][]markersCost, 1+len(markersVerbs)) // with nobody listening, and by verb
		for range markersRounds {
			cost, err := markersCostOf(exec.Command(line[0], append(line[1:], "--cost", fmt.Sprint(markersUnheard))...))
			if err != nil {
				return err
			}
			costs[0] = append(costs[0], cost)
			for i, verb := range markersVerbs {
				under := append([]string{verb.name, "-o", filepath.Join(b.dir, verb.output), "--"}, line...)
				if cost, err = markersCostOf(b.command("cache", append(under, "--cost", fmt.Sprint(markersHeard))...)); err != nil {
					return err
				}
				costs[1+i] = append(costs[1+i], cost)
			}
		}
		rows = append(rows, markersRow(app.name, "nobody", costs[0]))
		for i, verb := range markersVerbs {
			rows = append(rows, markersRow(app.name, verb.name, costs[1+i]))
		}
	}
	return report.Listing(os.Stdout, []string{"app", "who listens", "scalar ns", "image ns", "image / memcpy", "rounds"}, rows)
}

func markersRow(app, listener string, costs []markersCost) []string {
	cell := func(format string, of func(markersCost) float64) string {
		var values []float64
		for _, c := range costs {
			values = append(values, of(c))
		}
		e := estimateOf(values)
		return fmt.Sprintf(format+" ("+format+" to "+format+")", e.median, e.low, e.high)
	}
	return []string{
		app, listener,
		cell("%.1f", func(c markersCost) float64 { return c.Scalar - c.Loop }),
		cell("%.1f", func(c markersCost) float64 { return c.Image - c.Loop }),
		cell("%.3f", func(c markersCost) float64 { return (c.Image - c.Loop) / (c.Memcpy - c.Loop) }),
		fmt.Sprint(len(costs)),
	}
}

func markersCostOf(command *exec.Cmd) (c markersCost, err error) {
	output, err := command.Output()
	if json.Unmarshal(output, &c) != nil {
		return c, fmt.Errorf("run %s: no measurements in %q: %v", command, output, err)
	}
	return c, nil
}

// markedC builds marked.c.
func (b *bench) markedC() ([]string, error) {
	const header = "tensorflow/lite/c/c_api.h"
	path, err := parts.Find("tflite-2.9.0/include/" + header)
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(b.dir, "marked")
	build := exec.Command("gcc", "-std=gnu11", "-O2", "-Isdk/c", "-isystem", strings.TrimSuffix(path, header), "-pthread",
		"-o", binary, "test/apps/sources/marked.c", "-ldl")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run %s: %w\n%s", build, err, output)
	}
	return []string{binary}, nil
}

// markedPython is marked.py.
func (b *bench) markedPython() ([]string, error) {
	python, err := parts.Find("python/bin/python")
	if err != nil {
		return nil, err
	}
	return []string{"env", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=sdk/python", python, "test/apps/sources/marked.py"}, nil
}

// markedJava compiles MarkedApp.java and the markers that it is made with.
func (b *bench) markedJava() ([]string, error) {
	const main = "sdk/java/src/main/"
	sdk, err := filepath.Glob(main + "java/io/edgexray/*.java")
	if err != nil {
		return nil, err
	}
	classes := filepath.Join(b.dir, "classes")
	build := exec.Command("javac", append([]string{"-d", classes, "test/apps/sources/MarkedApp.java"}, sdk...)...)
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run %s: %w\n%s", build, err, output)
	}
	return []string{"java", "-cp", classes + ":" + main + "resources", "MarkedApp"}, nil
}
