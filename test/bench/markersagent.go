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

// markingRounds is how often an app is measured with nobody listening and with the recorder, in turn.
const markingRounds = 7

// Calls of a scalar marker in each of an app's rounds: few while the recorder listens, so that it can follow.
const (
	callsUnheard = "10000000"
	callsHeard   = "2000"
)

// marking is what an app's markers take, in ns, as marked.c and MarkedApp.java say it.
type marking struct {
	Loop   float64 `json:"loop_ns"` // of the loop alone
	Scalar float64 `json:"scalar_ns"`
	Image  float64 `json:"image_ns"` // of 224x224x3 bytes, whose elements a recorder doesn't read
}

// measureMarkersAgent measures markers in C and in Java, with nobody listening and with the recorder.
func measureMarkersAgent(b *bench) error {
	apps := []struct {
		name  string
		build func() ([]string, error)
	}{{"C", b.buildMarked}, {"Java", b.buildMarkedApp}}
	var rows [][]string
	for _, app := range apps {
		line, err := app.build()
		if err != nil {
			return err
		}
		var unheard, heard []marking
		for range markingRounds {
			bare, err := runMarking(exec.Command(line[0], append(line[1:], "--cost", callsUnheard)...))
			if err != nil {
				return err
			}
			record := []string{"record", "-o", filepath.Join(b.dir, "marking.xray"), "--"}
			recorded, err := runMarking(b.command("cache", append(append(record, line...), "--cost", callsHeard)...))
			if err != nil {
				return err
			}
			unheard, heard = append(unheard, bare), append(heard, recorded)
		}
		for _, l := range []struct {
			who  string
			what []marking
		}{{"nobody", unheard}, {"recorder", heard}} {
			ns := func(of func(marking) float64) string {
				var values []float64
				for _, m := range l.what {
					values = append(values, of(m)-m.Loop)
				}
				e := estimateOf(values)
				return fmt.Sprintf("%.1f (%.1f to %.1f)", e.median, e.low, e.high)
			}
			rows = append(rows, []string{app.name, l.who, ns(func(m marking) float64 { return m.Scalar }), ns(func(m marking) float64 { return m.Image }), fmt.Sprint(markingRounds)})
		}
	}
	return report.Listing(os.Stdout, []string{"app", "who listens", "scalar ns", "image ns", "rounds"}, rows)
}

func runMarking(command *exec.Cmd) (m marking, err error) {
	output, err := command.Output()
	if err != nil && len(output) == 0 {
		return m, fmt.Errorf("run %s: %w", command, err)
	}
	if err := json.Unmarshal(output, &m); err != nil {
		return m, fmt.Errorf("read what %s measured: %w in %q", command, err, output)
	}
	return m, nil
}

// buildMarked builds marked.c.
func (b *bench) buildMarked() ([]string, error) {
	const header = "tensorflow/lite/c/c_api.h"
	path, err := parts.Find("tflite-2.9.0/include/" + header)
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(b.dir, "marked")
	build := exec.Command("gcc", "-std=gnu11", "-O2", "-Isdk/c", "-isystem", strings.TrimSuffix(path, header), "-pthread",
		"-o", binary, "test/apps/sources/marked.c", "-ldl", "-lm")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("run %s: %w\n%s", build, err, output)
	}
	return []string{binary}, nil
}

// buildMarkedApp compiles MarkedApp.java and the markers that it is made with.
func (b *bench) buildMarkedApp() ([]string, error) {
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
