package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/edgexray/edgexray/test/parts"
)

// bench holds the commands under test, in a folder of its own.
type bench struct {
	dir      string // temporary
	edgexray string
	capi     string
	traces   int                 // recorded so far
	loads    map[string]*outcome // by the load's name
}

func newBench() (*bench, error) {
	dir, err := os.MkdirTemp("", "edgexray-bench")
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir, edgexray: filepath.Join(dir, "edgexray"), capi: filepath.Join(dir, "capi"),
		loads: make(map[string]*outcome)}
	if err := b.build(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return b, nil
}

func (b *bench) build() error {
	const header = "tensorflow/lite/c/c_api.h"
	path, err := parts.Find("tflite-2.9.0/include/" + header)
	if err != nil {
		return err
	}
	compile := exec.Command("gcc", "-std=gnu11", "-O2", "-isystem", strings.TrimSuffix(path, header), "-pthread",
		"-o", b.capi, "test/apps/sources/capi.c", "-ldl")
	link := exec.Command("go", "build", "-o", b.edgexray, "./cmd/edgexray")
	link.Env = append(os.Environ(), "CGO_ENABLED=0")
	for _, command := range []*exec.Cmd{compile, link} {
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("run %s: %w (from the module's root, after `make setup`)\n%s", command, err, output)
		}
	}
	return nil
}

// command returns edgexray with a cache in a folder of ours.
func (b *bench) command(cache string, args ...string) *exec.Cmd {
	c := exec.Command(b.edgexray, args...)
	c.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(b.dir, cache))
	return c
}

// An app is a model in a runtime, ready to run invokes. It says what each took.
type app struct {
	model, runtime string
	file           string // of the model: a part
	library        string // a part, for apps through the C API
	resolver       string // for apps in Python
	invokes        int    // a step, about 0.2 s
	mean           bool   // of a step's invokes counts, not their median: they are not all recorded alike
}

func (a app) name() string { return a.model + ", " + a.runtime }

// line is the app's command line.
func (b *bench) line(a app) ([]string, error) {
	file, err := parts.Find(a.file)
	if err != nil {
		return nil, err
	}
	steps := []string{"--steps", "--times", "--invokes", strconv.Itoa(a.invokes)}
	if a.library != "" {
		library, err := parts.Find(a.library)
		return append([]string{b.capi, "--library", library, "--model", file}, steps...), err
	}
	python, err := parts.Find("python/bin/python")
	return append([]string{python, "test/apps/sources/litert_run.py", file, "--resolver", a.resolver}, steps...), err
}

const (
	tflite29  = "tflite-2.9.0/amd64/libtensorflowlite_c.so"
	tflite217 = "tflite-2.17.1/amd64/libtensorflowlite_c.so"
	okayNabu  = "wakeword/okay_nabu.tflite"
	landmark  = "face/face_landmark.tflite"
)

// smallOps are models of many short ops.
var smallOps = []app{
	{model: "okay_nabu", runtime: "TFLite 2.17.1", file: okayNabu, library: tflite217, invokes: 2000},
	{model: "okay_nabu", runtime: "TFLite 2.9.0", file: okayNabu, library: tflite29, invokes: 2000},
	{model: "face_landmark", runtime: "TFLite 2.17.1", file: landmark, library: tflite217, invokes: 60},
	{model: "face_landmark", runtime: "TFLite 2.9.0", file: landmark, library: tflite29, invokes: 60},
}

// mobileNets are MobileNetV2 in LiteRT 2.3.0.
var mobileNets = []app{
	{model: "MobileNetV2 float", runtime: "built-in kernels", file: "models/mobilenet_v2_float.tflite", resolver: "builtin", invokes: 15},
	{model: "MobileNetV2 int8", runtime: "built-in kernels", file: "models/mobilenet_v2_int8.tflite", resolver: "builtin", invokes: 25},
	{model: "MobileNetV2 float", runtime: "XNNPACK", file: "models/mobilenet_v2_float.tflite", resolver: "default", invokes: 50},
	{model: "MobileNetV2 int8", runtime: "XNNPACK", file: "models/mobilenet_v2_int8.tflite", resolver: "default", invokes: 60},
}

// operators is a model that XNNPACK runs as many short operators.
var operators = app{model: "face_landmark", runtime: "LiteRT 2.3.0, XNNPACK", file: landmark, resolver: "default", invokes: 150}
