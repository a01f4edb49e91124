// Package arm64_test runs edgexray on real arm64 Linux: the whole command, on
// unmodified TFLite libraries and apps, with every attach method that there is.
// What it recorded is read here, as a trace from a phone would be, and compared
// with the models' files.
//
// Linux is emulated, so times mean nothing.
package arm64_test

import (
	"archive/tar"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	// The guest's binary is built by a command that the cache of test results
	// doesn't see; these are what it is built from.
	_ "github.com/edgexray/edgexray/agent"
	_ "github.com/edgexray/edgexray/shim"

	"github.com/edgexray/edgexray/analyze"
	"github.com/edgexray/edgexray/probes"
	"github.com/edgexray/edgexray/test/machine"
	"github.com/edgexray/edgexray/test/parts"
	"github.com/edgexray/edgexray/trace"
)

//go:embed guest.sh
var guestScript string

// invokes of a model by each app that says so.
const invokes = 3

// severalModels run one after the other, in one process; then more of their
// interpreters would be at addresses that were used before.
var severalModels = []string{"face_detection_short_range", "okay_nabu", "mobilenet_v2_int8", "if", "while", "custom"}

// Apps' command lines, after their library.
var (
	severalApp = fmt.Sprintf("%s --interpreters %d --invokes %d --custom-op",
		strings.Join(each(severalModels, "--model /models/%s.tflite"), " "), len(severalModels), invokes)
	dynamicApp   = fmt.Sprintf("--model /models/dynamic.tflite --resize 1,4,5,3 --resize 1,2,3,3 --invokes %d", invokes)
	builtInApp   = fmt.Sprintf("--model /models/face_detection_short_range.tflite --invokes %d", invokes)
	delegatedApp = builtInApp + " --xnnpack 2"
	customApp    = fmt.Sprintf("--model /models/custom.tflite --invokes %d", invokes)
)

func each(words []string, format string) []string {
	var list []string
	for _, word := range words {
		list = append(list, fmt.Sprintf(format, word))
	}
	return list
}

// modelPath returns the host path of a model by its file name without extension.
func modelPath(t testing.TB, name string) string {
	t.Helper()
	part := map[string]string{"face_detection_short_range": "face", "okay_nabu": "wakeword"}[name]
	if part == "" {
		part = "models"
	}
	return parts.Path(t, part+"/"+name+".tflite")
}

// guest is what one machine left: contents by file name.
type guest map[string][]byte

// boot runs guest.sh on a Linux with these attach methods.
func boot(t *testing.T, linux machine.Linux, methods []probes.Method) guest {
	t.Helper()
	files := map[string]string{
		"/bin/edgexray":    edgexray(t),
		"/bin/probes.test": goTest(t, "probes"),
		"/bin/capi":        capi(t, "arm64"),
		"/bin/marked":      marked(t, "arm64"),
		"/lib-2.9.0.so":    parts.Path(t, "tflite-2.9.0/arm64/libtensorflowlite_c.so"),
		"/lib-2.17.1.so":   parts.Path(t, "tflite-2.17.1/arm64/libtensorflowlite_c.so"),
	}
	for _, name := range append(severalModels, "dynamic") {
		files["/models/"+name+".tflite"] = modelPath(t, name)
	}
	together, single, absent := classify(methods)
	result := machine.Run(t, linux, machine.Options{
		Files: files,
		Script: fmt.Sprintf("together=%q\nsingle=%q\nabsent=%q\nseveral=%q\ndynamic=%q\ncustom=%q\nbuilt_in=%q\ndelegated=%q\n%s",
			together, single, absent, severalApp, dynamicApp, customApp, builtInApp, delegatedApp, guestScript),
		Out:     []string{"/tmp/out.tar"},
		Timeout: 15 * time.Minute,
	})
	if result.Status != 0 || result.Output != "" {
		t.Errorf("exit status is %d; output:\n%s", result.Status, result.Output)
	}
	return untar(t, result.Files["/tmp/out.tar"])
}

// classify returns shell words: the methods for many sites at once and those
// for single ones among what a Linux has, and what it lacks.
func classify(methods []probes.Method) (together, single, absent string) {
	has := make(map[probes.Method]bool)
	for _, method := range methods {
		has[method] = true
	}
	for _, method := range probes.Methods {
		list := &absent
		switch {
		case has[method] && method.Together():
			list = &together
		case has[method]:
			list = &single
		}
		*list += string(method) + " "
	}
	return together, single, absent
}

func untar(t *testing.T, archive []byte) guest {
	t.Helper()
	g := make(guest)
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := r.Next()
		if err == io.EOF {
			return g
		}
		if err != nil {
			t.Fatal(err)
		}
		if g[path.Clean(header.Name)], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}

// text returns a file that must be there.
func (g guest) text(t *testing.T, name string) string {
	t.Helper()
	content, ok := g[name]
	if !ok {
		t.Fatalf("the guest left no file %s", name)
	}
	return string(content)
}

// wantStatus checks the exit status of what was run under a name.
func (g guest) wantStatus(t *testing.T, name string, want int) {
	t.Helper()
	if got := strings.TrimSpace(g.text(t, name+".status")); got != strconv.Itoa(want) {
		t.Errorf("exit status is %s, want %d; stderr:\n%s", got, want, g[name+".err"])
	}
}

// ops analyses the trace that was recorded under a name. It must be whole.
func (g guest) ops(t *testing.T, name string) *analyze.OpsResult {
	t.Helper()
	r, err := trace.NewReader(strings.NewReader(g.text(t, name+".xray")))
	if err != nil {
		t.Fatalf("read trace: %v; stderr:\n%s", err, g[name+".err"])
	}
	defer r.Close()
	result, err := analyze.Ops(r, analyze.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Lost) != 0 || result.Truncated != "" {
		t.Errorf("lost %v, truncated %q; want neither", result.Lost, result.Truncated)
	}
	for _, note := range result.Notes {
		if note.Kind == "site" || note.Kind == "attach" {
			t.Errorf("not everything was probed: %s", note.Text)
		}
	}
	return result
}

// modelOf returns the one model that came from a file.
func modelOf(t *testing.T, result *analyze.OpsResult, name string) *analyze.Model {
	t.Helper()
	var found []*analyze.Model
	var paths []string
	for _, m := range result.Models {
		paths = append(paths, m.Path)
		if filepath.Base(m.Path) == name+".tflite" {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d models are %s, want 1; all models: %q", len(found), name, paths)
	}
	return found[0]
}
