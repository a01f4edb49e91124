// Package test runs edgexray as its users do: the whole command, on real
// runtimes, apps and models, as root on Linux with BPF.
package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/edgexray/edgexray/test/apps"
	"github.com/edgexray/edgexray/test/parts"
)

// builds is where commands are built once for all tests; it also holds
// edgexray's cache, which starts empty.
var builds apps.Builds

func TestMain(m *testing.M) { os.Exit(builds.Run(m)) }

// edgexray returns the command under test.
func edgexray(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	binary := builds.Once(t, "edgexray", func(t testing.TB) string {
		return apps.Go(t, "github.com/edgexray/edgexray/cmd/edgexray", "amd64")
	})
	command := exec.Command(binary, args...)
	command.Env = append(os.Environ(), "XDG_CACHE_HOME="+filepath.Join(builds.Dir, "cache"))
	return command
}

// Apps, as command lines.

func capi(t testing.TB, version string, args ...string) []string {
	t.Helper()
	return append([]string{builds.Once(t, "capi", func(t testing.TB) string { return apps.CAPI(t, "amd64") }), "--library", library(t, version)}, args...)
}

func library(t testing.TB, version string) string {
	t.Helper()
	return parts.Path(t, "tflite-"+version+"/amd64/libtensorflowlite_c.so")
}

func litert(t testing.TB, args ...string) []string {
	t.Helper()
	return append([]string{parts.Python(t), litertScript(t)}, args...)
}

func litert140(t testing.TB, args ...string) []string {
	t.Helper()
	return append([]string{parts.PythonLiteRT140(t), litertScript(t)}, args...)
}

func litertScript(t testing.TB) string {
	t.Helper()
	return builds.Once(t, "litert_run.py", func(t testing.TB) string { return apps.Script(t, "litert_run.py") })
}

// mediapipe is an app that detects faces with a model.
func mediapipe(t testing.TB, args ...string) []string {
	t.Helper()
	script := builds.Once(t, "mediapipe_run.py", func(t testing.TB) string { return apps.Script(t, "mediapipe_run.py") })
	return append([]string{parts.PythonMediaPipe(t), script}, args...)
}

func benchmark(t testing.TB, args ...string) []string {
	t.Helper()
	return append([]string{filepath.Join(filepath.Dir(parts.Python(t)), "litert-benchmark")}, args...)
}

// model returns the path of a model by its file name without extension;
// NAME_hybrid is made of a float one.
func model(t testing.TB, name string) string {
	t.Helper()
	if float, ok := strings.CutSuffix(name, "_hybrid"); ok {
		return builds.Once(t, name, func(t testing.TB) string { return apps.Hybrid(t, model(t, float)) })
	}
	part := "models"
	switch {
	case strings.HasPrefix(name, "face_"), strings.HasPrefix(name, "iris_"):
		part = "face"
	case strings.HasPrefix(name, "hey_"), name == "alexa", name == "okay_nabu":
		part = "wakeword"
	}
	return parts.Path(t, part+"/"+name+".tflite")
}

// outcome is what a command left.
type outcome struct {
	status         int
	stdout, stderr string
}

// finish runs a command to its end.
func finish(t testing.TB, command *exec.Cmd) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run %s: %v", command, err)
	}
	return outcome{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// recording is one that has ended.
type recording struct {
	outcome
	trace string
}

// record runs `edgexray record` with a new trace to its end.
func record(t testing.TB, args ...string) recording {
	t.Helper()
	file := filepath.Join(t.TempDir(), "run.xray")
	return recording{finish(t, edgexray(t, append([]string{"record", "-o", file}, args...)...)), file}
}

// recordCommand records a command, which must succeed.
func recordCommand(t testing.TB, command []string, flags ...string) recording {
	t.Helper()
	r := record(t, append(append(flags, "--"), command...)...)
	if r.status != 0 || !strings.Contains(r.stderr, "the command's exit status is 0\n") {
		t.Fatalf("record %q: exit status %d\n%s", command, r.status, r.stderr)
	}
	return r
}

// ops reads the trace with `edgexray ops --json`.
func (r recording) ops(t testing.TB, flags ...string) opsJSON {
	t.Helper()
	var result opsJSON
	readJSON(t, edgexray(t, append([]string{"ops", r.trace, "--json"}, flags...)...), &result)
	for i := range result.Models {
		result.Models[i].splitOperators()
	}
	return result
}

// readJSON runs a command that must succeed and decodes what it prints.
func readJSON(t testing.TB, command *exec.Cmd, into any) {
	t.Helper()
	got := finish(t, command)
	if got.status != 0 {
		t.Fatalf("run %s: exit status %d\n%s", command, got.status, got.stderr)
	}
	decode(t, got.stdout, into)
}

func decode(t testing.TB, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("decode: %v\n%s", err, text)
	}
}
